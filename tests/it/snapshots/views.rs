//! The screens of a maildrop: with the sample messages of the demo, on terminals of 100 and of 60 columns.

use super::{Record, WIDTHS, on_terminals};
use crate::support::pop3::Home;
use pop3::server::{Apop, Behaviour, Server, samples};

/// A maildrop with mail of many kinds, and a home with an account of it.
struct Seat {
    home: Home,
    server: Server,
}

impl Seat {
    fn new(behaviour: Behaviour) -> Seat {
        let (home, server) = (Home::new(), Server::start(samples(), behaviour).unwrap());
        home.write("password", "tanstaaf\n", 0o600);
        home.configure(&format!(
            "[account.work]\nserver = \"pop3://demo@{}\"\ntls = \"none\"\npassword-file = \"~/password\"\n\
             deliver = \"maildir:~/mail\"\nmax-size = \"50M\"\n",
            server.addr()
        ));
        Seat { home, server }
    }

    /// Runs the commands one after another, and compares what they showed with that file.
    fn shows(&self, name: &str, width: &str, commands: &[&str]) {
        let mut record = Record::new();
        let port = self.server.addr().port().to_string();
        let hidden = [(self.home.path().to_str().unwrap(), "[HOME]"), (port.as_str(), "[PORT]")];
        for typed in commands {
            let run = on_terminals(&self.home, width).args(typed.split(' ')).args(["--progress", "never"]);
            record.add(typed, run, &hidden);
        }
        record.is(&format!("{name}-{width}.txt"));
    }
}

#[test]
fn a_maildrop_is_listed_fetched_and_listed_again() {
    for width in WIDTHS {
        let seat = Seat::new(Behaviour::default());
        seat.shows(
            "maildrop",
            width,
            &[
                "accounts",
                "stat",
                "list",
                "fetch --dry-run",
                "fetch -v",
                "list --color always",
                "fetch",
                "fetch --dry-run --keep none",
                "uidl 1-3",
                "capa",
                "top 1",
                "state show",
                "problems",
                "config show",
            ],
        );
    }
}

/// The stamp of APOP in a greeting is as long as the name of this computer: it would break lines elsewhere.
fn without_stamp() -> Behaviour {
    Behaviour { apop: Apop::Absent, ..Behaviour::default() }
}

#[test]
fn an_account_is_checked() {
    for width in WIDTHS {
        Seat::new(without_stamp()).shows("check", width, &["check", "check --color always"]);
        let odd = Behaviour {
            uidl: false,
            verdict: Some(b"-ERR [LOGIN-DELAY] too soon".to_vec()),
            ..without_stamp()
        };
        Seat::new(odd).shows("check-failing", width, &["check"]);
        Seat::new(Behaviour::ancient()).shows("check-old-server", width, &["check"]);
    }
}
