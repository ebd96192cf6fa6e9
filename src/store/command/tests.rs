//! What programs do with messages, and what that means for them.

use std::error::Error as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use super::*;
use crate::advice::Advice;
use crate::store::conditions::on_a_small_disk;
use crate::store::tests::{filled, published};

const MINUTE: Duration = Duration::from_secs(60);

fn command(line: &str) -> Command {
    Command::new(line, Stop::new(), MINUTE)
}

fn run(command: &Command, messages: &[&[u8]]) -> (Vec<Receipt>, Result<()>) {
    let mut batch = filled(command, messages, 1000);
    let places = batch.prepare().unwrap();
    assert!(places.iter().all(|place| *place == Place::Handed));
    assert_eq!(places.len(), messages.len());
    let (receipts, ended) = published(batch);
    assert!(receipts.iter().map(|(position, _)| *position).eq(0..messages.len()));
    (receipts.into_iter().map(|(_, receipt)| receipt).collect(), ended)
}

/// The receipts of a command that can be run.
fn receipts(line: &str, messages: &[&[u8]]) -> Vec<Receipt> {
    let (receipts, ended) = run(&command(line), messages);
    ended.unwrap();
    receipts
}

/// Why it was refused, and whether it may be taken later.
fn refusal(receipt: &Receipt) -> (String, bool) {
    let Receipt::Refused(Refusal { error, is_later }) = receipt else { panic!("{receipt:?}") };
    assert_eq!(error.kind(), Kind::Io);
    (error.source().unwrap().to_string(), *is_later)
}

/// What is advised where it was refused.
fn advice(receipt: &Receipt) -> Option<&Advice> {
    let Receipt::Refused(Refusal { error, .. }) = receipt else { panic!("{receipt:?}") };
    error.advice()
}

#[test]
fn the_program_reads_every_byte() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("out");
    let line = format!("cat >> '{}'", file.display());
    let long = vec![b'x'; 3_000_000];
    let receipts = receipts(&line, &[b"a\r\n\0\xff\rb\nc\r\n", b"", b"no end\r", &long]);
    assert!(receipts.iter().all(|receipt| matches!(receipt, Receipt::Delivered)), "{receipts:?}");
    assert!(fs::read(file).unwrap() == [b"a\n\0\xff\rb\nc\nno end\r", &long[..]].concat());
}

#[test]
fn exit_codes_decide_one_by_one() {
    let receipts = receipts("read code; exit $code", &[b"0\r\n", b"75\r\n", b"0\r\n", b"1\r\n"]);
    assert!(matches!(receipts[0], Receipt::Delivered) && matches!(receipts[2], Receipt::Delivered));
    assert_eq!(refusal(&receipts[1]), ("it exited with 75 (try again later)".to_owned(), true));
    assert_eq!(refusal(&receipts[3]), ("it exited with 1".to_owned(), false));
    assert_eq!(advice(&receipts[1]), Some(&Run::DeliveryDeferred.into()));
    assert_eq!(advice(&receipts[3]), None);
    let killed = self::receipts("kill -9 $$", &[b"x"]);
    assert_eq!(refusal(&killed[0]), ("it was killed by signal 9".to_owned(), false));
}

/// A typing error must not make each message a failed one.
#[test]
fn a_program_that_cannot_be_started_is_no_fault_of_the_messages() {
    for (line, code, advice) in [
        ("exec /nowhere/at/all --password hunter2 2>/dev/null", 127, Run::CommandNotFound),
        ("/dev/null 2>/dev/null", 126, Run::CommandNotExecutable),
    ] {
        let (receipts, ended) = run(&command(line), &[b"x", b"y"]);
        assert!(matches!(&receipts[..], [Receipt::NotTried, Receipt::NotTried]), "{receipts:?}");
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), Kind::Create);
        assert_eq!(error.source().unwrap().to_string(), format!("it exited with {code}"));
        assert_eq!(error.advice(), Some(&advice.into()));
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    assert!(!format!("{:?}", command("PASS=hunter2 x hunter2")).contains("hunter2"));
    let batch = command("PASS=hunter2 x hunter2").batch();
    assert!(!format!("{batch:?}").contains("hunter2"));
}

/// A script that fails for one message as a missing program does must not hold up those behind it.
#[test]
fn a_program_that_cannot_be_started_for_one_message_alone_is_that_ones_refusal() {
    let line = "read word; test $word = bad && exit 127; test $word = good";
    for messages in [[&b"bad\r\n"[..], b"good\r\n"], [b"good\r\n", b"bad\r\n"]] {
        let receipts = receipts(line, &messages);
        for (receipt, message) in receipts.iter().zip(messages) {
            match receipt {
                Receipt::Delivered => assert!(message.starts_with(b"good")),
                Receipt::Refused(refusal) => {
                    assert!(message.starts_with(b"bad") && refusal.is_later);
                    assert_eq!(refusal.error.kind(), Kind::Create);
                }
                Receipt::NotTried => panic!("{receipts:?}"),
            }
        }
    }
    let (told, ended) = run(&command(line), &[b"good\r\n", b"bad\r\n", b"bad\r\n", b"good\r\n"]);
    assert!(
        matches!(told[..], [Receipt::Delivered, Receipt::NotTried, Receipt::NotTried, Receipt::NotTried]),
        "{told:?}"
    );
    assert_eq!(ended.unwrap_err().kind(), Kind::Create);
}

#[test]
fn a_program_that_reads_nothing_blocks_nobody() {
    let receipts = receipts("true", &[&vec![b'x'; 1_000_000]]);
    assert!(matches!(&receipts[..], [Receipt::Delivered]));
}

/// A kill between two messages may repeat the one in hand, never those before it.
#[test]
fn each_receipt_is_given_before_the_next_message_is_handed_over() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("out");
    let command = command(&format!("cat >> '{}'", file.display()));
    let mut batch = filled(&command, &[b"1\r\n", b"2\r\n", b"3\r\n"], 10);
    batch.prepare().unwrap();
    let mut seen = Vec::new();
    let note = &mut |_, _| {
        seen.push(fs::read_to_string(&file).unwrap());
        Ok(())
    };
    batch.publish(note).unwrap();
    assert_eq!(seen, ["1\n", "1\n2\n", "1\n2\n3\n"]);
}

/// Publishes three messages, and requests a stop so often once the first one's program has begun.
fn stopped_during_the_first(home: &Path, program: &str, times: u32) -> (Vec<Receipt>, Result<()>) {
    let begun = home.join("begun");
    let command = command(&format!("touch '{}'; {program}", begun.display()));
    let mut batch = filled(&command, &[b"1\r\n", b"2\r\n", b"3\r\n"], 10);
    batch.prepare().unwrap();
    let (told, ended) = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| published(batch));
        while !begun.exists() && !publishing.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        (0..times).for_each(|_| command.stop.request());
        publishing.join().unwrap()
    });
    assert!(told.iter().map(|(position, _)| *position).eq(0..3), "{told:?}");
    (told.into_iter().map(|(_, receipt)| receipt).collect(), ended)
}

#[test]
fn a_stop_lets_the_message_in_hand_be_finished_and_hands_over_no_further_one() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("out");
    let program = format!("sleep 1; cat >> '{}'", file.display());
    let (told, ended) = stopped_during_the_first(home.path(), &program, 1);
    assert_eq!(ended.unwrap_err().kind(), Kind::Interrupted);
    assert!(matches!(told[..], [Receipt::Delivered, Receipt::NotTried, Receipt::NotTried]), "{told:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "1\n");

    // One that was requested before begins nothing.
    let command = command(&format!("cat >> '{}'", file.display()));
    command.stop.request();
    let (told, ended) = run(&command, &[b"4\r\n"]);
    assert_eq!(ended.unwrap_err().kind(), Kind::Interrupted);
    assert!(matches!(told[..], [Receipt::NotTried]), "{told:?}");
    assert_eq!(fs::read_to_string(file).unwrap(), "1\n");
}

#[test]
fn a_program_that_hangs_is_killed_and_the_next_message_has_its_turn() {
    let command =
        Command { limit: Duration::from_millis(300), ..command("read word; test $word = go || sleep 50") };
    let began = Instant::now();
    let (receipts, ended) = run(&command, &[b"wait\r\n", b"go\r\n"]);
    ended.unwrap();
    let (cause, is_later) = refusal(&receipts[0]);
    assert!(cause.ends_with("and was killed") && is_later, "{cause}");
    assert_eq!(advice(&receipts[0]), Some(&Run::DeliveryTimeout.into()));
    assert!(matches!(receipts[1], Receipt::Delivered));
    assert!(began.elapsed() < Duration::from_secs(30));

    // Nothing is waited for any more once everything in flight is to be dropped.
    let home = tempfile::tempdir().unwrap();
    let (told, ended) = stopped_during_the_first(home.path(), "sleep 50", 2);
    assert!(
        matches!(
            told[..],
            [Receipt::Refused(Refusal { is_later: true, .. }), Receipt::NotTried, Receipt::NotTried]
        ),
        "{told:?}"
    );
    assert_eq!(ended.unwrap_err().kind(), Kind::Interrupted);
    assert!(began.elapsed() < Duration::from_secs(45));
}

#[test]
fn a_message_too_large_for_the_temporary_folder_takes_no_other_with_it() {
    let name = "store::command::tests::a_message_too_large_for_the_temporary_folder_takes_no_other_with_it";
    on_a_small_disk(name, |disk| {
        let command = command("cat > /dev/null");
        let spool = |text: &[u8]| {
            let mut spool = Spool::new(disk.to_owned());
            spool.text().extend_from_slice(text);
            spool.spill().map(|()| spool)
        };
        let writing = |spool| Some(Writing { spool, line_ends: LineEnds::default() });
        let (messages, prepared) = (Vec::new(), Vec::new());
        let mut batch = CommandBatch { command: command.clone(), current: None, messages, prepared };
        batch.current = writing(spool(&[b'x'; 8192]).unwrap());
        let error = (0..100).find_map(|_| batch.write(&[b'x'; 8192]).err()).unwrap();
        assert_eq!(error.kind(), Kind::DiskFull);
        assert!(batch.write(b"x").is_err() && batch.finish().is_err(), "it is abandoned");
        batch.current = writing(spool(&[b'y'; 200_000]).expect("its space is free again"));
        batch.finish().unwrap();
        assert_eq!(batch.prepare().unwrap().len(), 1);
        let (told, ended) = published(Box::new(batch));
        ended.unwrap();
        assert!(matches!(&told[..], [(0, Receipt::Delivered)]), "{told:?}");
    });
}
