//! Advice on passwords, mechanisms, and what else a server wants to sign in with.

/// Advice on passwords, mechanisms, and what else a server wants to sign in with. Mechanisms are named as in the
/// configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// The server refused a password, and its words say that it takes none for this account.
    UseOAuth,
    /// The server refused a password, and its provider is known to take no account's own one.
    UseAppPassword,
    /// The server refused a password by CRAM-MD5, which needs the plain password on the server.
    ServerMayStoreHash,
    /// The server refused a password by a mechanism with channel binding.
    ChannelBindingMayDiffer,
    /// The server says that the channel binding does not match.
    TlsEndsElsewhere,
    /// The server accepted the sign-in without a proof that it knows the password.
    ServerUnproven,
    /// The server refused an OAuth token that it has checked.
    RenewToken,
    /// The server refused the sign-in before it got the OAuth token.
    CheckServerAndProvider,
    /// The server refused the sign-in by a client certificate, which it does not offer.
    ServerTakesNoCertificate,
    /// The server refused the client certificate itself.
    UseAcceptedCertificate,
    /// The server refused the sign-in by a client certificate, and does not say why.
    CheckCertificateAndUser,

    /// The server does not know the mechanism `unknown`, and `next` is weaker and would follow without encryption.
    NameWeakerMechanism {
        /// The mechanism that was tried.
        unknown: String,
        /// The one that would come next.
        next: String,
    },
    /// The server does not know the mechanism that was tried.
    NameKnownMechanism {
        /// The mechanism that was tried.
        unknown: String,
    },
    /// The mechanism that was named cannot be used with this server.
    NameOtherMechanism,
    /// The mechanism that was named does not exist.
    NoSuchMechanism {
        /// Those that do.
        known: Vec<String>,
    },
    /// The mechanism that was named requires channel binding, and this connection has none.
    ChannelBindingNeedsTls,
    /// The user name or the password cannot be represented in the mechanism that was named.
    TryPlain,
    /// The mechanism that was named takes an OAuth token, and there is none.
    GiveToken,
    /// The mechanism that was named takes no OAuth token, and the account signs in with one.
    NameTokenMechanism,
    /// The mechanism that was named takes a client certificate, and there is none.
    GiveCertificate,
    /// The mechanism that was named takes a client certificate, and the connection is not encrypted.
    CertificateNeedsTls {
        /// Whether the server is a socket, which is not encrypted unless that is named.
        is_socket: bool,
    },
    /// The mechanism that was named takes a password, and the account signs in with a client certificate.
    NameExternal,

    /// The server offers mechanisms for OAuth tokens only, and there is a password.
    ServerTakesTokens {
        /// The one that it offers.
        mechanism: String,
    },
    /// The server offers client certificates only, and there is a password.
    ShowCertificate,
    /// The server does not offer to sign in by a client certificate, and there is nothing else.
    GivePasswordBesideCertificate,
    /// The server offers nothing that is known, on a connection without encryption.
    EncryptForMore,
    /// The server offers nothing that is known, on an encrypted connection.
    NameUnofferedMechanism,

    /// There is no source of a password, and nobody to ask for it.
    GivePassword,
    /// The same where a password is to be verified and stored.
    GivePasswordToStore,
    /// Somebody was asked for the password, and typed none.
    TypePassword,
    /// There is no password, since that of the account is not for this server.
    PasswordWithheld {
        /// The account whose user name is used.
        account: String,
    },
    /// What is stored to sign in with is missing, damaged, or for something else than is configured.
    StoreSignIn {
        /// The account's name in the configuration; `None` if it is not configured.
        account: Option<String>,
    },
    /// The password command took too long.
    PasswordCommandTooSlow {
        /// Whether it may get more time.
        may_extend: bool,
    },
    /// The host's entry in the netrc file is broken off.
    WriteNetrcEntry,
    /// The netrc file has the password, which is not sent without encryption.
    NetrcNeedsTls,
}
