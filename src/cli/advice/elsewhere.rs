//! The sentences for words of other programs: with our option for one on the command line, with our key for one in
//! the configuration file.

use pop3::advice::Elsewhere;

/// What to use in place of an option of another program.
pub(crate) fn option(word: Elsewhere) -> &'static str {
    both(word).0
}

/// What to write in place of a key of another program.
pub(super) fn key(word: Elsewhere) -> &'static str {
    both(word).1
}

fn both(word: Elsewhere) -> (&'static str, &'static str) {
    match word {
        Elsewhere::Delete => (
            "to delete after fetching use `pop3 fetch --keep none`",
            "to delete after fetching write keep = \"none\"",
        ),
        Elsewhere::DeleteLater => (
            "to delete after 14 days use `pop3 fetch --keep 14d`",
            "to delete after 14 days write keep = \"14d\"",
        ),
        Elsewhere::LeaveAll => (
            "everything stays on the server, unless --keep says otherwise",
            "everything stays on the server, unless keep says otherwise",
        ),
        Elsewhere::Encrypt => (
            "the URL of --server says it: pop3s://HOST is TLS from the start, pop3://HOST is STLS",
            "the server's URL says it: server = \"pop3s://HOST\" is TLS from the start, \"pop3://HOST\" is STLS",
        ),
        Elsewhere::CheckCertificate => (
            "certificates are always checked: trust another authority with --ca-file, or one certificate with --pin",
            "certificates are always checked: trust another authority with ca-file, or one certificate with pin",
        ),
        Elsewhere::Authorities => ("use --ca-file FILE", "write ca-file = \"FILE\""),
        Elsewhere::Fingerprint => (
            "use --pin sha256:HEX, which `pop3 check` shows",
            "write pin = \"sha256:HEX\", which `pop3 check` shows",
        ),
        Elsewhere::ClientCertificate => (
            "use --client-cert FILE and --client-key FILE",
            "write client-cert = \"FILE\" and client-key = \"FILE\"",
        ),
        Elsewhere::User => ("use --user NAME", "write user = \"NAME\""),
        Elsewhere::Password => (
            "a password is never an argument, where every process could read it: use --password-command, \
             --password-file or POP3_PASSWORD, or store it with `pop3 auth login`",
            "write password-command = \"CMD\" or password-file = \"FILE\", or store it with `pop3 auth login`",
        ),
        Elsewhere::PasswordCommand => ("use --password-command CMD", "write password-command = \"CMD\""),
        Elsewhere::Server => (
            "the server is one URL: --server pop3s://HOST:PORT",
            "the server is one URL: server = \"pop3s://HOST:PORT\"",
        ),
        Elsewhere::Destination => (
            "name the destination with --to maildir:PATH, --to mbox:PATH or --to command:CMD",
            "name the destination with deliver = \"maildir:PATH\", \"mbox:PATH\" or \"command:CMD\"",
        ),
        Elsewhere::Folder => (
            "a POP3 server has no folders, only the inbox; --to says where messages go",
            "a POP3 server has no folders, only the inbox; deliver says where messages go",
        ),
        Elsewhere::LargestSize => (
            "to leave large messages on the server use --max-size 10M",
            "to leave large messages on the server write max-size = \"10M\"",
        ),
        Elsewhere::MostMessages => (
            "to fetch at most 100 messages in a run use --limit 100",
            "to fetch at most 100 messages in a run write limit = 100",
        ),
        Elsewhere::OnlyNew => (
            "`pop3 fetch` fetches only new messages: leave it out",
            "only new messages are fetched: leave it out",
        ),
        Elsewhere::OldToo => (
            "`pop3 fetch --refetch` fetches again what was fetched before",
            "only new messages are fetched; `pop3 fetch --refetch` fetches the others again",
        ),
        Elsewhere::AllAccounts => (
            "`pop3 fetch` fetches all accounts; other commands use the one that --account names",
            "`pop3 fetch` fetches all accounts, except those with enabled = false",
        ),
        Elsewhere::Interval => (
            "`pop3 fetch` ends when all is fetched: start it again from cron or a systemd timer",
            "`pop3 fetch` ends when all is fetched: start it again from cron or a systemd timer",
        ),
        Elsewhere::Preview => (
            "to see what would be fetched and deleted use `pop3 fetch --dry-run`",
            "to see what would be fetched and deleted use `pop3 fetch --dry-run`",
        ),
        Elsewhere::Trace => (
            "--trace shows the dialogue with the server, on standard error",
            "trace = true shows the dialogue with the server, on standard error",
        ),
        Elsewhere::ConfigFile => ("use --config FILE", "other files are read with include = [\"FILE\"]"),
        Elsewhere::StateFile => (
            "what was fetched is recorded below XDG_STATE_HOME; `pop3 state show` shows it",
            "what was fetched is recorded below XDG_STATE_HOME; `pop3 state show` shows it",
        ),
        Elsewhere::Patience => ("use --timeout 30s", "write timeout = \"30s\""),
        Elsewhere::Proxy => ("use --proxy socks5h://HOST:PORT", "write proxy = \"socks5h://HOST:PORT\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::advice::names_only_real_options;
    use pop3::account::{Globals, Overrides};

    #[test]
    fn every_word_is_answered_with_options_and_keys_that_exist() {
        let known: Vec<_> = Overrides::keys().chain(Globals::keys()).map(|key| key.name).collect();
        let mut seen = Vec::new();
        for word in Elsewhere::words() {
            let meaning = Elsewhere::of(word).expect("it is in the table");
            if seen.contains(&meaning) {
                continue;
            }
            seen.push(meaning);
            names_only_real_options(option(meaning));
            let answer = key(meaning);
            names_only_real_options(answer);
            assert!(!answer.contains(" --") || answer.contains("`pop3 fetch --"), "{answer}");
            let named = answer.split(' ').zip(answer.split(' ').skip(1)).filter(|(_, sign)| *sign == "=");
            for (name, _) in named {
                assert!(known.contains(&name), "{word}: there is no key {name}");
            }
        }
    }

    #[test]
    fn no_key_of_ours_is_taken_for_one_of_another_program() {
        let known = Overrides::keys().chain(Globals::keys()).map(|key| key.name);
        // It is a key, and no option.
        for key in known.filter(|key| *key != "password") {
            assert_eq!(Elsewhere::of(key), None, "{key}");
        }
    }
}
