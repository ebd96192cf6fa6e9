//! The sentences for advice on the configuration.

use pop3::advice::Settings;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &Settings) -> String {
    let text = match advice {
        Settings::MistypedKey(known) => return format!("did you mean \"{known}\"?"),
        Settings::KeyOfElsewhere(word) => super::elsewhere::key(*word),
        Settings::KnownKeys(known) => return format!("the known keys are {}", known.join(", ")),
        Settings::KeyOfAccounts(key) => return format!("{key} belongs under [defaults] or [account.NAME]"),
        Settings::KeyOfTop(key) => return format!("{key} belongs at the top of the file, above all tables"),
        Settings::KeyOfOneAccount => "write it below the [account.NAME] that it is meant for",
        Settings::DefaultsTable => "write [defaults] above its keys",
        Settings::AccountTable => "write [account.NAME] above its keys",
        Settings::EncryptionOfServer => "write it below the server that it is meant for",
        Settings::EscapeInQuotes => {
            "in double quotes a backslash begins an escape: write the text in single quotes, as in 'CORP\\tim'"
        }
        Settings::IncludePattern => "begin it with / or ~/, or write it as seen from the file's folder",
        Settings::MoveKeyTo(file) => return format!("write it into {}", file.display()),
        Settings::RenameAccount => "give one of them another name",
        Settings::MissingFile => "name the file that is meant with --config",
        Settings::UnreadableFile => {
            "let this user read it, or name another file with --config, or another folder with XDG_CONFIG_HOME"
        }
        Settings::UnreadableInclude => "let this user read it, or leave it out of include",
        Settings::Utf8 => "save it as UTF-8",
        Settings::OversizedFile => "is it the right file? --config names another",
        Settings::OtherFile => "--config names another file, XDG_CONFIG_HOME another folder",
        Settings::OtherInclude => "is it the right file? let include name files with accounts only",
        Settings::MoreMistakes(first) => return more_mistakes(first.as_deref().map(super::sentence)),

        Settings::AddServer => "add server = \"pop3s://HOST\"",
        Settings::AddOrNameServer => "add server = \"pop3s://HOST\" to it, or give --server",
        Settings::AddUser => "add user = \"NAME\"",
        Settings::AddOrNameUser => "add user = \"NAME\" to it, or give --user",
        Settings::NameUser => "give --user, or write it into the URL before an @",
        Settings::NameServer(file) => {
            let file = file.as_ref().map_or("a config.toml".to_owned(), |file| file.display().to_string());
            return format!("give --server pop3s://USER@HOST, or write an [account.NAME] into {file}");
        }
        Settings::NoAccounts => "no account is configured; give --server pop3s://USER@HOST",
        Settings::MistypedAccount(known) => return format!("did you mean {known}?"),
        Settings::KnownAccounts(known) => return format!("the configured accounts are {}", known.join(", ")),
        Settings::NameDisabledAccount => "name one with --account",
        Settings::NameAccountOrDefault => {
            "name one with --account, or set default-account in the configuration"
        }
        Settings::NameSingleAccount => "name a single one with --account",
        Settings::PasswordOfEachAccount => {
            "name a single one with --account, or store the password of each with `pop3 auth login`"
        }

        Settings::NameOneSource => "name one of them",
        Settings::ClientCertificate { in_file: true } => "name the certificate too: client-cert = \"FILE\"",
        Settings::ClientCertificate { in_file: false } => "name the certificate too: --client-cert FILE",
        Settings::LeaveOutOneOf(keys) => return format!("leave out one of {}", keys.join(" and ")),
        Settings::LeaveOutForSocket(keys) => {
            return format!("leave out {}, or name a server with a host", keys.join(" and "));
        }
        Settings::PasswordOrOAuth { in_file: true } => "name one of the two, or say oauth = \"none\"",
        Settings::PasswordOrOAuth { in_file: false } => "name one of the two, or say POP3_OAUTH=none",
        Settings::MechanismOrOAuth { in_file: true } => "leave auth out, or say oauth = \"none\"",
        Settings::MechanismOrOAuth { in_file: false } => "leave POP3_AUTH out, or say POP3_OAUTH=none",

        Settings::SchemeForHost(host) => {
            return format!("write pop3s://{host} for TLS, or pop3://{host} for STLS");
        }
        Settings::ServerSchemes => "it is one of pop3s:// (TLS), pop3:// (STLS) and pop3+unix:// (a socket)",
        Settings::ServerForm => "write it as pop3s://user@host:port",
        Settings::SocketForm => "write pop3+unix:///path",
        Settings::PasswordInUrl { in_file: true } => {
            "use password-command, password-file or password; a colon in the user name itself is written %3A"
        }
        Settings::PasswordInUrl { in_file: false } => {
            "use --password-command, --password-file or POP3_PASSWORD; \
             a colon in the user name itself is written %3A"
        }
        Settings::UserInUrl { in_file: true } => "give it by user = \"NAME\", where nothing needs an escape",
        Settings::UserInUrl { in_file: false } => "give it by --user, where nothing needs an escape",
        Settings::Ipv6Brackets => "write an IPv6 address as [::1]",
        Settings::AsciiHost => "write it in its xn-- form",
        Settings::PasswordInProxyUrl => {
            "put it into the environment variable POP3_PROXY_PASSWORD; \
             a colon in the user name itself is written %3A"
        }
        Settings::ProxyForm => "write it as socks5h://[user@]host[:port]",
        Settings::ProxySchemes => {
            "socks5h:// has the proxy resolve the server's name, socks5:// does it here; none connects directly"
        }
        Settings::ProxySchemesOfSystem => {
            "socks5h:// has the proxy resolve the server's name, socks5:// does it here; \
             --proxy none does without"
        }

        Settings::AbsolutePath => "begin the path with / or ~/",
        Settings::NoHome => "write the path in full, or set HOME",
        Settings::EmptyDestination => "name a path or a command, as in maildir:~/Mail/inbox",
        Settings::DestinationKinds { in_file: true } => "use maildir:PATH, mbox:PATH or command:CMD",
        Settings::DestinationKinds { in_file: false } => {
            "use maildir:PATH, mbox:PATH or command:CMD, or ./ before a path with a colon"
        }
        Settings::MaildirOrMbox(path) => return format!("write maildir:{path} or mbox:{path}"),
        Settings::UnitToKeep(number) => {
            return format!(
                "write {number}MB for the newest mail of that size; an age is in h, d or w: {number}d"
            );
        }
    };
    text.to_owned()
}

fn more_mistakes(first: Option<String>) -> String {
    match first {
        None => "`pop3 config check` shows every mistake with its line".to_owned(),
        Some(question) if question.ends_with('?') => {
            format!("{question} `pop3 config check` shows every mistake")
        }
        Some(first) => format!("{first}; `pop3 config check` shows every mistake"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(advice: &Settings, text: &str) {
        assert_eq!(sentence(advice), text);
    }

    #[test]
    fn a_mistake_keeps_its_advice_where_there_are_more() {
        let first = |advice: Settings| Settings::MoreMistakes(Some(Box::new(advice.into())));
        says(
            &first(Settings::MistypedKey("server".to_owned())),
            "did you mean \"server\"? `pop3 config check` shows every mistake",
        );
        says(
            &first(Settings::AbsolutePath),
            "begin the path with / or ~/; `pop3 config check` shows every mistake",
        );
        says(&Settings::MoreMistakes(None), "`pop3 config check` shows every mistake with its line");
    }

    #[test]
    fn what_is_in_the_file_is_told_with_keys_and_what_is_not_with_options_or_variables() {
        for advice in [
            |in_file| Settings::ClientCertificate { in_file },
            |in_file| Settings::PasswordOrOAuth { in_file },
            |in_file| Settings::MechanismOrOAuth { in_file },
            |in_file| Settings::PasswordInUrl { in_file },
            |in_file| Settings::UserInUrl { in_file },
        ] {
            let (of_file, of_run) = (sentence(&advice(true)), sentence(&advice(false)));
            assert!(!of_file.contains("--") && !of_file.contains("POP3_"), "{of_file}");
            assert!(of_run.contains("--") || of_run.contains("POP3_"), "{of_run}");
        }
        let keys = ["tunnel", "proxy"].map(str::to_owned).to_vec();
        says(&Settings::LeaveOutOneOf(keys.clone()), "leave out one of tunnel and proxy");
        says(&Settings::LeaveOutForSocket(keys), "leave out tunnel and proxy, or name a server with a host");
        // A relative path is possible on the command line only.
        let kinds = |in_file| sentence(&Settings::DestinationKinds { in_file });
        assert!(kinds(false).contains("./") && !kinds(true).contains("./"));
    }

    #[test]
    fn the_file_to_write_an_account_into_is_named_where_there_is_one() {
        let start = "give --server pop3s://USER@HOST, or write an [account.NAME] into";
        says(&Settings::NameServer(None), &format!("{start} a config.toml"));
        says(&Settings::NameServer(Some("/c/config.toml".into())), &format!("{start} /c/config.toml"));
    }

    #[test]
    fn a_server_without_a_scheme_is_led_to_both() {
        let advice = Settings::SchemeForHost("[::1]".to_owned());
        says(&advice, "write pop3s://[::1] for TLS, or pop3://[::1] for STLS");
    }

    #[test]
    fn a_number_with_an_m_is_written_out_both_ways() {
        let advice = Settings::UnitToKeep("15".to_owned());
        says(&advice, "write 15MB for the newest mail of that size; an age is in h, d or w: 15d");
    }
}
