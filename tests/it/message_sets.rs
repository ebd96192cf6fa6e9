//! `MSG` in its every form, in every command that takes it.

use crate::support::stage::{STORES, Stage, at_once, letter, letters};
use pop3::server::{Behaviour, Fault};

fn stage(count: u32) -> Stage {
    Stage::new(STORES[0], letters(count), Behaviour::default())
}

/// The first column of a table in a pipe.
fn numbers(text: &str) -> Vec<u32> {
    text.lines().map(|line| line.split([' ', '\t']).next().unwrap().parse().unwrap()).collect()
}

#[test]
fn list_uidl_and_retr_take_every_form_in_the_order_named() {
    let stage = stage(12);
    let unique_id = stage.pop3("uidl").args(["7"]).run().exits(0).words()[0][1].clone();
    let by_unique_id = format!("uid:{unique_id}");
    let table: [(&[&str], &[u32]); 12] = [
        (&["7"], &[7]),
        (&["3-5"], &[3, 4, 5]),
        (&["10-"], &[10, 11, 12]),
        (&["10-last"], &[10, 11, 12]),
        (&["last:2"], &[11, 12]),
        (&["first", "last"], &[1, 12]),
        (&["5,1,3"], &[5, 1, 3]),
        (&["9,1-3,2", "3"], &[9, 1, 2, 3]),
        (&[&by_unique_id, "7"], &[7]),
        (&["last:99"], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (&["all"], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (&["new"], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ];
    at_once(table, |(words, named)| {
        for command in ["list", "uidl"] {
            let text = stage.pop3(command).args(words).run().exits(0).text();
            assert_eq!(numbers(&text), named, "{command} {words:?}");
        }
        let text = stage.pop3("retr").args(words).run().exits(0).text();
        let ends: Vec<String> =
            text.lines().filter(|line| line.starts_with("end of ")).map(str::to_owned).collect();
        let expected: Vec<String> = named.iter().map(|number| format!("end of {number}")).collect();
        assert_eq!(ends, expected, "retr {words:?}");
    });
}

#[test]
fn new_is_what_the_journal_has_not_as_fetched() {
    let stage = stage(5);
    stage.fetch(&["--limit", "3"]).exits(0);
    for command in ["list", "uidl"] {
        let text = stage.pop3(command).args(["new"]).run().exits(0).text();
        assert_eq!(numbers(&text), [4, 5], "{command}");
    }
    let text = stage.pop3("uidl").args(["1,new"]).run().exits(0).text();
    assert_eq!(numbers(&text), [1, 4, 5]);
    stage.fetch(&[]).exits(0);
    assert_eq!(stage.pop3("list").args(["new"]).run().exits(0).text(), "");
}

#[test]
fn dele_takes_sets_and_forget_those_that_were_fetched() {
    let stage = stage(9);
    stage.fetch(&[]).exits(0);
    stage.asks(&["state", "forget", "2,4", "last:1"]).run().exits(0).says("forgot 3 messages");
    let text = stage.pop3("list").args(["new"]).run().exits(0).text();
    assert_eq!(numbers(&text), [2, 4, 9]);
    stage.pop3("dele").args(["--yes", "new", "5-6,last"]).run().exits(0).says("deleted 5 messages");
    let left: Vec<String> = stage.pop3("list").run().exits(0).text().lines().map(str::to_owned).collect();
    let subjects: Vec<&str> = left.iter().filter_map(|line| line.split('\t').next_back()).collect();
    assert_eq!(subjects, ["letter 1", "letter 3", "letter 7", "letter 8"]);
}

#[test]
fn a_set_of_nothing_is_no_error_and_a_message_that_is_not_there_is_one() {
    let empty = stage(0);
    for words in
        [&["list", "all"], &["list", "new"], &["list", "last:10"], &["uidl", "all"], &["retr", "new"]]
    {
        let outcome = empty.pop3(words[0]).args(&words[1..]).run().exits(0);
        assert_eq!(outcome.text(), "", "{words:?}");
    }
    empty.pop3("dele").args(["--yes", "all"]).run().exits(0).says("nothing was deleted");
    empty.pop3("retr").args(["new", "-o", "file"]).run().exits(0).says("nothing was written");
    assert!(!empty.home.join("file").exists());
    let three = stage(3);
    at_once(["list", "uidl", "retr"], |command| {
        for word in ["first", "last", "1", "1-"] {
            empty.pop3(command).args([word]).run().exits(66).says("the maildrop is empty");
        }
        for word in ["4", "2-4", "4-", "1,4"] {
            three.pop3(command).args([word]).run().exits(66).says("there is no message 4");
        }
        three.pop3(command).args(["uid:nobody,new"]).run().exits(66).says("the unique-id nobody,new");
        for word in ["0", "x", "3-1", "1,", "last:", "1,uid:x", "last-1"] {
            three.pop3(command).args([word]).run().exits(64);
        }
    });
    assert_eq!(three.server.maildrop().len(), 3);
}

#[test]
fn top_shows_one_message_and_refuses_sets() {
    let stage = stage(3);
    for word in ["2", "last", "first"] {
        assert!(stage.pop3("top").args([word]).run().exits(0).text().contains("Subject: letter"), "{word}");
    }
    for word in ["1-2", "all", "new", "last:1", "1,2"] {
        stage.pop3("top").args([word]).run().exits(64).says("only one message");
    }
}

/// Numbers 1, 2, 4 and 5, of which STAT tells four.
#[test]
fn where_numbers_have_gaps_every_command_names_the_messages_that_list_shows() {
    let listing = |what: &str| {
        let lines: String = [1, 2, 4, 5].map(|number| format!("{number} {what}{number}\r\n")).concat();
        format!("+OK\r\n{lines}.\r\n")
    };
    let behaviour = Behaviour::default()
        .with_fault(Fault::answer("STAT", "+OK 4 400\r\n"))
        .with_fault(Fault::answer("UIDL", listing("id")))
        .with_fault(Fault::answer("LIST", listing("10")));
    let stage = Stage::new(STORES[0], letters(5), behaviour);
    let ends = |words: &[&str]| -> Vec<String> {
        let text = stage.pop3("retr").args(words).run().exits(0).text();
        text.lines().filter_map(|line| line.strip_prefix("end of ")).map(str::to_owned).collect()
    };
    let table: [(&str, &[u32]); 6] = [
        ("last", &[5]),
        ("last:2", &[4, 5]),
        ("4-", &[4, 5]),
        ("2,last", &[2, 5]),
        ("all", &[1, 2, 4, 5]),
        ("first-last", &[1, 2, 4, 5]),
    ];
    for (word, expected) in table {
        assert_eq!(numbers(&stage.pop3("list").args([word]).run().exits(0).text()), expected, "list {word}");
        assert_eq!(ends(&[word]), expected.iter().map(u32::to_string).collect::<Vec<_>>(), "retr {word}");
    }
    let header = stage.pop3("top").args(["last"]).run().exits(0).text();
    assert!(header.contains("Subject: letter 5"), "{header}");
    let shell = stage.pop3("shell").stdin("headers last\nabort\n").run().text();
    assert!(shell.contains("Subject: letter 5"), "{shell}");
    stage.pop3("dele").args(["last", "--yes"]).run().exits(0);
    stage.pop3("dele").args(["last:2", "--yes"]).run();
    let deleted: Vec<String> =
        stage.server.log().into_iter().filter(|line| line.starts_with("DELE")).collect();
    assert_eq!(deleted[..2], ["DELE 5", "DELE 4"]);
    let left = stage.server.maildrop();
    assert!(
        !left.iter().any(|message| message.bytes() == letter(5).bytes()),
        "what list shows as the last goes"
    );
}
