//! Files that are not what they seem to be: a journal behind a link, names that a mail reader has changed, a
//! Maildir that somebody removed, folders that cannot be flushed, paths that lead elsewhere.

use crate::support::delivered::{all_of_maildir, times};
use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::stage::{STORES, Stage, Store, letter, letters};
use pop3::server::{Behaviour, Server};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The only journal of a home.
fn journal(home: &Home) -> PathBuf {
    let entries = fs::read_dir(home.join(".local/state/pop3")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let journals: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "journal")).collect();
    assert_eq!(journals.len(), 1, "{journals:?}");
    journals.into_iter().next().unwrap()
}

/// The files of a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// How often each of the letters 1 to `count` stands in a Maildir.
fn counts(maildir: &Path, count: u32) -> Vec<usize> {
    let all = all_of_maildir(maildir);
    (1..=count).map(|number| times(&all, number)).collect()
}

/// Case 4.1.
#[test]
fn a_journal_behind_a_symbolic_link_stays_where_it_is_and_is_kept_up_to_date() {
    let stage = Stage::new(Store::Maildir, letters(3), Behaviour::default());
    stage.fetch(&[]).exits(0);
    let (link, file) = (journal(&stage.home), stage.home.join("elsewhere/of-work"));
    fs::create_dir(stage.home.join("elsewhere")).unwrap();
    fs::rename(&link, &file).unwrap();
    symlink(&file, &link).unwrap();
    // Enough for the journal to be written anew, without what has gone.
    for round in 1..=5 {
        stage.server.edit(|mail| mail.extend((0..900).map(|number| letter(1000 * round + number))));
        stage.fetch(&["--keep", "none"]).exits(0);
        assert!(link.symlink_metadata().unwrap().is_symlink(), "round {round}: the link was replaced");
    }
    stage.server.edit(|mail| mail.extend(letters(3)));
    stage.fetch(&[]).exits(0);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    // What the link points to knows all: alone in the link's place, it leaves nothing to fetch.
    fs::remove_file(&link).unwrap();
    fs::rename(&file, &link).unwrap();
    let retrieved = stage.server.count("RETR");
    stage.fetch(&[]).exits(0);
    assert_eq!((stage.server.count("RETR"), stage.server.maildrop().len()), (retrieved, 3));
}

/// A fetch of six letters that was killed when three of them had been moved into `new/`.
fn killed_between_the_renames() -> Stage {
    const RENAMES: &str = "?rename,?renameat,renameat2";
    for number in 1..=12 {
        let stage = Stage::new(Store::Maildir, letters(6), Behaviour::default());
        let (set, kill) = (format!("trace={RENAMES}"), format!("inject={RENAMES}:signal=KILL:when={number}"));
        let log = stage.home.join("strace.log").display().to_string();
        let wrapper = ["strace", "-f", "-qq", "-e", &set, "-e", &kill, "-e", "signal=none", "-o", &log];
        let run = stage.pop3_under(&wrapper, "fetch").args(["--to", "maildir:in"]);
        let is_killed = run.run_until_killed().is_none();
        if is_killed && names(&stage.home.join("in/new")).len() == 3 {
            return stage;
        }
    }
    panic!("no rename is the fourth into new/");
}

/// Case 4.2. mbsync and Dovecot add to a name what they want to know of the file (its UID, its size); the
/// file is the same.
#[test]
fn a_message_that_a_mail_reader_has_renamed_does_not_come_again_days_after_a_kill() {
    let stage = killed_between_the_renames();
    let maildir = stage.home.join("in");
    for (name, more) in names(&maildir.join("new")).iter().zip([",U=7:2,S", ",S=127:2,", ":2,S"]) {
        fs::rename(maildir.join("new").join(name), maildir.join("cur").join(format!("{name}{more}")))
            .unwrap();
    }
    // The files keep their own times, two days before the program's now.
    let wrapper = ["faketime", "--exclude-monotonic", "-f", "+2d"];
    let fetch = || {
        let run = stage.pop3_under(&wrapper, "fetch").args(["--to", "maildir:in"]);
        run.env("NO_FAKE_STAT", "1").run().exits(0)
    };
    fetch();
    assert_eq!(counts(&maildir, 6), [1; 6], "{:?}", stage.said());
    fetch();
    assert_eq!(counts(&maildir, 6), [1; 6], "{:?}", stage.said());
}

/// The commands that an error names in backquotes, without the program's name.
fn commands_named_by(outcome: &Outcome) -> Vec<Vec<String>> {
    let quoted = outcome.stderr.split('`').skip(1).step_by(2);
    let commands = quoted.filter_map(|text| text.strip_prefix("pop3 "));
    commands.map(|command| command.split_whitespace().map(str::to_owned).collect()).collect()
}

/// Case 4.3.
#[test]
fn a_maildir_removed_after_a_kill_does_not_block_the_account_for_ever() {
    let stage = killed_between_the_renames();
    fs::remove_dir_all(stage.home.join("in")).unwrap();
    let fetch = || stage.pop3("fetch").args(["--to", "maildir:other"]).run();
    let mut outcome = fetch();
    if outcome.code != 0 {
        let commands = commands_named_by(&outcome);
        assert!(!commands.is_empty(), "no way out is named: {outcome:?}");
        for command in commands {
            let said = Pop3::new(&stage.home).args(command).env("POP3_PASSWORD", "tanstaaf").run();
            assert_eq!(said.code, 0, "the way out does not work: {said:?}");
        }
        outcome = fetch();
    }
    outcome.exits(0);
    assert_eq!(counts(&stage.home.join("other"), 6), [1; 6], "what was in doubt is fetched again");
    fetch().exits(0);
    assert_eq!(counts(&stage.home.join("other"), 6), [1; 6]);
}

/// Case 4.4, and `path-relative`, `path-home-variable` and `path-tilde-and-flag`.
#[test]
fn a_path_in_the_file_that_depends_on_where_it_is_run_is_a_mistake_of_the_file() {
    let server = Server::start(letters(2), Behaviour::default()).unwrap();
    let home = Home::new();
    let account = |more: &str| {
        format!(
            "[account.work]\nserver = \"pop3://demo@{}\"\ntls = \"none\"\npassword-command = \"echo tanstaaf\"\n\
             keep = \"none\"\n{more}\n",
            server.addr()
        )
    };
    for line in [
        "deliver = \"maildir:Mail/in\"",
        "deliver = \"mbox:./in\"",
        "deliver = \"Mail/in/\"",
        "deliver = 'maildir:$HOME/Mail'",
        "deliver = \"maildir:${XDG_DATA_HOME}/Mail\"",
        "deliver = \"maildir:~you/Mail\"",
        "ca-file = \"ca.pem\"",
        "client-cert = \"me.pem\"",
    ] {
        home.configure(&account(line));
        let check = Pop3::new(&home).args(["config", "check"]).run().exits(78);
        assert!(check.text().contains("config.toml:6:"), "{line}: {}", check.text());
        Pop3::new(&home).args(["stat"]).run().exits(78).says("line 6");
        Pop3::new(&home).args(["fetch"]).run().exits(78).says("line 6");
    }
    assert_eq!((server.sessions(), server.maildrop().len()), (0, 2), "nothing was asked, nothing deleted");

    // One Maildir, wherever it is run; and a flag is read by whoever typed it, where they typed it.
    home.configure(&account("deliver = \"maildir:~/Mail/in\""));
    Pop3::new(&home).args(["config", "check"]).run().exits(0);
    Pop3::new(&home).args(["fetch", "--limit", "1", "--to", "maildir:typed"]).run().exits(0);
    Pop3::new(&home).args(["fetch"]).run().exits(0);
    assert_eq!(counts(&home.join("typed"), 2), [1, 0]);
    assert_eq!(counts(&home.join("Mail/in"), 2), [0, 1]);
}

/// Case 4.5, as on some FUSE and network file systems.
#[test]
fn a_state_folder_that_cannot_be_flushed_stops_nothing() {
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour::default());
        let folders = ["", ".local", ".local/state", ".local/state/pop3"].map(|name| {
            let path = if name.is_empty() { stage.home.path().to_owned() } else { stage.home.join(name) };
            path.display().to_string()
        });
        fs::create_dir_all(stage.home.join("mail")).unwrap();
        let to = match store {
            Store::Maildir => "maildir:mail/in",
            Store::Mbox => "mbox:mail/in",
        };
        symlink("mail/in", stage.home.join("in")).unwrap();
        let log = stage.home.join("strace.log").display().to_string();
        let mut wrapper = vec!["strace", "-f", "-qq", "-o", &log];
        folders.iter().for_each(|folder| wrapper.extend(["-P", folder]));
        wrapper.extend(["-e", "inject=fsync,fdatasync:error=EINVAL"]);
        let fetch =
            |keep| stage.pop3_under(&wrapper, "fetch").args(["--to", to, "--keep", keep]).run().exits(0);
        fetch("all");
        let traced = fs::read_to_string(&log).unwrap();
        stage.holds(1..=3);
        fetch("none");
        stage.holds(1..=3);
        assert_eq!((stage.server.count("RETR"), stage.server.maildrop().len()), (3, 0));
        assert!(traced.contains("EINVAL"), "no flush of a folder failed: {traced}");
    }
}

/// A bare path to nothing could become a Maildir or an mbox: without a terminal nobody can be asked.
#[test]
fn a_bare_path_to_nothing_is_an_error_that_shows_both_spellings() {
    let stage = Stage::new(STORES[0], letters(1), Behaviour::default());
    let unclear = |outcome: Outcome, code| {
        outcome.exits(code).says("write maildir:inbox or mbox:inbox");
        assert!(!stage.home.join("inbox").exists());
        assert_eq!(stage.server.sessions(), 0);
    };
    unclear(stage.pop3("fetch").args(["--to", "inbox"]).run(), 64);
    unclear(stage.pop3("fetch").env("POP3_DELIVER", "inbox").run(), 64);
    let path = stage.home.join("inbox").display().to_string();
    stage.home.configure(&format!(
        "[account.work]\nserver = \"pop3://demo@{}\"\ntls = \"none\"\npassword-command = \"echo tanstaaf\"\n\
         deliver = \"{path}\"\n",
        stage.server.addr()
    ));
    let both = format!("write maildir:{path} or mbox:{path}");
    for words in [&["fetch"][..], &["stat"]] {
        Pop3::new(&stage.home).args(words).run().exits(78).says(&both).says("line 5");
    }
    assert!(Pop3::new(&stage.home).args(["config", "check"]).run().exits(78).text().contains(&both));

    // What stands there says what it is; a slash says it, too.
    fs::write(stage.home.join("file"), "").unwrap();
    fs::create_dir(stage.home.join("folder")).unwrap();
    for to in ["file", "folder", "new/"] {
        stage.pop3("fetch").args(["--to", to]).run().exits(0);
        stage.asks(&["state", "forget", "--all"]).run().exits(0);
    }
    assert_eq!(times(&fs::read(stage.home.join("file")).unwrap(), 1), 1);
    for maildir in ["folder", "new"] {
        assert_eq!(counts(&stage.home.join(maildir), 1), [1]);
    }
}

/// systemd hands a service its credentials in a folder of their own.
#[test]
fn a_path_of_the_file_may_begin_with_the_folder_of_credentials() {
    let server = Server::start(letters(1), Behaviour::default()).unwrap();
    let home = Home::new();
    home.write("credentials/mail", "tanstaaf\n", 0o600);
    home.configure(&format!(
        "[account.work]\nserver = \"pop3://demo@{}\"\ntls = \"none\"\n\
         password-file = \"$CREDENTIALS_DIRECTORY/mail\"\n",
        server.addr()
    ));
    let folder = home.join("credentials").display().to_string();
    Pop3::new(&home).args(["stat"]).env("CREDENTIALS_DIRECTORY", &folder).run().exits(0);
    // Elsewhere the account alone fails, and says what it misses.
    let outcome = Pop3::new(&home).args(["stat"]).run();
    assert_ne!(outcome.code, 0);
    assert!(outcome.stderr.contains("$CREDENTIALS_DIRECTORY/mail"), "{}", outcome.stderr);
    Pop3::new(&home).args(["config", "check"]).run().exits(0);
}
