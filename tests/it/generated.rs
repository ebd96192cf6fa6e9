//! `man/` and `completions/` are what the program would write today.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::pop3::{Home, Pop3};

fn files(folder: &Path) -> BTreeMap<String, String> {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
    };
    fs::read_dir(folder).unwrap().map(read).collect()
}

fn assert_fresh(what: &str) -> BTreeMap<String, String> {
    let home = Home::new();
    Pop3::new(&home).args(["generate", what, "--output", "made"]).run().exits(0);
    let committed = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(what));
    let made = files(&home.join("made"));
    let stale: Vec<&String> =
        made.keys().chain(committed.keys()).filter(|name| made.get(*name) != committed.get(*name)).collect();
    assert!(stale.is_empty(), "run `cargo run -- generate {what}`: {stale:?} are not what it writes");
    made
}

#[test]
fn the_manual_pages_are_fresh_and_sound() {
    let pages = assert_fresh("man");
    assert!(pages.len() > 15 && pages.contains_key("pop3-fetch.1"), "{:?}", pages.keys());
    for page in pages.keys() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("man").join(page);
        let lint =
            Command::new("mandoc").args(["-T", "lint", "-W", "warning,stop"]).arg(&path).output().unwrap();
        assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
    }
}

#[test]
fn the_completions_are_fresh_and_sound() {
    let scripts = assert_fresh("completions");
    assert_eq!(scripts.len(), 5, "{:?}", scripts.keys());
    let bash = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/pop3.bash");
    // A real shell completes: the function it registers offers the commands.
    let asks = format!(
        "source {} && COMP_WORDS=(pop3 fe) COMP_CWORD=1 && _pop3 pop3 fe pop3 && echo \"${{COMPREPLY[*]}}\"",
        bash.display()
    );
    let shell = Command::new("bash").args(["-c", &asks]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&shell.stdout).trim(), "fetch", "{shell:?}");
}
