//! A server that is not trusted: each reason has a sentence of its own and exit code 76, and whoever
//! follows the hint to the letter gets in, or is told that nothing helps.

use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::tool;
use crate::support::trust::{self, PASSWORD, Trust};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

/// The same server by STLS and by TLS from the start.
fn urls([stls, tls]: [SocketAddr; 2]) -> [String; 2] {
    [format!("pop3://me@{stls}"), format!("pop3s://me@{tls}")]
}

fn stat(url: &str, more: &[&str]) -> Outcome {
    let home = Home::new();
    let run = Pop3::new(&home).args(["stat", "--server", url]).args(more);
    run.env("POP3_PASSWORD", PASSWORD).run()
}

fn hint(outcome: &Outcome) -> &str {
    let line = outcome.stderr.lines().find_map(|line| line.strip_prefix("hint: "));
    line.unwrap_or_else(|| panic!("no hint in: {}", outcome.stderr))
}

/// The flags in a hint, each with the word behind it.
fn flags(hint: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = hint.split_whitespace().map(|word| word.trim_end_matches([',', ';'])).collect();
    let flags = words.windows(2).filter(|pair| pair[0].starts_with("--"));
    flags.map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}

fn pin(certificate: &Path) -> String {
    let said = tool(
        Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(certificate),
    );
    let said = String::from_utf8(said).unwrap();
    said.trim().split_once('=').unwrap().1.replace(':', "").to_lowercase()
}

/// What is wrong with a certificate, and what a person reads about it.
struct Trial {
    shown: &'static str,
    sentence: &'static str,
    details: &'static [&'static str],
    /// The file that `--ca-file PEM` of the hint stands for.
    authorities: Option<fn(&Trust) -> &Path>,
    /// The flags of the hint.
    flags: &'static [&'static str],
}

const TRIALS: [Trial; 7] = [
    Trial {
        shown: "expired",
        sentence: "its certificate has been expired since 2021-02-03 04:05 UTC",
        details: &["valid:  2020-01-01 00:00 UTC to 2021-02-03 04:05 UTC", "issuer: Authority of the tests"],
        authorities: None,
        flags: &["--pin"],
    },
    Trial {
        shown: "future",
        sentence: "its certificate is not valid until 2089-01-02 03:04 UTC, and this computer's clock says 20",
        details: &["valid:  2089-01-02 03:04 UTC to 2099-01-01 00:00 UTC"],
        authorities: None,
        flags: &["--pin"],
    },
    Trial {
        shown: "wrong-name",
        sentence: "its certificate is for imap.example.org and *.example.org, but 127.0.0.14 was asked for",
        details: &["names:  imap.example.org, *.example.org"],
        authorities: None,
        flags: &["--tls-host", "--pin"],
    },
    Trial {
        shown: "self-signed",
        sentence: "its certificate is self-signed: no authority vouches for it",
        details: &["issuer: localhost (itself)", "names:  localhost, 127.0.0.1, 127.0.0.15"],
        authorities: Some(|trust| &trust.self_signed),
        flags: &["--pin", "--ca-file"],
    },
    Trial {
        shown: "unknown",
        sentence: "the authority behind its certificate, \"Unknown authority\", is not known here",
        details: &["issuer: Unknown authority"],
        authorities: Some(|trust| &trust.unknown),
        flags: &["--ca-file", "--pin"],
    },
    Trial {
        shown: "gap",
        sentence: "the issuer of its certificate, \"Between them\", is not among the authorities trusted here, and the server does not send its certificate",
        details: &["issuer: Between them"],
        authorities: Some(|trust| &trust.whole_chain),
        flags: &["--pin", "--ca-file"],
    },
    Trial {
        shown: "weak",
        sentence: "the key of its certificate is too weak: RSA of 1024 bits",
        details: &["issuer: Authority of the tests"],
        authorities: None,
        flags: &["--pin"],
    },
];

#[test]
fn each_bad_certificate_has_its_own_sentence_and_is_accepted_after_its_own_hint() {
    let trust = trust::shared();
    let known = trust.authority.to_str().unwrap();
    for trial in &TRIALS {
        for url in urls(trust.showing(trial.shown)) {
            let refused = stat(&url, &["--ca-file", known]).exits(76).says(trial.sentence);
            for detail in trial.details {
                assert!(
                    refused.stderr.lines().any(|line| line.trim() == *detail),
                    "{detail}: {}",
                    refused.stderr
                );
            }
            let hints = flags(hint(&refused));
            let named: Vec<&str> = hints.iter().map(|(flag, _)| flag.as_str()).collect();
            assert_eq!(named, trial.flags, "{}", refused.stderr);
            for (flag, value) in &hints {
                let authorities = trial.authorities.map(|path| path(trust).to_str().unwrap());
                let value = if value == "PEM" { authorities.unwrap() } else { value };
                let accepted = stat(&url, &["--ca-file", known, flag, value]);
                assert_eq!(accepted.code, 0, "{url} {flag} {value}: {}", accepted.stderr);
            }
        }
    }
}

#[test]
fn a_certificate_in_order_is_accepted_on_either_kind_of_tls() {
    let trust = trust::shared();
    for url in urls(trust.showing("good")) {
        stat(&url, &["--ca-file", trust.authority.to_str().unwrap()]).exits(0);
    }
}

#[test]
fn a_server_of_tls_1_1_is_refused_and_no_option_is_said_to_help() {
    let trust = trust::shared();
    let [tls, stls] = trust.old;
    for url in urls([stls, tls]) {
        let refused = stat(&url, &["--ca-file", trust.authority.to_str().unwrap()]).exits(76);
        let refused = refused.says("the server speaks only TLS 1.1, which is too old");
        assert!(hint(&refused).starts_with("no option makes that safe"), "{}", refused.stderr);
        assert_eq!(flags(hint(&refused)), []);
    }
}

#[test]
fn a_server_of_tls_1_2_is_refused_by_who_wants_1_3_and_accepted_after_the_hint() {
    let trust = trust::shared();
    let (own, key, known) = (&trust.clients[0].certificate, &trust.clients[0].key, &trust.authority);
    let url = format!("pop3s://me@{}", trust.demanding[0]);
    let least = |version| {
        let files = ["--ca-file", known.to_str().unwrap(), "--client-cert", own.to_str().unwrap()];
        let files = [&files[..], &["--client-key", key.to_str().unwrap(), "--tls-min", version]].concat();
        stat(&url, &files)
    };
    let refused = least("1.3").exits(76).says("the server speaks only TLS 1.2, which is too old");
    assert_eq!(flags(hint(&refused)), [("--tls-min".to_owned(), "1.2".to_owned())]);
    least("1.2").exits(0);
}

#[test]
fn a_server_that_is_silent_when_looked_at_again_is_refused_all_the_same() {
    let trust = trust::shared();
    let [_, behind] = trust.showing("self-signed");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("pop3s://me@{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (near, far) = (listener.accept().unwrap().0, TcpStream::connect(behind).unwrap());
        let (mut near_too, mut far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut near_too, &mut far_too));
        std::thread::spawn(move || std::io::copy(&mut &far, &mut &near));
        // The second one waits for its turn until this process ends.
        let silent = listener.accept();
        std::thread::park();
        drop(silent);
    });
    let refused = stat(&url, &["--timeout", "1s"]).exits(76).says("its certificate is self-signed");
    assert!(hint(&refused).contains("--pin sha256:HEX"), "{}", refused.stderr);
}

#[test]
fn a_server_that_answers_in_the_clear_is_accepted_with_stls() {
    let trust = trust::shared();
    let [stls, _] = trust.showing("good");
    let known = trust.authority.to_str().unwrap();
    let url = format!("pop3s://me@{stls}");
    let refused = stat(&url, &["--ca-file", known]).exits(76).says("answered in the clear");
    let hints = flags(hint(&refused));
    assert_eq!(hints, [("--tls".to_owned(), "stls".to_owned())]);
    stat(&url, &["--ca-file", known, "--tls", "stls"]).exits(0);
}

#[test]
fn a_server_that_goes_on_in_the_clear_behind_stls_is_refused() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("pop3://me@{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut line = BufReader::new(listener.accept().unwrap().0);
        let mut say = |words: &str, asked: &str| {
            line.get_mut().write_all(words.as_bytes()).unwrap();
            let mut heard = String::new();
            line.read_line(&mut heard).unwrap();
            assert_eq!(heard.trim_end(), asked);
        };
        say("+OK ready\r\n", "CAPA");
        say("+OK\r\nSTLS\r\n.\r\n", "STLS");
        line.get_mut().write_all(b"+OK begin\r\n").unwrap();
        assert!(!line.fill_buf().unwrap().is_empty(), "no handshake begins");
        line.get_mut().write_all(b"-ERR unknown command\r\n").unwrap();
        let _ = line.read_to_end(&mut Vec::new());
    });
    let refused = stat(&url, &[]).exits(76).says("answered in the clear");
    assert_eq!(flags(hint(&refused)), [("--tls".to_owned(), "implicit".to_owned())]);
    server.join().unwrap();
}

#[test]
fn one_of_several_pins_is_enough_and_none_is_too_few() {
    let trust = trust::shared();
    let right = format!("sha256:{}", pin(&trust.self_signed));
    let wrong = |digit: &str| format!("sha256:{}", digit.repeat(64));
    for url in urls(trust.showing("self-signed")) {
        stat(&url, &["--pin", &wrong("0"), "--pin", &right]).exits(0);
        stat(&url, &["--pin", &right, "--pin", &wrong("0")]).exits(0);
        let refused = stat(&url, &["--pin", &wrong("0"), "--pin", &wrong("1")]).exits(76);
        let refused = refused.says(&format!("its certificate is {right}, which is not pinned"));
        assert_eq!(flags(hint(&refused)), [("--pin".to_owned(), right.clone())]);
    }
}

#[test]
fn the_objects_of_a_run_tell_the_certificate() {
    let trust = trust::shared();
    let [_, tls] = trust.showing("self-signed");
    let outcome = Pop3::new(&Home::new())
        .args(["fetch", "--json", "--to", "maildir:in", "--server", &format!("pop3s://me@{tls}")])
        .env("POP3_PASSWORD", PASSWORD)
        .run()
        .exits(76);
    let (text, error) = (&outcome.stderr, outcome.talk().pop().unwrap());
    let certificate = &error["certificate"];
    assert_eq!((&error["type"], &error["kind"]), (&"error".into(), &"tls".into()), "{text}");
    assert_eq!(certificate["names"][0], "localhost", "{text}");
    assert_eq!(certificate["issuer"], "localhost", "{text}");
    assert_eq!(certificate["self_signed"], true, "{text}");
    assert_eq!(certificate["pin"], format!("sha256:{}", pin(&trust.self_signed)), "{text}");
    assert!(certificate["not_after"].as_str().unwrap().ends_with('Z'), "{text}");
}
