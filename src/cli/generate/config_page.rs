//! `pop3-config(5)`: every key of the configuration file, from the table of settings. What a key means is what the
//! help of its option says; keys without an option are explained here.

use std::io;

use clap::{Arg, Command};
use clap_mangen::roff::{Roff, roman};
use pop3::account::{Globals, Key, Overrides};

use super::man;
use crate::cli::args;

/// The keys that no option has, and what they mean.
const WITHOUT_OPTION: [(&str, &str); 19] = [
    (
        "password",
        "The password itself. The file must then be readable by its owner only. Better use password-command, \
         password-file or `pop3 auth login`.",
    ),
    (
        "maildrop",
        "A name for the maildrop, and so for its journal, if user and server do not identify it: for example two \
         maildrops behind one proxy or socket.",
    ),
    ("enabled", "With false the account is fetched only when it is named."),
    ("ip-version", "Connect by IP version 4 or 6 only, or by any. The options are -4 and -6."),
    (
        "oauth",
        "Sign in by OAuth with this provider: google, microsoft or yahoo, or none. A provider that has no name here is \
         described by the keys oauth-...-url.",
    ),
    ("oauth-client-id", "The client that is registered with the provider."),
    (
        "oauth-client-secret",
        "The client's secret, if it has one. The configuration file must then be readable by its owner only.",
    ),
    ("oauth-client-secret-command", "Read the client's secret from the first line this command prints."),
    ("oauth-client-secret-file", "Read the client's secret from the first line of this file."),
    ("oauth-scope", "The access to request, instead of the provider's usual scope for mail."),
    ("oauth-authorization-url", "The provider's authorization endpoint."),
    ("oauth-token-url", "The provider's token endpoint."),
    ("oauth-device-url", "The provider's endpoint for signing in with a code on another device."),
    ("oauth-revocation-url", "The provider's endpoint for revoking tokens."),
    (
        "oauth-redirect-url",
        "The address that the provider returns to, as it is registered with the provider.",
    ),
    ("default-account", "The account that commands for one account use if none is named."),
    (
        "include",
        "Further files with accounts: a list of patterns such as \"accounts.d/*.toml\", relative to this file's folder. \
         They contain [account.NAME] tables only.",
    ),
    (
        "keyring",
        "With false, secrets are stored in a file that only its owner may read, and not in the desktop's keyring.",
    ),
    ("to", "Another name of deliver."),
];

const DESCRIPTION: [&str; 4] = [
    "The file is TOML. Keys at its top are for all commands. An account is a table [account.NAME]; [defaults] has \
     the settings of every account that has none of its own.",
    "Options of the command line take precedence over environment variables, variables over the account's table, and \
     that over [defaults]. An unknown key is a mistake; `pop3 config check` shows every mistake with its line, and \
     `pop3 config show` the effective settings and where each comes from.",
    "A path begins with /, ~/ or $CREDENTIALS_DIRECTORY/. A size is a number with k, M or G (powers of 1024). A \
     duration is written as 30s, 2m, 1h30m or 14d. A list is written as [\"a\", \"b\"].",
    "A file with a password or a client secret in it is refused if others may read it.",
];

const EXAMPLE: &str = "\
Examples:
  default-account = \"work\"

  [defaults]
  deliver = \"maildir:~/Mail/inbox\"

  [account.work]
  server = \"pop3s://pop.example.com\"
  user = \"me@example.com\"
  password-command = \"pass show mail/work\"
  keep = \"14d\"";

/// The page; `command` is the whole command line.
pub(super) fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut roff = Roff::default();
    let source = man::source();
    roff.control("TH", ["pop3-config", "5", man::DATE, source.as_str(), "pop3 manual"]);
    roff.control("SH", ["NAME"]);
    roff.text([roman("pop3-config - the configuration file of pop3")]);
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([roman("$XDG_CONFIG_HOME/pop3/config.toml, usually ~/.config/pop3/config.toml")]);
    roff.control("SH", ["DESCRIPTION"]);
    for (at, paragraph) in DESCRIPTION.iter().enumerate() {
        if at > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(*paragraph)]);
    }
    roff.control("SH", ["KEYS AT THE TOP"]);
    for key in Globals::keys() {
        describe(&mut roff, command, key, false);
    }
    roff.control("SH", ["KEYS OF ACCOUNTS AND DEFAULTS"]);
    for key in Overrides::keys() {
        describe(&mut roff, command, key, true);
    }
    man::files(&mut roff, false);
    man::verbatim(&mut roff, EXAMPLE);
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman("pop3(1), pop3-fetch(1), pop3-config-check(1), pop3-config-show(1)")]);
    let mut text = Vec::new();
    roff.to_writer(&mut text)?;
    Ok(text)
}

fn describe(roff: &mut Roff, command: &Command, key: &Key, is_of_accounts: bool) {
    let option = option_of(command, key.name);
    let written =
        WITHOUT_OPTION.iter().find(|(name, _)| *name == key.name).map(|(_, text)| (*text).to_owned());
    let meaning = written.or_else(|| option.map(meaning)).unwrap_or_default();
    let mut paragraphs = meaning.split("\n\n");
    man::item(roff, key.name, paragraphs.next().unwrap_or_default());
    for paragraph in paragraphs {
        roff.control("IP", []);
        roff.text([roman(paragraph)]);
    }
    roff.control("IP", []);
    roff.text([roman(facts(key, option, is_of_accounts))]);
}

/// Default, scope, option and variable, in one line.
fn facts(key: &Key, option: Option<&Arg>, is_of_accounts: bool) -> String {
    let mut facts = Vec::new();
    facts.extend(
        Overrides::default_of(key.name).filter(|_| is_of_accounts).map(|value| format!("Default: {value}.")),
    );
    if key.is_of_one_account() {
        facts.push("Only in [account.NAME].".to_owned());
    }
    if key.separators().is_some() {
        facts.push("May be a list.".to_owned());
    }
    facts.push(match option.and_then(Arg::get_long) {
        Some(long) => format!("Option: --{long}."),
        None => "It has no option.".to_owned(),
    });
    let variable = match key.name {
        "default-account" => Some("POP3_ACCOUNT".to_owned()),
        "include" => None,
        _ => Some(key.variable()),
    };
    facts.extend(variable.map(|name| match key.separators() {
        Some(between) if is_of_accounts => {
            let between: Vec<_> =
                between.iter().map(|c| if *c == ' ' { "a space".into() } else { c.to_string() }).collect();
            format!("Variable: {name}, its values separated by {}.", between.join(" or "))
        }
        _ => format!("Variable: {name}."),
    }));
    facts.join(" ")
}

/// The option that sets a key.
fn option_of<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    let long = if key == "deliver" { "to" } else { key };
    let fetch = command.find_subcommand("fetch").into_iter().flat_map(Command::get_arguments);
    command.get_arguments().chain(fetch).find(|arg| arg.get_long() == Some(long))
}

/// What the help of an option says, without what the page says of every key alike.
fn meaning(option: &Arg) -> String {
    let help = option.get_long_help().or(option.get_help()).map(ToString::to_string).unwrap_or_default();
    let variable = args::variable(option).map(|name| format!("[env: {name}]")).unwrap_or_default();
    let text = help.replace(&variable, "");
    let mut paragraphs: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        let paragraph = paragraph.split(" [default: ").next().unwrap_or_default();
        paragraphs.push(format!("{}.", paragraph.trim_end_matches('.')));
    }
    paragraphs.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Command {
        let mut command = super::super::shown();
        command.build();
        command
    }

    #[test]
    fn every_key_has_a_meaning_and_what_has_an_option_is_explained_there() {
        let command = whole();
        let keys: Vec<_> = Globals::keys().chain(Overrides::keys()).map(|key| key.name).collect();
        for key in &keys {
            let is_written = WITHOUT_OPTION.iter().any(|(name, _)| name == key);
            let option = option_of(&command, key).filter(|_| *key != "to");
            assert!(
                is_written != option.is_some(),
                "{key} is explained {}",
                if is_written { "twice" } else { "nowhere" }
            );
            if let Some(option) = option {
                let text = meaning(option);
                assert!(text.len() > 10 && text.ends_with('.') && !text.contains("[env"), "{key}: {text}");
            }
        }
        for (name, _) in WITHOUT_OPTION {
            assert!(keys.contains(&name), "{name} is no key");
        }
    }

    #[test]
    fn a_key_has_its_default_its_option_its_variable_and_its_scope() {
        let text = String::from_utf8(page(&whole()).expect("in memory")).expect("ASCII");
        let text = text.replace("\\-", "-").replace("\\.", ".");
        for line in [
            "Default: all. Option: --keep. Variable: POP3_KEEP.",
            "Default: 60s. Option: --timeout. Variable: POP3_TIMEOUT.",
            "Only in [account.NAME]. It has no option. Variable: POP3_MAILDROP.",
            "May be a list. Option: --ca-file. Variable: POP3_CA_FILE, its values separated by :.",
            "Option: --to. Variable: POP3_DELIVER.",
            "It has no option. Variable: POP3_ACCOUNT.",
            "May be a list. It has no option.",
        ] {
            assert!(text.contains(line), "no {line:?} in {text}");
        }
    }
}
