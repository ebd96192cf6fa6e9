//! The objects of the commands about the configuration, the journal and stored secrets.

use pop3::account::Origin;
use pop3::safe::{SecretKind, StoredIn};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Line, Time, UniqueId};

/// An object of `accounts`, `config`, `state`, `problems` or `auth`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub(crate) enum Local<'a> {
    /// `pop3 accounts`: a configured account.
    Account {
        /// Its name.
        account: &'a str,
        /// Whether commands for one account take it unless another is named.
        default: bool,
        /// Whether it is fetched without being named.
        enabled: bool,
        /// The server: host and port, or the path of a socket.
        server: String,
        /// The encryption.
        tls: String,
        /// The user name.
        user: &'a str,
        /// Where the password comes from.
        password: &'a str,
        /// What stays on the server.
        keep: String,
        /// Where its messages go.
        deliver: Option<String>,
    },
    /// `pop3 config show`: a setting.
    Setting {
        /// The account; `null` for a server without one.
        account: Option<&'a str>,
        /// Its key in the configuration file.
        setting: &'a str,
        /// Its value; `null` for a secret.
        value: Option<&'a str>,
        /// Whether it is a secret.
        hidden: bool,
        /// Where it was set.
        from: Layer,
        /// The same as a person finds it: `[account.work]`, `POP3_KEEP`, `--keep`.
        r#where: String,
    },
    /// `pop3 config check`: a mistake.
    Mistake {
        /// The file.
        file: String,
        /// Its line.
        line: usize,
        /// The column in it.
        column: usize,
        /// What is wrong.
        message: &'a str,
        /// What to do about it.
        hint: Option<String>,
    },
    /// `pop3 state show`: what is recorded of a message.
    State {
        /// The account.
        account: &'a str,
        #[serde(flatten)]
        unique_id: UniqueId<'a>,
        /// `seen`, `intended`, `delivered`, `gone` or `skipped`.
        state: &'a str,
        /// Since when.
        since: Option<Time>,
        /// When it was first seen on the server.
        first_seen: Option<Time>,
        /// Its size as the server declared it.
        octets: Option<u64>,
        /// What it is recognised by.
        identity: Option<String>,
        /// How often it failed.
        failures: u32,
        /// Why it failed last.
        last_failure: Option<&'a str>,
    },
    /// `pop3 state forget`: messages that were removed from the journal.
    Forget {
        /// The account.
        account: &'a str,
        /// How many.
        messages: usize,
    },
    /// `pop3 problems`: a message that could not be fetched.
    Problem {
        /// The account.
        account: &'a str,
        #[serde(flatten)]
        unique_id: UniqueId<'a>,
        /// The sender: name and address.
        from: &'a str,
        /// The subject.
        subject: &'a str,
        /// Its size as the server declared it.
        octets: Option<u64>,
        /// What stood in the way.
        cause: &'a str,
        /// How often it failed.
        failures: u32,
        /// When it failed first.
        since: Option<Time>,
        /// When it is retried.
        next_try: Option<Time>,
        /// Why it failed last.
        reason: &'a str,
    },
    /// `pop3 problems --skip`: messages that are neither fetched nor deleted from now on.
    Skip {
        /// The account.
        account: &'a str,
        /// How many.
        messages: usize,
    },
    /// `pop3 auth status`: a secret of an account, or that it has none.
    Secret {
        /// The account.
        account: &'a str,
        /// What it is.
        secret: SecretName,
        /// Where it is stored, if it is.
        stored_in: Option<PlaceName>,
        /// The file.
        path: Option<String>,
        /// The source of the password that counts before the stored one.
        outweighed_by: Option<&'a str>,
        /// The user name of a configured account.
        user: Option<&'a str>,
        /// The OAuth provider.
        provider: Option<&'a str>,
        /// `signed in`, `expired`, `not configured` …, where there is something to say.
        state: Option<&'a str>,
        /// When the access token expires.
        token_until: Option<Time>,
        /// Whether the access token is renewed without the user, if that is known.
        renews: Option<bool>,
        /// What the token allows.
        scope: Option<&'a str>,
    },
    /// `pop3 auth login`: signed in, and the secret is stored.
    Login {
        /// The account.
        account: &'a str,
        /// What is stored.
        secret: SecretName,
        /// Where.
        stored_in: PlaceName,
        /// The file.
        path: Option<String>,
        /// Whether the mail server has accepted it; otherwise it could not be asked.
        tried: bool,
        /// The OAuth provider.
        provider: Option<&'a str>,
        /// When the access token expires.
        token_until: Option<Time>,
        /// Whether the access token is renewed without the user.
        renews: Option<bool>,
        /// What the token allows.
        scope: Option<&'a str>,
    },
    /// `pop3 auth login --device`: what the user has to do, before it goes on.
    EnterCode {
        /// The account.
        account: &'a str,
        /// The address to open, on any machine.
        url: &'a str,
        /// The same with the code in it, where the provider has that.
        complete_url: Option<&'a str>,
        /// The code to enter there.
        code: &'a str,
        /// How long it is valid, in seconds.
        expires_in: u64,
    },
    /// `pop3 auth login --browser`: what the user has to do, before it goes on.
    OpenUrl {
        /// The account.
        account: &'a str,
        /// The address to open.
        url: &'a str,
        /// Whether the browser comes back by itself; otherwise the address where it ended is read from stdin.
        listens: bool,
    },
    /// `pop3 auth logout`: a secret was removed.
    Logout {
        /// The account.
        account: &'a str,
        /// What it was.
        secret: SecretName,
        /// Where it was stored.
        stored_in: PlaceName,
        /// The file.
        path: Option<String>,
        /// Whether the OAuth provider has revoked it, too.
        revoked: Option<bool>,
    },
}

impl Line for Local<'_> {}

/// Where a setting was set.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Layer {
    /// Nowhere: this is the default.
    BuiltIn,
    /// The section `[defaults]`.
    Defaults,
    /// The account's section.
    Account,
    /// A variable of the environment.
    Variable,
    /// An option of the command.
    Option,
}

impl From<Origin> for Layer {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::BuiltIn => Layer::BuiltIn,
            Origin::Defaults => Layer::Defaults,
            Origin::Account => Layer::Account,
            Origin::Variable => Layer::Variable,
            Origin::Option => Layer::Option,
        }
    }
}

/// A kind of secret.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretName {
    /// A password.
    Password,
    /// A sign-in with an OAuth provider.
    Oauth,
}

impl From<SecretKind> for SecretName {
    fn from(kind: SecretKind) -> Self {
        match kind {
            SecretKind::Password => SecretName::Password,
            SecretKind::RefreshToken => SecretName::Oauth,
        }
    }
}

/// Where a secret is stored.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlaceName {
    /// The desktop's keyring.
    Keyring,
    /// A file that only its owner may read.
    File,
}

impl PlaceName {
    /// The name, and the path of a file.
    pub(crate) fn with_path(stored_in: &StoredIn) -> (PlaceName, Option<String>) {
        match stored_in {
            StoredIn::Keyring => (PlaceName::Keyring, None),
            StoredIn::File(path) => (PlaceName::File, Some(path.display().to_string())),
        }
    }
}
