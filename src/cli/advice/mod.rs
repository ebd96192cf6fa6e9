//! The sentences for the library's [`Advice`], with the names of the options, variables and commands of this
//! program. Each fits the one case that it is given for.

mod elsewhere;
mod oauth;
mod reach;
mod run;
mod settings;
mod sign_in;
mod tls;

use pop3::advice::Advice;

pub(crate) use self::elsewhere::option as option_elsewhere;
pub(crate) use self::sign_in::login_command;

/// What to do, in one line: lower case, no full stop.
pub(crate) fn sentence(advice: &Advice) -> String {
    match advice {
        Advice::Reach(advice) => reach::sentence(advice),
        Advice::Tls(advice) => tls::sentence(advice),
        Advice::SignIn(advice) => sign_in::sentence(advice),
        Advice::OAuth(advice) => oauth::sentence(advice),
        Advice::Settings(advice) => settings::sentence(advice),
        Advice::Run(advice) => run::sentence(advice),
        Advice::Text(text) => text.clone(),
    }
}

/// Fails if the sentence names an option, a command or an `oauth-…` key that does not exist. Options behind a command,
/// between backticks, are those of that command; any other may be of any command.
#[cfg(test)]
#[allow(clippy::panic, reason = "a test")]
pub(super) fn names_only_real_options(sentence: &str) {
    use clap::{Arg, Command, CommandFactory};

    fn has(command: &Command, option: &str) -> bool {
        let is_it = |arg: &Arg| match option.strip_prefix("--") {
            Some(long) => arg.get_long() == Some(long),
            None => arg.get_short().is_some_and(|short| option.ends_with(short)),
        };
        command.get_arguments().any(is_it)
    }
    fn has_anywhere(command: &Command, option: &str) -> bool {
        has(command, option) || command.get_subcommands().any(|below| has_anywhere(below, option))
    }
    fn is_option(word: &&str) -> bool {
        match word.strip_prefix("--") {
            Some(long) => long.starts_with(|c: char| c.is_ascii_lowercase()),
            None => word.len() == 2 && word.starts_with('-'),
        }
    }
    fn words(text: &str) -> impl Iterator<Item = &str> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).filter(|word| !word.is_empty())
    }

    let mut whole = super::args::Cli::command();
    whole.build();
    for (place, text) in sentence.split('`').enumerate() {
        let is_quoted = place % 2 == 1;
        if let Some(rest) = text.strip_prefix("pop3 ").filter(|_| is_quoted) {
            let mut command = &whole;
            for name in rest.split(' ').take_while(|word| !word.starts_with('-')) {
                match command.find_subcommand(name) {
                    Some(below) => command = below,
                    None if command.has_subcommands() => panic!("there is no command `{text}`"),
                    None => break,
                }
            }
            for option in words(rest).filter(is_option) {
                assert!(has(command, option), "`{text}` has no option {option}");
            }
        } else if !is_quoted || text.starts_with('-') {
            for option in words(text).filter(is_option) {
                assert!(has_anywhere(&whole, option), "no command has {option}: {sentence}");
            }
        }
    }
    for key in words(sentence).filter(|word| word.starts_with("oauth-") && !word.ends_with('-')) {
        let is_known = pop3::account::OAuthWords::keys().any(|known| known.name == key);
        assert!(is_known, "there is no key {key}: {sentence}");
    }
}

#[cfg(test)]
mod tests {
    use super::names_only_real_options;

    #[test]
    fn what_does_not_exist_is_found() {
        for sound in [
            "give --server, or run `pop3 auth login -a NAME --device`; `pop3 --help` and `pop3 top 3 5` exist",
            "-4 and -----BEGIN CERTIFICATE----- and `chmod -x --y /z` and the other oauth- keys",
        ] {
            names_only_real_options(sound);
        }
        for wrong in
            ["give --servers", "run `pop3 auth logon`", "run `pop3 list --device`", "set oauth-tenant"]
        {
            assert!(std::panic::catch_unwind(|| names_only_real_options(wrong)).is_err(), "{wrong}");
        }
    }

    /// The texts of several words between quotes, of what is before the tests.
    fn literals(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let parts = code.replace("\\\"", "'");
        parts.split('"').skip(1).step_by(2).filter(|text| text.contains(' ')).map(str::to_owned).collect()
    }

    #[test]
    fn every_sentence_names_only_what_exists() {
        let files = [
            include_str!("reach.rs"),
            include_str!("tls.rs"),
            include_str!("settings.rs"),
            include_str!("run.rs"),
            include_str!("sign_in.rs"),
            include_str!("oauth.rs"),
        ];
        let sentences: Vec<String> = files.into_iter().flat_map(literals).collect();
        assert!(sentences.iter().any(|text| text.contains("--tls-host")), "they are read");
        assert!(sentences.len() > 200, "{}", sentences.len());
        sentences.iter().for_each(|sentence| names_only_real_options(sentence));
    }
}
