//! Errors as a person reads them: wrong usage, wrong configuration, servers and destinations that fail.

use super::{Record, WIDTHS, on_terminals};
use crate::support::certificates::Certificates;
use crate::support::pop3::Home;
use crate::support::stage::{Stage, Store, letters};
use pop3::server::{Behaviour, Fault, Server, Tls};
use std::net::TcpListener;

#[test]
fn wrong_usage() {
    let home = Home::new();
    home.configure("[account.work]\nserver = \"pop3s://me@127.0.0.1:9\"\n[account.home]\nserver = \"pop3s://you@127.0.0.1:9\"\n");
    for width in WIDTHS {
        let mut record = Record::new();
        for typed in [
            "fetch --to",
            "fetch --frobnicate",
            "frobnicate",
            "fetch --keep 15m",
            "fetch --keep soon",
            "fetch --max-size big",
            "fetch --timeout 5",
            "list 7-3",
            "list 0",
            "list seven",
            "stat",
            "stat -a wrok",
            "stat -s https://pop.example.org",
            "stat -s pop3s://me:secret@pop.example.org",
            "stat -s pop3s://me@pop.example.org --pin sha256:12",
            "fetch -s pop3s://me@127.0.0.1:9 --to nowhere:there",
            "fetch -s pop3s://me@127.0.0.1:9 --tls none --tls-min 1.3 --to maildir:in",
            "dele 1 -a work",
        ] {
            record.add(typed, on_terminals(&home, width).args(typed.split(' ')), &[]);
        }
        record.is(&format!("errors-usage-{width}.txt"));
    }
}

#[test]
fn wrong_configuration() {
    for width in WIDTHS {
        let mut record = Record::new();
        for (text, mode) in [
            ("[account.work\n", 0o600),
            ("[account.work]\nserver = \"pop3s://me@pop.example.org\"\nkepe = \"none\"\n", 0o600),
            ("[account.work]\nserver = \"pop3s://me@pop.example.org\"\nkeep = \"15m\"\n", 0o600),
            ("[account.work]\nserver = \"pop3s://me@pop.example.org\"\ndeliver = \"maildir:mail\"\n", 0o600),
            ("[account.work]\nserver = \"pop3s://pop.example.org\"\nuser = \"CORP\\tim\"\n", 0o600),
            ("[account.work]\nserver = \"pop3s://me@pop.example.org\"\npassword = \"secret\"\n", 0o644),
        ] {
            let home = Home::new();
            home.write(".config/pop3/config.toml", text, mode);
            record.text.push_str(text);
            let hidden = [(home.path().to_str().unwrap(), "[HOME]")];
            record.add("config check", on_terminals(&home, width).args(["config", "check"]), &hidden);
        }
        record.is(&format!("errors-configuration-{width}.txt"));
    }
}

#[test]
fn servers_that_fail() {
    let with = |fault: Fault| Behaviour::default().with_fault(fault);
    let says =
        |verdict: &str| Behaviour { verdict: Some(verdict.as_bytes().to_vec()), ..Behaviour::default() };
    for width in WIDTHS {
        let mut record = Record::new();
        for (typed, behaviour) in [
            ("stat", with(Fault::answer("", "-ERR go away\r\n"))),
            ("stat", with(Fault::answer("", "SSH-2.0-OpenSSH_9.2\r\n"))),
            ("stat", says("-ERR [IN-USE] maildrop is locked")),
            ("stat", says("-ERR [LOGIN-DELAY 60] too soon")),
            ("stat", says("-ERR [SYS/TEMP] disk trouble")),
            ("stat", says("-ERR [AUTH] wrong password")),
            ("stat --auth scram-sha-256", Behaviour::default()),
            ("stat", with(Fault::hang_up_at("STAT"))),
            ("stat", with(Fault::answer("STAT", "+OK 3\r\n"))),
            ("retr 9", Behaviour::default()),
            ("retr 1", with(Fault::answer("RETR 1", "-ERR message is damaged\r\n"))),
            ("retr 2", with(Fault::cut_in(2, 30))),
            ("fetch --to maildir:in", with(Fault::answer("RETR 1", "-ERR message is damaged\r\n"))),
            ("fetch --to maildir:in", with(Fault::cut_in(2, 30))),
            ("last", Behaviour::default()),
        ] {
            let stage = Stage::new(Store::Maildir, letters(3), behaviour);
            let port = stage.server.addr().port().to_string();
            let wrapper =
                ["python3", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/screens.py"), width];
            let mut words = typed.split(' ');
            let run = stage.pop3_under(&wrapper, words.next().unwrap()).args(words).env("TERM", "xterm");
            let hidden = [(port.as_str(), "[PORT]"), (stage.home.path().to_str().unwrap(), "[HOME]")];
            record.add(typed, run.args(["--progress", "never"]), &hidden);
        }
        record.is(&format!("errors-server-{width}.txt"));
    }
}

#[test]
fn places_that_cannot_be_reached_or_trusted() {
    for width in WIDTHS {
        let home = Home::new();
        let mut record = Record::new();
        let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let plain = Server::start(letters(1), Behaviour::default()).unwrap();
        let certificates = Certificates::make(home.path());
        let secure = Server::start(
            letters(1),
            Behaviour { tls: Tls::Implicit(certificates.identity()), ..Behaviour::default() },
        )
        .unwrap();
        home.write("file", "this is no mailbox\n", 0o600);
        let at = |scheme: &str, port: u16| format!("-s {scheme}://demo@127.0.0.1:{port}");
        for (typed, server) in [
            ("stat", at("pop3s", closed.port())),
            ("stat", at("pop3s", plain.addr().port())),
            ("stat", at("pop3s", secure.addr().port())),
            ("stat --tls none", at("pop3", secure.addr().port())),
            ("fetch --tls none --to maildir:file", at("pop3", plain.addr().port())),
            ("fetch --tls none --to mbox:file", at("pop3", plain.addr().port())),
            ("fetch --tls none --to mail", at("pop3", plain.addr().port())),
            ("fetch --tls none --to maildir:/proc/mail", at("pop3", plain.addr().port())),
            ("fetch --tls none --to command:false", at("pop3", plain.addr().port())),
        ] {
            let port = server.rsplit(':').next().unwrap().to_owned();
            let words =
                typed.split(' ').chain(server.split(' ')).chain(["--timeout", "2s", "--progress", "never"]);
            let run = on_terminals(&home, width).args(words).env("POP3_PASSWORD", "tanstaaf");
            record.add(typed, run, &[(&port, "[PORT]"), (home.path().to_str().unwrap(), "[HOME]")]);
        }
        record.is(&format!("errors-places-{width}.txt"));
    }
}
