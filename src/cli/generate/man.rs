//! The manual page of each command: clap's description and options, then what holds for all commands alike (exit
//! status, environment, files), each from one table.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::report::ExitCode;

/// The date in the manual pages: that of the release, not of the build, so that the same source makes
/// the same pages.
pub(super) const DATE: &str = "2026-11-22";

/// Variables besides those of the options; whether they matter only to commands that talk to a server.
const VARIABLES: [(&str, &str, bool); 11] = [
    ("POP3_PASSWORD", "The password, or with xoauth2 and oauthbearer the access token.", true),
    ("POP3_CLIENT_CERT_PASSWORD", "The password of the client certificate's key.", true),
    ("POP3_PROXY_PASSWORD", "The proxy's password.", true),
    ("POP3_KEYRING", "With off, no secret is stored in or read from the desktop's keyring.", true),
    ("NETRC", "The file to use instead of ~/.netrc.", true),
    (
        "ALL_PROXY, NO_PROXY",
        "The SOCKS5 proxy, and the hosts that are connected to without it; also in lower case. --proxy takes precedence.",
        true,
    ),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "The certificate authorities to trust instead of the system's.", true),
    (
        "DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR, DISPLAY, WAYLAND_DISPLAY",
        "Where the desktop's keyring is, and whether it may ask to be unlocked.",
        true,
    ),
    (
        "CREDENTIALS_DIRECTORY",
        "The folder that a path in the configuration file may begin with (systemd).",
        false,
    ),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME", "The folders of the files below.", false),
    ("NO_COLOR", "If it is set, no colour is used, unless --color is always.", false),
];

/// The files of the program; whether they matter only to commands that talk to a server.
const FILES: [(&str, &str, bool); 6] = [
    (
        "$XDG_CONFIG_HOME/pop3/config.toml",
        "The configuration, usually below ~/.config: see pop3-config(5).",
        false,
    ),
    (
        "$XDG_STATE_HOME/pop3/USER@HOST.journal",
        "The journal of a maildrop, usually below ~/.local/state. Without it all messages are new.",
        false,
    ),
    (
        "$XDG_STATE_HOME/pop3/ACCOUNT.secret",
        "A password or a token that `pop3 auth login` stored, if there is no keyring. Only its owner may read it.",
        true,
    ),
    (
        "$XDG_STATE_HOME/pop3/USER@SERVER.refused",
        "How often a password was refused, so that it is not sent again and again. It does not contain the password.",
        true,
    ),
    (
        "$XDG_STATE_HOME/pop3/shell-history",
        "The last 1,000 lines typed into `pop3 shell`. Lines that may contain a secret are left out.",
        true,
    ),
    ("~/.netrc", "Passwords for all programs.", true),
];

/// The codes of a command that talks to no server.
const LOCAL_CODES: [ExitCode; 4] = [ExitCode::Done, ExitCode::Usage, ExitCode::Io, ExitCode::Config];

/// The pages of this command and all below it: the file's name and its text.
pub(super) fn pages(command: &Command) -> Vec<(String, io::Result<Vec<u8>>)> {
    let page = Man::new(command.clone()).date(DATE).source(source()).manual("pop3 manual");
    let mut all = vec![(page.get_filename(), render(&page, command))];
    all.extend(command.get_subcommands().flat_map(pages));
    all
}

/// What a page belongs to.
pub(super) fn source() -> String {
    format!("pop3 {}", env!("CARGO_PKG_VERSION"))
}

/// A page section by section, in clap_mangen's order, then the common ones, then the text after the help (examples)
/// as sections that keep their lines.
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
    let is_local = is_local(command);
    exit_status(&mut roff, is_local);
    environment(&mut roff, is_local);
    files(&mut roff, is_local);
    after_help(&mut roff, command);
    see_also(&mut roff, command);
    roff.to_writer(&mut text)?;
    Ok(text)
}

/// Whether the command, and each below it, talks to no server.
fn is_local(command: &Command) -> bool {
    let name = command.get_display_name().unwrap_or_default();
    let is_configuration = name.starts_with("pop3-config");
    let takes_server = command.get_arguments().any(|arg| arg.get_long() == Some("server"));
    is_configuration || !takes_server && !command.has_subcommands() && name != "pop3-demo"
}

fn exit_status(roff: &mut Roff, is_local: bool) {
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in ExitCode::TABLE {
        if !is_local || LOCAL_CODES.contains(&code) {
            item(roff, &(code as u8).to_string(), meaning);
        }
    }
}

fn environment(roff: &mut Roff, is_local: bool) {
    roff.control("SH", ["ENVIRONMENT"]);
    roff.text([roman(
        "An option above with [env: NAME] can be given by that variable. Options take precedence over variables, and \
         variables over the configuration file.",
    )]);
    table(roff, &VARIABLES, is_local);
}

/// The section on files.
pub(super) fn files(roff: &mut Roff, is_local: bool) {
    roff.control("SH", ["FILES"]);
    table(roff, &FILES, is_local);
}

fn table(roff: &mut Roff, rows: &[(&str, &str, bool)], is_local: bool) {
    for (name, meaning, needs_server) in rows {
        if !is_local || !needs_server {
            item(roff, name, meaning);
        }
    }
}

/// A term and its explanation.
pub(super) fn item(roff: &mut Roff, term: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(term)]);
    roff.text([roman(meaning)]);
}

/// The sections of the text after the help: a line that ends in a colon is a heading. The exit status is above.
fn after_help(roff: &mut Roff, command: &Command) {
    let after = command.get_after_long_help().or(command.get_after_help());
    let after = after.map(ToString::to_string).unwrap_or_default();
    let text = after.split("\n\nExit status:").next().unwrap_or_default();
    verbatim(roff, text);
}

/// Headings, and below them lines that stay as they are.
pub(super) fn verbatim(roff: &mut Roff, text: &str) {
    let mut is_open = false;
    for line in text.lines() {
        if let Some(heading) = line.strip_suffix(':').filter(|heading| !heading.starts_with(' ')) {
            if is_open {
                roff.control("fi", []);
            }
            roff.control("SH", [heading.to_uppercase().as_str()]);
            roff.control("nf", []);
            is_open = true;
        } else {
            roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
        }
    }
    if is_open {
        roff.control("fi", []);
    }
}

fn see_also(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["SEE ALSO"]);
    match command.get_name() {
        "pop3" => roff.text([bold("pop3-config"), roman("(5)")]),
        _ => roff.text([bold("pop3"), roman("(1), "), bold("pop3-config"), roman("(5)")]),
    };
}

#[cfg(test)]
mod tests {
    use pop3::account::Environment;

    use super::*;

    #[test]
    fn every_variable_that_is_read_is_explained() {
        for name in Environment::OTHER_VARIABLES {
            let upper = name.to_uppercase();
            assert!(VARIABLES.iter().any(|(names, ..)| names.split(", ").any(|one| one == upper)), "{name}");
        }
    }
}
