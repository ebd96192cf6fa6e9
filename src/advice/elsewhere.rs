//! Words of other programs (fetchmail, getmail, mpop, curl) for what is called otherwise here, so that a habit is
//! answered with the name that is meant.

/// What an option or a key of another program is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// Delete what was fetched.
    Delete,
    /// Delete it after some days.
    DeleteLater,
    /// Leave everything on the server.
    LeaveAll,
    /// Encrypt the connection.
    Encrypt,
    /// Check the certificate, or do not.
    CheckCertificate,
    /// Trust the authorities of a file.
    Authorities,
    /// Trust a certificate by its digest.
    Fingerprint,
    /// Present a client certificate.
    ClientCertificate,
    /// Sign in as this user.
    User,
    /// Sign in with this password.
    Password,
    /// Read the password from a command.
    PasswordCommand,
    /// The server's host or port.
    Server,
    /// Where messages are delivered.
    Destination,
    /// A folder on the server.
    Folder,
    /// Skip messages that are larger.
    LargestSize,
    /// Fetch at most so many messages.
    MostMessages,
    /// Fetch new messages only.
    OnlyNew,
    /// Fetch old messages as well.
    OldToo,
    /// All accounts.
    AllAccounts,
    /// Fetch at intervals.
    Interval,
    /// Show what would be done.
    Preview,
    /// Show the dialogue with the server.
    Trace,
    /// Read another configuration file.
    ConfigFile,
    /// Where the unique-ids of earlier runs are.
    StateFile,
    /// How long to wait for the server.
    Patience,
    /// Connect through a proxy.
    Proxy,
}

/// The words, with dashes for underscores, and what they are for.
const WORDS: [(&[&str], Elsewhere); 26] = [
    (&["delete", "nokeep", "no-keep", "flush"], Elsewhere::Delete),
    (&["days", "delete-after", "max-age", "age"], Elsewhere::DeleteLater),
    (&["dont-delete", "no-delete", "leave", "leave-on-server", "keep-on-server"], Elsewhere::LeaveAll),
    (&["ssl", "sslproto", "starttls", "tls-starttls", "stls", "ssl-reqd", "security"], Elsewhere::Encrypt),
    (
        &["insecure", "sslcertck", "nosslcertck", "tls-certcheck", "no-check-certificate", "verify"],
        Elsewhere::CheckCertificate,
    ),
    (&["cacert", "ca-certs", "cafile", "sslcertfile", "tls-trust-file"], Elsewhere::Authorities),
    (
        &["fingerprint", "sslfingerprint", "ssl-fingerprints", "tls-fingerprint", "pinnedpubkey"],
        Elsewhere::Fingerprint,
    ),
    (
        &["cert", "certfile", "sslcert", "tls-cert-file", "key", "keyfile", "sslkey", "tls-key-file"],
        Elsewhere::ClientCertificate,
    ),
    (&["username", "login", "auth-user"], Elsewhere::User),
    (&["password", "pass", "passwd", "netrc-password"], Elsewhere::Password),
    (&["passwordeval", "password-eval", "pass-command", "passcmd"], Elsewhere::PasswordCommand),
    (&["host", "hostname", "port", "service", "protocol", "url", "poll", "via"], Elsewhere::Server),
    (
        &["path", "mda", "delivery", "maildir", "mbox", "destination", "dest", "smtphost", "store"],
        Elsewhere::Destination,
    ),
    (&["folder", "folders", "mailbox", "mailboxes"], Elsewhere::Folder),
    (&["killsize", "skipsize", "max-message-size", "size-limit"], Elsewhere::LargestSize),
    (&["fetchlimit", "batchlimit", "max-messages-per-session", "max-messages"], Elsewhere::MostMessages),
    (&["only-new", "new", "unseen"], Elsewhere::OnlyNew),
    (&["fetchall", "read-all", "force"], Elsewhere::OldToo),
    (&["all", "all-accounts"], Elsewhere::AllAccounts),
    (&["daemon", "interval", "idle"], Elsewhere::Interval),
    (&["pretend", "simulate", "dryrun", "no-act"], Elsewhere::Preview),
    (&["debug", "logfile"], Elsewhere::Trace),
    (&["rcfile", "fetchmailrc", "config-file", "conf"], Elsewhere::ConfigFile),
    (&["idfile", "uidls-file"], Elsewhere::StateFile),
    (&["connect-timeout", "max-time"], Elsewhere::Patience),
    (&["proxy-host", "proxy-port", "socks5", "socks5-hostname"], Elsewhere::Proxy),
];

impl Elsewhere {
    /// What this option (without its dashes) or key is for in another program; `None` if it is no such word.
    pub fn of(word: &str) -> Option<Elsewhere> {
        // The longest word of the table is far shorter: no long text is changed and compared.
        let word = (word.len() < 32).then(|| word.to_ascii_lowercase().replace('_', "-"))?;
        WORDS.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, meaning)| *meaning)
    }

    /// Every word of the table.
    pub fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().flat_map(|(words, _)| words.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_each_spelling_and_is_in_the_table_once() {
        for word in ["password_eval", "PASSWORD-EVAL", "passwordeval"] {
            assert_eq!(Elsewhere::of(word), Some(Elsewhere::PasswordCommand), "{word}");
        }
        for word in ["", "keep", "delet", &"a".repeat(1000)] {
            assert_eq!(Elsewhere::of(word), None, "{word}");
        }
        let mut words: Vec<_> = Elsewhere::words().collect();
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all);
    }
}
