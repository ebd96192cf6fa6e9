//! The password of an account, from wherever it comes.

use crate::support::dovecot;
use crate::support::keyring::Session;
use crate::support::pop3::{Home, Pop3};
use crate::support::search::{SEEN_FROM_OUTSIDE, Seen};
use crate::support::stage::at_once;
use crate::support::{Maildrop, corpus};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Variable,
    Configuration,
    Command,
    File,
    Input,
    Netrc,
    /// Kept by `pop3 auth login`, in a file.
    Kept,
    /// The same in a keyring.
    Keyring,
    Typed,
}

const SOURCES: [Source; 9] = [
    Source::Variable,
    Source::Configuration,
    Source::Command,
    Source::File,
    Source::Input,
    Source::Netrc,
    Source::Kept,
    Source::Keyring,
    Source::Typed,
];

const WRONG: &str = "not/the~right+one?>, at all";

/// A home whose account `work` gets that password from there.
struct Case {
    home: Home,
    source: Source,
    password: String,
    session: Option<Session>,
    /// The files that rightly hold it.
    rightly: Vec<PathBuf>,
}

impl Case {
    fn new(maildrop: &dyn Maildrop, source: Source, password: &str) -> Case {
        let home = Home::new();
        fs::create_dir(home.join("tmp")).unwrap();
        let session = (source == Source::Keyring).then(Session::with_a_keyring);
        // It goes its way through a command, which sees what anybody can see of it.
        let mut config = format!(
            "[account.work]\nserver = \"{}\"\ntls = \"none\"\ndeliver = \"maildir:~/in\"\n\
             tunnel = '''{SEEN_FROM_OUTSIDE}exec socat - TCP:%h:%p'''\n",
            maildrop.url("pop3")
        );
        let mut rightly = vec![home.join(".local/state/pop3/work.secret")];
        match source {
            Source::Configuration => config += &format!("password = \"{password}\"\n"),
            Source::Command => {
                rightly.push(home.write("holds it", &format!("{password}\nmore\n"), 0o600));
                config += &format!("password-command = '''{SEEN_FROM_OUTSIDE}cat \"$HOME/holds it\"'''\n");
            }
            Source::File => {
                rightly.push(home.write("holds it", &format!("{password}\n"), 0o600));
                config += &format!("password-file = \"{}\"\n", home.join("holds it").display());
            }
            Source::Netrc => {
                let (host, user) = (maildrop.address().ip(), maildrop.user());
                let text = format!("machine {host} login {user} password \"{password}\"\n");
                rightly.push(home.write(".netrc", &text, 0o600));
            }
            _ => {}
        }
        let file = home.configure(&config);
        if source == Source::Configuration {
            rightly.push(file);
        }
        Case { home, source, password: password.to_owned(), session, rightly }
    }

    /// The binary, and what gives it the password.
    fn pop3(&self, args: &[&str]) -> Pop3 {
        let typist = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/typist.py");
        let wrapper: &[&str] = if self.source == Source::Typed { &["python3", typist] } else { &[] };
        let run = Pop3::under(&self.home, wrapper)
            .args(args)
            .args(["-v"])
            .env("TMPDIR", self.home.join("tmp").to_str().unwrap());
        let run = match &self.session {
            Some(session) => run.env("POP3_KEYRING", "on").env("DBUS_SESSION_BUS_ADDRESS", &session.address),
            None => run,
        };
        let line = format!("{}\n", self.password);
        match self.source {
            Source::Variable => run.env("POP3_PASSWORD", &self.password),
            Source::Input if takes_options(args) => run.args(["--password-stdin"]).stdin(line),
            Source::Typed => run.stdin(line),
            _ => run,
        }
    }

    /// Puts the password where, and as, `pop3 auth login` does, also one that the server would not take.
    fn keep(&self, maildrop: &dyn Maildrop, works: bool, seen: &mut Seen) {
        let kept = format!("{}\npop3\t{}\t{}", self.password, maildrop.user(), maildrop.address());
        match (self.source, works) {
            (Source::Kept | Source::Keyring, true) => {
                let login = self.pop3(&["auth", "login", "--trace", "--password-stdin"]);
                seen.outcome("login", &login.stdin(format!("{}\n", self.password)).run().exits(0));
            }
            (Source::Kept, false) => {
                self.home.write(".local/state/pop3/work.secret", &kept, 0o600);
            }
            (Source::Keyring, false) => self.session.as_ref().unwrap().keep("work", "password", &kept),
            _ => {}
        }
    }
}

/// Whether the command signs in, and so says how.
fn takes_options(args: &[&str]) -> bool {
    !matches!(args[0], "accounts" | "config" | "state") && !matches!(args[1], "status" | "logout")
}

fn every_command(case: &Case, works: bool, seen: &mut Seen) {
    let deliver = format!("command:{SEEN_FROM_OUTSIDE}cat >/dev/null");
    let refused = if works { 0 } else { 77 };
    let is_kept = matches!(case.source, Source::Kept | Source::Keyring);
    for (args, code) in [
        (&["stat", "--trace"][..], refused),
        (&["stat", "--json", "--trace"], refused),
        (&["list", "--trace"], refused),
        (&["fetch", "--trace"], refused),
        (&["stat", "--trace=tmp/dialogue"], refused),
        (&["state", "forget", "--all"], 0),
        (&["fetch", "--json", "--trace", "--to", &deliver], refused),
        (&["check", "--trace"], refused),
        (&["check", "--json", "--trace"], refused),
        (&["state", "show"], 0),
        (&["state", "show", "--json"], 0),
        (&["accounts", "--json"], 0),
        (&["accounts", "-v"], 0),
        (&["config", "check"], 0),
        (&["config", "check", "--json"], 0),
        // It looks for a new one, not where an older one is.
        (&["auth", "login", "--trace"], if is_kept || case.source == Source::Netrc { 77 } else { refused }),
        (&["auth", "status", "-v"], 0),
        (&["auth", "status", "--json"], 0),
        (&["auth", "logout", "--trace"], 0),
        (&["stat", "--trace"], if is_kept { 77 } else { refused }),
    ] {
        let outcome = case.pop3(args).run();
        seen.outcome(&format!("{args:?}"), &outcome);
        assert_eq!(outcome.code, code, "{:?} {args:?}: {outcome:?}", case.source);
    }
}

#[test]
fn no_password_is_seen_wherever_it_comes_from_and_whether_it_is_right() {
    let cases = SOURCES.into_iter().flat_map(|source| [(source, true), (source, false)]);
    at_once(cases, |(source, works)| {
        let mut maildrop = dovecot::maildrop();
        maildrop.put(&corpus::simple("one"));
        let password = if works { maildrop.password() } else { WRONG };
        let case = Case::new(&maildrop, source, password);
        let mut seen = Seen::default();
        case.keep(&maildrop, works, &mut seen);
        every_command(&case, works, &mut seen);
        let rightly: Vec<&Path> = case.rightly.iter().map(PathBuf::as_path).collect();
        seen.folder(case.home.path(), &rightly);
        // It is the whole of it that was searched.
        for word in ["C: AUTH SCRAM", "S: +OK", "POP3_KEYRING=", "--trace", "TCP:"] {
            assert!(seen.has(word), "{source:?}: no {word:?}");
        }
        assert!(!works || seen.has("pop3-journal 2") && seen.has("Subject: one"), "{source:?}: its files");
        seen.hides(password);
    });
}
