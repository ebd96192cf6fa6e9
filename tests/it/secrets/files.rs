//! Files with a secret in them and something wrong: what is told of them is a line's number and a key,
//! never what stands there.

use crate::support::pop3::{Home, Pop3};
use crate::support::search::Seen;

const SECRET: &str = "tan?staaf>~mi/lk+so";

#[test]
fn no_mistake_in_a_file_shows_the_secret_that_stands_beside_it() {
    let account = "[account.work]\nserver = \"pop3://me@127.0.0.1:9\"\ntls = \"none\"\n";
    let oauth = "oauth = \"https://127.0.0.1:9\"\noauth-client-id = \"id\"\n";
    let table = [
        format!("password = {SECRET}"),
        format!("password = '{SECRET}"),
        format!("password = \"{SECRET}"),
        format!("password = \"{SECRET}\" \"{SECRET}\""),
        format!("password = \"\\q{SECRET}\""),
        format!("password = \"\"\"\n{SECRET}\n"),
        format!("password = '''\n{SECRET}\n"),
        format!("password \"{SECRET}\""),
        format!("password: {SECRET}"),
        format!("password = [\"{SECRET}\"]"),
        format!("password = [\"{SECRET}\", 1]"),
        format!("password = {{ \"{SECRET}\" = 1 }}"),
        format!("password = \"{SECRET}\"\npassword = \"{SECRET}\""),
        format!("password = \"{SECRET}\"\npassword-command = \"echo {SECRET}\""),
        format!("password = \"{SECRET}\"\nkeep = \"never\""),
        format!("pasword = \"{SECRET}\""),
        format!("passwort = \"{SECRET}\"\nhorse = \"{SECRET}\""),
        SECRET.to_owned(),
        format!("= {SECRET}"),
        format!("password =\n  {SECRET}"),
        format!("password = \n\"{SECRET}\""),
        format!("[account.other]\nserver = \"pop3://me:{SECRET}@127.0.0.1\""),
        format!("[account.other]\nproxy = \"socks5h://me:{SECRET}@127.0.0.1\""),
        format!("{oauth}oauth-client-secret = {SECRET}"),
        format!("{oauth}oauth-client-secret = '{SECRET}"),
        format!("{oauth}oauth-client-secret = [\"{SECRET}\"]"),
        format!("{oauth}oauth-client-secret = \"{SECRET}\"\noauth-client-secret-file = \"/x\""),
        format!("{oauth}oauth-client_secret = \"{SECRET}\""),
        format!("oauth-client-id = \"id\"\noauth-token-url = \"https://me:{SECRET}@127.0.0.1/t\""),
        format!("oauth-client-id = \"id\"\noauth = \"https://me:{SECRET}@127.0.0.1/t\""),
    ];
    for mistake in &table {
        let home = Home::new();
        // Of several accounts, the one with the mistake: it is no other's.
        let chosen = mistake.starts_with("[account.other]").then_some("default-account = \"other\"\n");
        let config = home.configure(&format!("{}{account}{mistake}\n", chosen.unwrap_or_default()));
        let mut seen = Seen::default();
        for args in [
            &["config", "check"][..],
            &["config", "check", "--json"],
            &["stat", "--trace"],
            &["fetch", "--json", "--trace"],
            &["accounts"],
            &["auth", "login", "--trace"],
            &["auth", "status", "--json"],
        ] {
            let outcome = Pop3::new(&home).args(args).args(["-vv"]).run();
            // The other account, which has no destination, is fetched too, and is the first to fail.
            let expected = if args[0] == "fetch" && chosen.is_some() { 64 } else { 78 };
            assert_eq!(outcome.code, expected, "{mistake}: {args:?}: {outcome:?}");
            let told = outcome.stderr.clone() + &outcome.text();
            assert!(
                ["line ", "\"line\":", "config.toml:"].iter().any(|place| told.contains(place)),
                "{told}"
            );
            seen.outcome(&format!("{args:?} with {mistake}"), &outcome);
        }
        seen.folder(home.path(), &[&config]);
        seen.hides(SECRET);
    }
}

#[test]
fn no_other_file_that_is_of_no_use_is_quoted() {
    let home = Home::new();
    home.configure(
        "[account.work]\nserver = \"pop3://me@127.0.0.1:9\"\ntls = \"none\"\ndeliver = \"maildir:~/in\"\n",
    );
    let netrc = |text: &str, mode| drop(home.write(".netrc", text, mode));
    let kept = |text: &str, mode| drop(home.write(".local/state/pop3/work.secret", text, mode));
    let file = home.join("file");
    let by_file = ["--password-file", file.to_str().unwrap()];
    let long = format!("{SECRET}\n").repeat(1 << 15);
    let cases: [(&dyn Fn(), &[&str], i32); 9] = [
        (&|| netrc(&format!("machine 127.0.0.1 login me password {SECRET}"), 0o644), &[], 78),
        (&|| netrc(&format!("machine 127.0.0.1 {SECRET} me password"), 0o600), &[], 78),
        (&|| netrc(&format!("machine 127.0.0.1 login me password \"{SECRET}"), 0o600), &[], 78),
        (&|| kept(SECRET, 0o640), &[], 78),
        (&|| kept(SECRET, 0o600), &[], 65),
        (&|| kept(&long, 0o600), &[], 65),
        (&|| drop(home.write("file", SECRET, 0o604)), &by_file, 78),
        (&|| drop(home.write("file", &long, 0o600)), &by_file, 65),
        (&|| (), &["--password-command", "cat file file; exit 3"], 65),
    ];
    for (number, (prepare, more, code)) in cases.into_iter().enumerate() {
        for name in [".netrc", ".local/state/pop3/work.secret"] {
            let _ = std::fs::remove_file(home.join(name));
        }
        prepare();
        let mut seen = Seen::default();
        for args in [&["stat", "--trace"][..], &["fetch", "--json", "--trace"]] {
            let outcome = Pop3::new(&home).args(args).args(["-vv"]).args(more).run();
            assert_eq!(outcome.code, code, "{number}: {outcome:?}");
            seen.outcome(&format!("{number}: {args:?}"), &outcome);
        }
        seen.hides(SECRET);
    }
}
