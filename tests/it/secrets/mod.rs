//! No secret is seen anywhere but in the one place that rightly holds it: not in what a run says (trace,
//! errors, hints, `--json`), not in the arguments of the program nor in arguments or variables of
//! what it starts, not in any file; however the run ends, and whoever is at the other end.

mod files;
mod keys;
mod mechanisms;
mod passwords;
mod providers;
mod repeated;

use crate::support::pop3::{Home, Pop3};
use crate::support::search::{SEEN_FROM_OUTSIDE, Seen};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The search itself finds what is there: else all the others would prove nothing.
#[test]
fn a_secret_that_is_planted_is_found_wherever_that_is() {
    const SECRET: &str = "plant?ed in~ all/pla>ces";
    let home = Home::new();
    let around = |before: &str| format!("{before}{SECRET}, and more");
    for (name, text) in [
        (".local/state/pop3/work.journal", SECRET.to_owned()),
        ("in/tmp/x", STANDARD.encode(around(""))),
        ("in/tmp/y", STANDARD.encode(around("x"))),
        ("tmp/x", URL_SAFE_NO_PAD.encode(around("xx"))),
        ("tmp/y", URL_SAFE_NO_PAD.encode(SECRET)),
        ("percent", "plant%3Fed%20in~%20all%2Fpla%3Eces".to_owned()),
        ("small", "plant%3fed%20in~%20all%2fpla%3eces".to_owned()),
        ("form", "plant%3Fed+in~+all%2Fpla%3Eces".to_owned()),
        ("rightly", SECRET.to_owned()),
        ("harmless", "planted in all places".to_owned()),
        (SECRET.split('/').next().unwrap(), String::new()),
    ] {
        home.write(name, &text, 0o600);
    }
    // A command that says it, and one that has it among its arguments, or in its environment.
    home.configure(
        "[account.a]\nserver = \"pop3://me@127.0.0.1:9\"\ntls = \"none\"\npassword = \"unimportant\"\n",
    );
    let tunnel = |name: &str, line: &str| {
        let outcome = Pop3::new(&home)
            .args(["stat", "-v", "--trace", "--tunnel", line])
            .env("NOT_OURS", if name == "variable" { SECRET } else { "" })
            .run()
            .exits(69);
        let mut seen = Seen::default();
        seen.outcome(name, &outcome);
        for file in std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()) {
            if file.to_str().unwrap().contains("/seen.") {
                seen.note("proc", std::fs::read(&file).unwrap());
                std::fs::remove_file(&file).unwrap();
            }
        }
        seen.places_of(SECRET).into_iter().map(|(place, _)| place.to_owned()).collect::<Vec<_>>()
    };
    let silent = format!("{SEEN_FROM_OUTSIDE} exit 1");
    assert_eq!(tunnel("nothing", &silent), [""; 0]);
    assert_eq!(tunnel("variable", &silent), ["proc"]);
    assert_eq!(tunnel("argument", &format!("{silent} # {SECRET}")), ["proc"]);
    assert_eq!(tunnel("words", &format!("tr '\\0' ' ' <$HOME/rightly >&2; {silent}")), ["stderr of words"]);
    let hello = "printf '+OK '; cat $HOME/rightly; echo; read -r line";
    assert_eq!(tunnel("greeting", hello), ["stderr of greeting"]);

    let mut seen = Seen::default();
    seen.folder(home.path(), &[&home.join("rightly")]);
    let places = seen.places_of(SECRET);
    assert_eq!(places.len(), 8, "{places:?}");
    assert!(!places.iter().any(|(place, _)| place.ends_with("/harmless")), "{places:?}");
    let name = seen.places_of("plant?ed in~ all").into_iter().any(|(place, _)| place == "a file's name");
    assert!(name, "a name was not searched");
}
