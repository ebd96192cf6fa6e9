//! Keeps the rooms of `src/` apart: who may import whom is part of the design, and the crate's
//! documentation shows it. Tests inside the modules may look anywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room of the library and what it may use besides the leaves. `cli` is not among them: it
/// belongs to the binary, and the library cannot know it.
const ROOMS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("files", &[]),
    ("identity", &[]),
    ("sys", &[]),
    ("program", &[]),
    ("protocol", &[]),
    ("auth", &["protocol"]),
    ("transport", &["auth::Secret"]),
    ("connection", &["auth::Secret", "transport", "protocol"]),
    ("session", &["connection", "auth", "protocol", "transport"]),
    ("delivery", &[]),
    ("fetch", &["session", "delivery", "protocol"]),
    ("safe", &["auth::Secret"]),
    ("oauth", &["auth", "safe", "transport"]),
    (
        "account",
        &[
            "auth",
            "oauth",
            "safe",
            "delivery",
            "fetch::maildrop",
            "fetch::policy",
            "session::Pipelining",
            "transport",
        ],
    ),
    ("server", &[]),
];

/// Values that every room may use. They use nothing but each other, `error` not even that.
const LEAVES: &[&str] = &["error", "files", "identity", "program", "sys"];

/// Rooms that may not even use every leaf.
fn leaves_for(room: &str) -> &'static [&'static str] {
    match room {
        "error" | "program" => &[],
        "server" | "identity" | "files" | "sys" => &["error"],
        _ => LEAVES,
    }
}

#[test]
fn each_room_imports_only_what_the_design_allows() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut trouble = Vec::new();
    for file in rust_files(&source) {
        let place = file.strip_prefix(&source).unwrap().display().to_string();
        let room = place.split(['/', '.']).next().unwrap();
        if ["lib", "main", "cli"].contains(&room) {
            continue;
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            trouble.push(format!("{place}: the room `{room}` is not in the table of tests/it/imports.rs"));
            continue;
        };
        let may = |path: &str| {
            let within = |prefix: &str| path == prefix || path.starts_with(&format!("{prefix}::"));
            within(room) || leaves_for(room).iter().chain(*allowed).copied().any(within)
        };
        let used = imports(&fs::read_to_string(&file).unwrap());
        trouble.extend(used.iter().filter(|path| !may(path)).map(|path| format!("{place}: crate::{path}")));
    }
    assert!(trouble.is_empty(), "imports against the design:\n{}", trouble.join("\n"));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            files.extend(rust_files(&path));
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push(path);
        }
    }
    files
}

/// Every path behind `crate::` in the code of a file, groups in braces taken apart. What stands in
/// comments or behind the file's own test module does not count.
fn imports(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code: String =
        code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut paths = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if !before.is_some_and(|letter| letter.is_alphanumeric() || "_$:".contains(letter)) {
            expand("", &code[at + "crate::".len()..], &mut paths);
        }
    }
    paths
}

/// Reads one use-tree and gives what follows it.
fn expand<'a>(prefix: &str, tree: &'a str, paths: &mut BTreeSet<String>) -> &'a str {
    let tree = tree.trim_start();
    if let Some(mut rest) = tree.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            match rest.chars().next() {
                Some('}') => return &rest[1..],
                Some(',') => rest = &rest[1..],
                Some(_) => {
                    let after = expand(prefix, rest, paths);
                    if after.len() == rest.len() {
                        return after; // nothing that a use-tree can hold
                    }
                    rest = after;
                }
                None => return rest,
            }
        }
    }
    let end = tree.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(tree.len());
    let (name, rest) = tree.split_at(end);
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
    if let Some(deeper) = rest.strip_prefix("::") {
        return expand(&path, deeper, paths);
    }
    if !name.is_empty() {
        paths.insert(path);
    }
    // `as Other` names nothing of the crate.
    rest.trim_start().strip_prefix("as ").map_or(rest, |alias| {
        alias.trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_')
    })
}

#[test]
fn imports_are_found_in_groups_in_code_and_not_in_comments() {
    let source = "use crate::error::{Error, Kind as K, Result};\nuse crate::{\n    auth::{self, secret::Secret},\n\
                  \x20   identity,\n};\n/// See [`crate::cli`].\nfn f() { let _ = crate::session::open(); pub(crate)::x; }\n\
                  macro_rules! m { () => { $crate::fetch::plan } }\n#[cfg(test)]\nmod tests { use crate::server::Server; }\n";
    let found: Vec<String> = imports(source).into_iter().collect();
    let expected = [
        "auth::secret::Secret",
        "auth::self",
        "error::Error",
        "error::Kind",
        "error::Result",
        "identity",
        "session::open",
    ];
    assert_eq!(found, expected);
}
