//! `pop3 generate`: the manual pages and the completions, from the same definitions that read the command line, and
//! the schema of `--json`, from the types that are printed. Deterministic: they depend neither on the date nor on the machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::StyledStr;
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use pop3::error::{Error, Kind, Result};

use super::args::{Cli, GenerateArgs, Generated};
use super::output::Output;
use super::output::json::schema;

/// The date in the manual pages: that of the release, not of the build, so that the same source makes
/// the same pages.
const DATE: &str = "2026-11-22";

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

/// Writes a page for each command that is not hidden: `pop3.1`, `pop3-fetch.1`, `pop3-state-show.1`, …
pub(crate) fn manual_pages(folder: &Path) -> Result<Vec<PathBuf>> {
    create(folder)?;
    let mut command = shown();
    command.build();
    let mut written = Vec::new();
    pages(&command, folder, &mut written)?;
    Ok(written)
}

fn pages(command: &Command, folder: &Path, written: &mut Vec<PathBuf>) -> Result<()> {
    let page = Man::new(command.clone())
        .date(DATE)
        .source(format!("pop3 {}", env!("CARGO_PKG_VERSION")))
        .manual("pop3 manual");
    let path = folder.join(page.get_filename());
    render(&page, command)
        .and_then(|text| fs::write(&path, text))
        .map_err(|error| Error::io(format!("could not write {}", path.display()), error))?;
    written.push(path);
    command.get_subcommands().try_for_each(|below| pages(below, folder, written))
}

/// A page section by section, in clap_mangen's order, but with the text after the help (examples, exit
/// status) as sections that keep their lines.
fn render(page: &Man, command: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let mut roff = Roff::default();
    let after = command.get_after_long_help().or(command.get_after_help());
    let mut open = false;
    for line in after.map(ToString::to_string).unwrap_or_default().lines() {
        if let Some(heading) = line.strip_suffix(':').filter(|heading| !heading.starts_with(' ')) {
            if open {
                roff.control("fi", []);
            }
            roff.control("SH", [heading.to_uppercase().as_str()]);
            roff.control("nf", []);
            open = true;
        } else {
            roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
        }
    }
    if open {
        roff.control("fi", []);
    }
    if command.get_name() != "pop3" {
        roff.control("SH", ["SEE ALSO"]);
        roff.text([bold("pop3"), roman("(1)")]);
    }
    roff.to_writer(&mut text)?;
    Ok(text)
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
    let whole = Cli::command();
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
                "pop3-config-check.1",
                "pop3-config-show.1",
                "pop3-config.1",
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
        assert!(pages["pop3.1"].contains("POP3_CONFIG") && pages["pop3.1"].contains(".SH \"EXIT STATUS\""));
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
