//! Advice on the configuration.

use std::path::PathBuf;

use super::{Advice, Elsewhere};

/// Advice on the configuration. Where the file and the command line name a setting differently, `in_file` says which
/// of them the advice is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// An unknown key resembles this one.
    MistypedKey(String),
    /// An unknown key is one of another program.
    KeyOfElsewhere(Elsewhere),
    /// An unknown key resembles none; these are known in its place.
    KnownKeys(Vec<String>),
    /// This key of accounts is at the top of the file.
    KeyOfAccounts(String),
    /// This key of the top of the file is in a table.
    KeyOfTop(String),
    /// A key of one account is where it would be for several.
    KeyOfOneAccount,
    /// `defaults` is not a table.
    DefaultsTable,
    /// `account`, or one of its entries, is not a table.
    AccountTable,
    /// `[defaults]` has the encryption of a server, and no server.
    EncryptionOfServer,
    /// A text in double quotes has a control character, which a backslash makes there.
    EscapeInQuotes,
    /// The pattern of an `include` begins with a variable or with another user's home folder.
    IncludePattern,
    /// A key of an included file that only the configuration itself, this file, may have.
    MoveKeyTo(PathBuf),
    /// Two accounts have the same name.
    RenameAccount,
    /// The configuration file does not exist where it was named.
    MissingFile,
    /// This user may not read the configuration file.
    UnreadableFile,
    /// This user may not read an included file.
    UnreadableInclude,
    /// The configuration file, or an included one, is not UTF-8.
    Utf8,
    /// The configuration file is too large for one.
    OversizedFile,
    /// The configuration file cannot be read for another reason.
    OtherFile,
    /// An included file cannot be read for another reason than its permissions.
    OtherInclude,
    /// The file has more mistakes than the one that is told, which has this advice.
    MoreMistakes(Option<Box<Advice>>),

    /// An account has no server, and `pop3 config check` looks at it.
    AddServer,
    /// The same of an account that is used.
    AddOrNameServer,
    /// An account has no user, and `pop3 config check` looks at it.
    AddUser,
    /// The same of an account that is used.
    AddOrNameUser,
    /// A server without an account has no user.
    NameUser,
    /// Neither a server nor an account is named, and none is configured in this file.
    NameServer(Option<PathBuf>),
    /// An account is named, and none is configured.
    NoAccounts,
    /// The name of an account resembles this one.
    MistypedAccount(String),
    /// The name of an account resembles none; these are configured.
    KnownAccounts(Vec<String>),
    /// Every account is disabled.
    NameDisabledAccount,
    /// Several accounts are configured, and one is wanted.
    NameAccountOrDefault,
    /// Several accounts are selected, and only one is possible.
    NameSingleAccount,
    /// Several accounts are selected, and one password is given for all.
    PasswordOfEachAccount,

    /// A secret has two sources.
    NameOneSource,
    /// A client key is named without its certificate.
    ClientCertificate {
        /// As keys.
        in_file: bool,
    },
    /// The file has these keys, which are different ways to the server.
    LeaveOutOneOf(Vec<String>),
    /// The file has these keys for the way to a server, which a socket has no use for.
    LeaveOutForSocket(Vec<String>),
    /// There are both a password and OAuth.
    PasswordOrOAuth {
        /// As keys; else as variables of the environment.
        in_file: bool,
    },
    /// There are both OAuth and a mechanism that takes no token.
    MechanismOrOAuth {
        /// As keys; else as variables of the environment.
        in_file: bool,
    },

    /// The URL of a server has no scheme; this is its host, in brackets if it is an IPv6 address.
    SchemeForHost(String),
    /// The URL of a server has an unknown scheme.
    ServerSchemes,
    /// The URL of a server has no scheme and no host, or no valid host.
    ServerForm,
    /// The URL of a socket has no absolute path.
    SocketForm,
    /// The URL of a server contains a password.
    PasswordInUrl {
        /// As keys.
        in_file: bool,
    },
    /// The user name in the URL of a server is empty or has an invalid escape.
    UserInUrl {
        /// As a key.
        in_file: bool,
    },
    /// The host of a URL looks like an IPv6 address without brackets.
    Ipv6Brackets,
    /// The host of a URL has characters that are not ASCII.
    AsciiHost,
    /// The URL of a proxy contains a password.
    PasswordInProxyUrl,
    /// The URL of a proxy has no scheme, or an invalid user name, host or port.
    ProxyForm,
    /// The proxy that was configured is not a SOCKS5 proxy.
    ProxySchemes,
    /// The same of the proxy that `ALL_PROXY` names.
    ProxySchemesOfSystem,

    /// A path of the file is relative, or begins with a variable or with another user's home folder.
    AbsolutePath,
    /// A path begins with `~`, and there is no home folder.
    NoHome,
    /// A destination is empty.
    EmptyDestination,
    /// A destination is of an unknown kind.
    DestinationKinds {
        /// Relative paths are not possible.
        in_file: bool,
    },
    /// This path, where nothing exists yet, may become a Maildir or an mbox.
    MaildirOrMbox(String),
    /// What to keep is this number of minutes or of megabytes.
    UnitToKeep(String),
}

impl Settings {
    /// The same for a value that is in the file.
    #[must_use]
    pub(crate) fn in_file(self) -> Settings {
        match self {
            Settings::PasswordInUrl { .. } => Settings::PasswordInUrl { in_file: true },
            Settings::UserInUrl { .. } => Settings::UserInUrl { in_file: true },
            Settings::DestinationKinds { .. } => Settings::DestinationKinds { in_file: true },
            other => other,
        }
    }
}
