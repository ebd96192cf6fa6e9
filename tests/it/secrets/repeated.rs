//! Servers that tell back what they were told, in every form that a person could read it from.

use crate::support::pop3::{Home, Pop3};
use crate::support::scripted::{Answer, Scripted};
use crate::support::search::Seen;
use crate::support::stage::at_once;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use std::path::PathBuf;

/// As a password, and as an access token.
const SECRET: &str = "tan?staaf>~mi/lk+so";

/// How it answers to what holds a secret.
const AS_A_REFUSAL: u8 = 0;
const AS_NONSENSE: u8 = 1;
const AS_A_CHALLENGE: u8 = 2;
const AS_A_SUCCESS: u8 = 3;
const AS_A_LISTING: u8 = 4;

const CAPABILITIES: &str = "+OK\r\nUSER\r\n\
    SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER\r\n.\r\n";

/// The last word of the line, out of base64 if it is in it.
fn decoded(line: &str) -> String {
    let raw = STANDARD.decode(line.rsplit(' ').next().unwrap()).ok();
    let text = raw.and_then(|raw| String::from_utf8(raw).ok()).unwrap_or_default();
    text.replace(['\0', '\u{1}'], " ")
}

fn repeating<const KIND: u8>(line: &str) -> Answer {
    let raw = decoded(line);
    let reply = match line {
        "CAPA" => CAPABILITIES.to_owned(),
        "QUIT" => "+OK\r\n".to_owned(),
        "STAT" if KIND == AS_A_LISTING => "+OK 1 100\r\n".to_owned(),
        "UIDL" if KIND == AS_A_LISTING => format!("+OK {SECRET}\r\n{SECRET} {SECRET}\r\n.\r\n"),
        "*" => format!("-ERR given up, {SECRET}\r\n"),
        "AUTH LOGIN" | "AUTH CRAM-MD5" => format!("+ {}\r\n", STANDARD.encode("<1896.697170952@pop>")),
        "AUTH XOAUTH2" => "+ \r\n".to_owned(),
        _ if line.starts_with("USER ") => "+OK\r\n".to_owned(),
        _ if raw == "me" => "+ UGFzc3dvcmQ6\r\n".to_owned(),
        _ if line.starts_with("AUTH SCRAM") => {
            let nonce = raw.split("r=").last().unwrap();
            format!("+ {}\r\n", STANDARD.encode(format!("r={nonce}x,s=QSXCR+Q6sek8bf92,i=4096")))
        }
        _ => {
            let url = URL_SAFE.encode(&raw);
            let percent: String = raw.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let words = format!("what is \"{line}\"? {raw} {url} {percent} {SECRET}");
            match KIND {
                AS_A_REFUSAL => format!("-ERR [AUTH] {words}\r\n"),
                AS_NONSENSE => format!("?{words}\r\n"),
                AS_A_CHALLENGE => {
                    let json = serde_json::json!({ "status": format!("400 {raw}"), "scope": words });
                    format!("+ {}\r\n", STANDARD.encode(json.to_string()))
                }
                _ if ["UIDL", "LIST"].contains(&line) => format!("+OK {words}\r\n.\r\n"),
                _ => format!("+OK {words}\r\n"),
            }
        }
    };
    // As long as the test.
    Answer::Say(Box::leak(reply.into_boxed_str()))
}

/// What in a line is made from the secret.
fn proof_in(line: &str) -> Option<&str> {
    match line.split(' ').collect::<Vec<_>>()[..] {
        ["PASS", proof] | ["APOP", _, proof] => Some(proof),
        ["AUTH", mechanism, proof] if !mechanism.starts_with("SCRAM") => Some(proof),
        [response] if response.len() >= 16 => Some(response),
        _ => None,
    }
}

/// The binary at this server, with that mechanism: with a password, or with an access token.
fn pop3(home: &Home, server: &Scripted, mechanism: &str, args: &[&str]) -> Pop3 {
    let server = format!("server = \"pop3://me@{}\"\ntls = \"none\"\n", server.address);
    let proof = if mechanism.contains("oauth") {
        let kept = format!(
            r#"{{"version":1,"provider":"own","client_id":"id","token_endpoint":"http://127.0.0.1:9/t","secret_in_body":false,"scope":"","access_token":"{SECRET}"}}"#
        );
        home.write(".local/state/pop3/work.token", &kept, 0o600);
        "oauth-client-id = \"id\"\noauth-token-url = \"http://127.0.0.1:9/t\"\n".to_owned()
    } else {
        format!("password = \"{SECRET}\"\n")
    };
    home.configure(&format!("[account.work]\n{server}{proof}deliver = \"maildir:~/in\"\n"));
    let trace = if args.contains(&INTO_A_FILE) { None } else { Some("--trace") };
    Pop3::new(home).args(args).args(trace).args(["-v", "--auth", mechanism, "--timeout", "20s"])
}

const INTO_A_FILE: &str = "--trace=dialogue";

const MECHANISMS: [&str; 9] =
    ["user", "apop", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "xoauth2", "oauthbearer"];

#[test]
fn a_server_that_repeats_a_secret_is_not_quoted() {
    const GREETING: &str = "+OK ready <1896.697170952@pop>\r\n";
    let kinds = [
        (AS_A_REFUSAL, repeating::<AS_A_REFUSAL> as fn(&str) -> Answer),
        (AS_NONSENSE, repeating::<AS_NONSENSE>),
        (AS_A_CHALLENGE, repeating::<AS_A_CHALLENGE>),
        (AS_A_SUCCESS, repeating::<AS_A_SUCCESS>),
        (AS_A_LISTING, repeating::<AS_A_LISTING>),
    ];
    at_once(kinds, |(kind, answer)| {
        for mechanism in MECHANISMS {
            let (server, home) = (Scripted::start(GREETING, answer), Home::new());
            let mut seen = Seen::default();
            for args in [
                &["stat"][..],
                &["stat", "--json"],
                &["check"],
                &["check", "--json"],
                &["fetch", "--json"],
                &["auth", "login"],
            ] {
                if mechanism.contains("oauth") && args[0] == "auth" {
                    continue; // the server has no part in it
                }
                let outcome = pop3(&home, &server, mechanism, args).run();
                assert_ne!(outcome.code, 64, "{outcome:?}");
                assert!(kind >= AS_A_SUCCESS || outcome.code != 0, "{mechanism} {args:?}: {outcome:?}");
                let is_shown = outcome.stderr.contains(" S: ") || outcome.stderr.contains("\"S: ");
                assert!(is_shown, "{mechanism} {args:?}: {outcome:?}");
                seen.outcome(&format!("{mechanism} {args:?}"), &outcome);
            }
            // In a home that knows of no refusal.
            let other = Home::new();
            let outcome = pop3(&other, &server, mechanism, &["list", INTO_A_FILE]).run();
            assert!(!outcome.stderr.contains(" S: "), "{mechanism}: {outcome:?}");
            seen.outcome("list", &outcome);
            for home in [&home, &other] {
                let rightly = [
                    ".config/pop3/config.toml",
                    ".local/state/pop3/work.token",
                    ".local/state/pop3/work.secret",
                ]
                .map(|name| home.join(name));
                seen.folder(home.path(), &rightly.each_ref().map(PathBuf::as_path));
            }
            let traced = std::fs::read_to_string(other.join("dialogue")).unwrap();
            assert!(traced.contains(" C: ") && traced.contains(" S: "), "{mechanism}: {traced}");
            // The lines of a listing are shown, too.
            let lists = kind == AS_A_LISTING && mechanism == "user";
            assert!(!lists || traced.contains(" S: [hidden] [hidden]"), "{mechanism}: {traced}");
            seen.hides(SECRET);
            // Nor is what was made from it.
            let heard = server.heard();
            let proofs: Vec<_> = heard.iter().filter_map(|line| proof_in(line)).collect();
            proofs.iter().for_each(|proof| seen.hides(proof));
            assert!(!proofs.is_empty(), "{mechanism}: {heard:?}");
            assert!(kind != AS_A_REFUSAL || seen.has("the server says: [AUTH] what is \""), "{mechanism}");
        }
    });
}
