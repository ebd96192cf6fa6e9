//! Passwords with characters that some reader takes for its own, from each place a password may come from.

use pop3::server::{Apop, Behaviour, Sasl, Server};

use crate::support::pop3::{Home, Pop3};

/// Text that formats, shells, TOML, netrc and encodings treat as special.
const ODD: [&str; 8] =
    ["100%s", "a\\b\\", "say \"so\"", "§5", "🗝️ key", " blanks at both ends ", "a\tb", "it's #1; $HOME"];

/// A text as TOML, as a word of a netrc and as a word of the shell.
fn toml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t"))
}

fn netrc(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn shell(text: &str) -> String {
    format!("printf '%s\\n' '{}'", text.replace('\'', "'\\''"))
}

#[test]
fn an_odd_password_arrives_as_it_is_by_each_mechanism_from_each_place() {
    let home = Home::new();
    let server = Server::start([], Behaviour::default()).unwrap();
    let there = format!("pop3://demo@{}", server.addr());
    for password in ODD {
        let stat = |mechanism: &str, more: &[&str]| {
            Pop3::new(&home)
                .args(["stat", "--tls", "none", "--auth", mechanism, "--server", &there])
                .args(more)
        };
        server.set_behaviour(Behaviour {
            password: password.as_bytes().to_vec(),
            apop: Apop::Absent,
            mechanisms: vec![Sasl::Plain, Sasl::Login],
            ..Behaviour::default()
        });
        let file = home.write("password", &format!("{password}\n"), 0o600);
        let file = file.to_str().unwrap();
        for mechanism in ["plain", "user", "login"] {
            stat(mechanism, &[]).env("POP3_PASSWORD", password).run().exits(0);
            stat(mechanism, &["--password-file", file]).run().exits(0);
            stat(mechanism, &["--password-command", &shell(password)]).run().exits(0);
            stat(mechanism, &["--password-stdin"]).stdin(format!("{password}\r\n")).run().exits(0);
            home.write(
                ".netrc",
                &format!("machine 127.0.0.1 login demo password {}\n", netrc(password)),
                0o600,
            );
            stat(mechanism, &[]).run().exits(0);
            std::fs::remove_file(home.join(".netrc")).unwrap();
            home.configure(&format!(
                "[account.work]\nserver = '{there}'\ntls = 'none'\nauth = '{mechanism}'\npassword = {}\n",
                toml(password)
            ));
            Pop3::new(&home).args(["stat"]).run().exits(0);
            std::fs::remove_file(home.join(".config/pop3/config.toml")).unwrap();
            stat(mechanism, &[]).env("POP3_PASSWORD", &format!("{password}.")).run().exits(77);
        }
    }
}
