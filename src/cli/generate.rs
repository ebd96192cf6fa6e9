//! `pop3 generate`: the manual pages and the completions, from the same definitions that read the command line, and
//! the schema of `--json`, from the types that are printed. Deterministic: they depend neither on the date nor on the machine.

mod config_page;
mod man;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Command;
use clap::builder::StyledStr;
use clap_complete::Shell;
use pop3::error::{Error, Kind, Result};

use super::args::{self, GenerateArgs, Generated};
use super::output::Output;
use super::output::json::schema;

/// Writes the pages or the completions into the named folder, or the usual one; prints the schema.
///
/// # Errors
/// [`Kind::Create`] for the folder, [`Kind::Io`] for a file.
pub(crate) fn run(output: &Output, args: &GenerateArgs) -> anyhow::Result<()> {
    let written = match args.what {
        Generated::Man => manual_pages(args.output.as_deref().unwrap_or(Path::new("man"))),
        Generated::Completions => completions(args.output.as_deref().unwrap_or(Path::new("completions"))),
        Generated::Schema => return Ok(schema::text().lines().try_for_each(|line| output.line(line))?),
    };
    for path in written? {
        output.note(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Writes a page for each command that is not hidden (`pop3.1`, `pop3-fetch.1`, `pop3-state-show.1`, …), and
/// `pop3-config.5`.
pub(crate) fn manual_pages(folder: &Path) -> Result<Vec<PathBuf>> {
    create(folder)?;
    let mut command = shown();
    command.build();
    let mut pages = man::pages(&command);
    pages.push(("pop3-config.5".to_owned(), config_page::page(&command)));
    let write = |(name, text): (String, io::Result<Vec<u8>>)| {
        let path = folder.join(name);
        text.and_then(|text| fs::write(&path, text))
            .map_err(|error| Error::io(format!("could not write {}", path.display()), error))?;
        Ok(path)
    };
    pages.into_iter().map(write).collect()
}

/// `pop3 completions`: prints the completion script for a shell.
pub(crate) fn completion(output: &Output, shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut shown(), "pop3", &mut script);
    let mut stdout = output.message();
    stdout.write_all(&script)?;
    stdout.finish()
}

/// Writes the completions for bash, zsh, fish, elvish and PowerShell, named as these shells want them.
pub(crate) fn completions(folder: &Path) -> Result<Vec<PathBuf>> {
    create(folder)?;
    [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell]
        .into_iter()
        .map(|shell| {
            clap_complete::generate_to(shell, &mut shown(), "pop3", folder).map_err(|error| {
                Error::io(format!("could not write the {shell} completion into {}", folder.display()), error)
            })
        })
        .collect()
}

/// The command line without hidden commands (most completions would show them), and without `help`, which
/// would double every page.
fn shown() -> Command {
    let whole = args::command();
    let text = |text: Option<&StyledStr>| text.cloned().unwrap_or_default();
    Command::new("pop3")
        .version(env!("CARGO_PKG_VERSION"))
        .about(text(whole.get_about()))
        .long_about(text(whole.get_long_about()))
        .after_help(text(whole.get_after_help()))
        .after_long_help(text(whole.get_after_long_help()))
        .args(whole.get_arguments())
        .subcommands(whole.get_subcommands().filter(|below| !below.is_hide_set()))
        .subcommand_required(true)
        .disable_help_subcommand(true)
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| {
        Error::new(Kind::Create, format!("could not create the folder {}", folder.display())).because(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn contents(folder: &Path) -> BTreeMap<String, String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
            })
            .collect()
    }

    #[test]
    fn there_is_a_page_for_every_command_a_user_sees() {
        let folder = tempfile::tempdir().unwrap();
        let written = manual_pages(&folder.path().join("new/man")).unwrap();
        let pages = contents(&folder.path().join("new/man"));
        assert_eq!(written.len(), pages.len());
        let names: Vec<_> = pages.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "pop3-accounts.1",
                "pop3-auth-login.1",
                "pop3-auth-logout.1",
                "pop3-auth-status.1",
                "pop3-auth.1",
                "pop3-capa.1",
                "pop3-check.1",
                "pop3-completions.1",
                "pop3-config-check.1",
                "pop3-config-show.1",
                "pop3-config.1",
                "pop3-config.5",
                "pop3-dele.1",
                "pop3-demo.1",
                "pop3-fetch.1",
                "pop3-last.1",
                "pop3-list.1",
                "pop3-noop.1",
                "pop3-problems.1",
                "pop3-retr.1",
                "pop3-shell.1",
                "pop3-stat.1",
                "pop3-state-forget.1",
                "pop3-state-show.1",
                "pop3-state.1",
                "pop3-top.1",
                "pop3-uidl.1",
                "pop3.1"
            ]
        );
        assert!(pages["pop3-fetch.1"].contains("max\\-size"));
        assert!(pages["pop3.1"].contains("POP3_CONFIG"));
        for (name, page) in &pages {
            let sections: &[&str] = match name.ends_with(".1") {
                true => &["EXIT STATUS", "ENVIRONMENT", "FILES"],
                false => &["FILES", "SEE ALSO"],
            };
            for section in sections {
                let heading = format!("\n.SH \"{section}\"\n").replace("\"FILES\"", "FILES");
                let heading = heading.replace("\"ENVIRONMENT\"", "ENVIRONMENT");
                assert_eq!(page.matches(&heading).count(), 1, "{section} of {name}");
            }
        }
        assert!(pages.values().all(|page| page.contains("\n.TH ") && page.is_ascii()), "plain troff");
    }

    #[test]
    fn five_shells_have_completions_and_none_knows_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        completions(folder.path()).unwrap();
        let files = contents(folder.path());
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["_pop3", "_pop3.ps1", "pop3.bash", "pop3.elv", "pop3.fish"]);
        for (name, text) in &files {
            assert!(text.contains("max-size") && text.contains("forget"), "{name}");
            assert!(!text.contains("generate"), "{name}");
        }
    }

    #[test]
    fn generating_twice_gives_the_same_bytes() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&one, &two] {
            manual_pages(folder.path()).unwrap();
            completions(folder.path()).unwrap();
        }
        assert_eq!(contents(one.path()), contents(two.path()));
    }

    #[test]
    fn a_folder_that_cannot_be_created_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = manual_pages(&file.path().join("man")).unwrap_err();
        assert_eq!(error.kind(), Kind::Create);
    }
}
