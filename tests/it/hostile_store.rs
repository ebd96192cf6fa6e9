//! Destinations that are not what they were: folders that cannot be flushed, locks that nobody holds any more, a
//! Maildir that is gone or that a mail reader has tidied up.

use std::fs;
use std::path::Path;

use pop3::server::{Behaviour, Pipelining};

use crate::support::pop3::Pop3;
use crate::support::stage::{STORES, Stage, Store, letters};

/// A fetch into the stage's destination under `strace`, which lets system calls fail or kill.
fn strained(stage: &Stage, store: Store, options: &[&str]) -> Pop3 {
    let wrapper = [&["strace", "-f", "-qq", "-o", "/dev/null"][..], options].concat();
    let to = if store == Store::Maildir { "maildir:in" } else { "mbox:in" };
    Pop3::under(&stage.home, &wrapper)
        .args(["fetch", "--tls", "none", "--server"])
        .args([format!("pop3://demo@{}", stage.server.addr())])
        .args(["--to", to])
        .env("POP3_PASSWORD", "tanstaaf")
}

/// As FUSE and some network file systems answer.
#[test]
fn folders_that_cannot_be_flushed_are_no_error() {
    for store in STORES {
        for error in ["EINVAL", "EOPNOTSUPP"] {
            let stage = Stage::new(store, letters(3), Behaviour::default());
            let folders =
                [stage.home.path().to_owned(), stage.home.join("in/tmp"), stage.home.join("in/new")];
            fs::create_dir_all(stage.journal().parent().unwrap()).unwrap();
            let inject = format!("inject=fsync:error={error}");
            let mut options = vec!["-e", &inject];
            folders.iter().for_each(|folder| options.extend(["-P", folder.to_str().unwrap()]));
            strained(&stage, store, &options).run().exits(0);
            stage.holds(1..=3);
        }
    }
}

/// After a power cut, or where a container is started anew: its process numbers are the same each time.
#[test]
fn a_dot_lock_of_ours_that_nobody_holds_any_more_is_passed_at_once() {
    let stage = Stage::new(Store::Mbox, letters(3), Behaviour::default());
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    // The first process of this machine lives, but in another boot it was another one.
    let text = format!("1:{}\n1234 00000000-0000-4000-8000-000000000000\n", host.trim());
    fs::write(stage.home.join("in.lock"), text).unwrap();
    let began = std::time::Instant::now();
    stage.fetch(&[]).exits(0);
    stage.holds(1..=3);
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    assert!(!stage.home.join("in.lock").exists());
}

/// A run that is killed when it has moved one of four messages into `new/`.
fn killed_while_publishing() -> Stage {
    let stage = Stage::new(
        STORES[0],
        letters(4),
        Behaviour { pipelining: Pipelining::Unannounced, ..Behaviour::default() },
    );
    let killed =
        strained(&stage, STORES[0], &["-e", "inject=renameat2:signal=KILL:when=2"]).run_until_killed();
    assert!(killed.is_none(), "{killed:?}");
    let count = |part: &str| fs::read_dir(stage.home.join("in").join(part)).unwrap().count();
    assert_eq!(count("tmp") + count("new"), 4);
    assert!(count("tmp") > 0);
    stage
}

fn fetch_into(stage: &Stage, folder: &str) -> Pop3 {
    stage.pop3("fetch").args(["--to", &format!("maildir:{folder}")])
}

#[test]
fn a_maildir_that_was_given_up_does_not_block_another_one() {
    let stage = killed_while_publishing();
    fs::remove_dir_all(stage.home.join("in")).unwrap();
    // Its own may only be unmounted; the way out that is named works.
    let outcome = stage.fetch(&[]).exits(74);
    assert!(outcome.stderr.contains("mount it again, or give another destination with --to"), "{outcome:?}");
    let own = format!("maildir:{}", stage.home.join("in").display());
    let forget = stage.asks(&["state", "forget", "--all"]).env("POP3_DELIVER", &own).run().exits(74);
    forget.says("mount it again").says_not("--to");
    assert!(!stage.home.join("in").exists());
    fetch_into(&stage, "other").run().exits(0);
    assert_eq!(fs::read_dir(stage.home.join("other/new")).unwrap().count(), 4);
    fetch_into(&stage, "other").run().exits(0);
    assert_eq!(fs::read_dir(stage.home.join("other/new")).unwrap().count(), 4);
}

#[test]
fn files_that_a_reader_renamed_are_recognised_days_later() {
    let stage = killed_while_publishing();
    let (tmp, cur) = (stage.home.join("in/tmp"), stage.home.join("in/cur"));
    let files = |folder: &Path| -> Vec<_> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    // As if the run had moved all of them and been killed then; mbsync and Dovecot have been there since.
    let moved = files(&tmp).into_iter().map(|name| (tmp.join(&name), name));
    let new = stage.home.join("in/new");
    let all: Vec<_> = moved.chain(files(&new).into_iter().map(|name| (new.join(&name), name))).collect();
    for ((from, name), suffix) in all.iter().zip([",U=7:2,S", ",S=127:2,", ":2,S", ";2,S"]) {
        fs::rename(from, cur.join(format!("{name}{suffix}"))).unwrap();
    }
    // Two days later: what stands in the journal is that much older.
    let journal = fs::read_to_string(stage.journal()).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let older: String = (now - 100..=now + 1).fold(journal.clone(), |text, second| {
        text.replace(&format!("\tt={second}\t"), &format!("\tt={}\t", second - 2 * 86400))
    });
    let changed = older.lines().zip(journal.lines()).filter(|(older, line)| older != line);
    assert_eq!(changed.filter(|(line, _)| line.starts_with("intent\t")).count(), 4, "{journal}");
    fs::write(stage.journal(), older).unwrap();
    stage.fetch(&[]).exits(0);
    assert_eq!((files(&cur).len(), files(&new).len(), files(&tmp).len()), (4, 0, 0));
    assert_eq!(stage.server.count("RETR"), 4, "none was fetched again: {:?}", stage.said());
}
