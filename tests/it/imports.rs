//! Keeps the modules of `src/` apart: which may import which is part of the design. The table in the
//! documentation of the crate says it, and is read from there. Tests inside the modules may look anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What is in `src/` and no module of the library: its root, and the binary, which the library cannot know.
const NOT_MODULES: [&str; 3] = ["lib", "main", "cli"];

/// Each module and what it may import, from the table in the documentation of `lib.rs`.
fn table(documentation: &str) -> BTreeMap<String, Vec<String>> {
    let rows = documentation.lines().filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |"));
    let quoted =
        |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        // The tables of two cells tell the files of a module, not its imports.
        let [module, _job, imports] = cells[..] else { return None };
        let imports = quoted(imports);
        assert!(
            !imports.is_empty() || ["nothing", "may import"].iter().any(|word| row.ends_with(word)),
            "{row}"
        );
        Some((quoted(module).pop()?, imports))
    })
    .collect()
}

#[test]
fn each_module_imports_only_what_the_design_allows() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let library = fs::read_to_string(source.join("lib.rs")).unwrap();
    let table = table(&library);
    let declared = |name: &String| library.lines().any(|line| line.ends_with(&format!("mod {name};")));
    let mut trouble: Vec<String> = Vec::new();
    for module in table.keys().filter(|name| !declared(name)) {
        trouble.push(format!("lib.rs: the table has a row for `{module}`, and there is no such module"));
    }
    for file in rust_files(&source) {
        let place = file.strip_prefix(&source).unwrap().display().to_string();
        let module = place.split(['/', '.']).next().unwrap();
        if NOT_MODULES.contains(&module) {
            continue;
        }
        let Some(allowed) = table.get(module) else {
            trouble.push(format!("{place}: the table in lib.rs has no row for `{module}`"));
            continue;
        };
        let may = |path: &str| {
            let within = |prefix: &str| path == prefix || path.starts_with(&format!("{prefix}::"));
            within(module) || allowed.iter().any(|prefix| within(prefix))
        };
        let used = imports(&fs::read_to_string(&file).unwrap());
        trouble.extend(used.iter().filter(|path| !may(path)).map(|path| format!("{place}: crate::{path}")));
    }
    assert!(trouble.is_empty(), "imports against the design:\n{}", trouble.join("\n"));
}

#[test]
fn the_library_makes_no_sentence_for_a_command_line() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut trouble: Vec<String> = Vec::new();
    for file in rust_files(&source) {
        let place = file.strip_prefix(&source).unwrap().display().to_string();
        // The samples of the embedded server are mail; store/conditions.rs is for tests alone.
        if place.starts_with("cli")
            || ["server/samples.rs", "store/conditions.rs"].contains(&&*place)
            || place.ends_with("_tests.rs")
        {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        trouble.extend(
            lines
                .filter(|(_, line)| speaks_to_a_user(line))
                .map(|(at, line)| format!("{place}:{}: {line}", at + 1)),
        );
    }
    assert!(trouble.is_empty(), "the sentence belongs to src/cli/advice:\n{}", trouble.join("\n"));
    for line in ["    .hint(\"x\")", "let x = \"try --tls none\";", "\"run `pop3 auth login`\""] {
        assert!(speaks_to_a_user(line), "{line}");
    }
    assert!(!speaks_to_a_user("let left = a--b; x(\"one - two -- three\")"));
}

/// Whether a line gives advice as a text, or names an option or a command of the command line.
fn speaks_to_a_user(line: &str) -> bool {
    let options = line.match_indices("--").any(|(at, _)| {
        let before = line[..at].chars().last();
        let is_word = line[at + 2..].starts_with(|letter: char| letter.is_ascii_lowercase());
        is_word && before.is_some_and(|letter| " \"`(".contains(letter)) && line[..at].contains('"')
    });
    options || line.contains(".hint(") || line.contains("`pop3 ")
}

#[test]
fn the_table_is_read_as_it_is_written() {
    let text = "//! | module | its job | may import |\n//! |---|---|---|\n//! | [`error`] | a `kind` | nothing |\n\
                //! | `safe` | secrets | `error`, `auth::Secret` |\n//!\npub mod error;\n";
    let expected = [("error", vec![]), ("safe", vec!["error".to_owned(), "auth::Secret".to_owned()])];
    let expected = expected.map(|(module, imports)| (module.to_owned(), imports));
    assert_eq!(table(text), expected.into_iter().collect());
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
