//! The sentences for advice on passwords, mechanisms, and what else a server wants to sign in with.

use pop3::advice::SignIn;

/// What to add to an account that is not configured for OAuth: `pop3 auth login` alone would ask for the same
/// password again.
const BY_OAUTH: &str = "add oauth = \"google\" (or \"microsoft\", \"yahoo\", or a metadata URL) and \
                        oauth-client-id to the account, then run `pop3 auth login -a NAME`";

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &SignIn) -> String {
    let text = match advice {
        SignIn::UseOAuth => {
            return format!("the provider no longer accepts passwords for this account: {BY_OAUTH}");
        }
        SignIn::UseAppPassword => {
            return format!(
                "the provider no longer accepts an account's own password: use an app password if the \
                 provider still has them, or {BY_OAUTH}"
            );
        }
        SignIn::ServerMayStoreHash => {
            "check user and password; if both are right, the server may store the password in a form that \
             cram-md5 cannot use: try --auth plain"
        }
        SignIn::ChannelBindingMayDiffer => {
            "check user and password; if both are right, the server uses another channel binding than \
             tls-server-end-point, or TLS ends elsewhere: ask its administrator before you try --auth plain"
        }
        SignIn::TlsEndsElsewhere => {
            "somebody may be intercepting the connection; or TLS ends at a proxy in front of the server"
        }
        SignIn::ServerUnproven => "it may not be the server that it claims to be; nothing was done there",
        SignIn::RenewToken => "the token has expired or was revoked: run `pop3 auth login`",
        SignIn::CheckServerAndProvider => {
            "the server has not looked at the token, and may not take any: check that server and oauth belong \
             together"
        }
        SignIn::ServerTakesNoCertificate => {
            "the server does not offer to sign in by a client certificate: leave --auth out to sign in with a \
             password"
        }
        SignIn::UseAcceptedCertificate => {
            "the server does not take this client certificate: ask its administrator for one that it accepts"
        }
        SignIn::CheckCertificateAndUser => {
            "check that the server knows the client certificate (--client-cert), and by this name (--user; an \
             empty one leaves it to the certificate)"
        }

        SignIn::NameWeakerMechanism { unknown, next } => {
            return format!(
                "the server does not know {unknown}; without encryption a weaker mechanism is used only if you name it: \
                 --auth {next}"
            );
        }
        SignIn::NameKnownMechanism { unknown } => return name_another(unknown),
        SignIn::NameOtherMechanism => "leave --auth out, or name another mechanism",
        SignIn::NoSuchMechanism { known } => return format!("the known ones are {}", known.join(", ")),
        SignIn::ChannelBindingNeedsTls => {
            "it needs TLS, and a certificate whose signature uses a hash (RFC 5929)"
        }
        SignIn::TryPlain => "another mechanism may take it: --auth plain",
        SignIn::GiveToken => {
            return format!(
                "{BY_OAUTH}; or name a command that prints a token: --password-command CMD; or leave --auth out"
            );
        }
        SignIn::NameTokenMechanism => "leave --auth out, or say xoauth2 or oauthbearer",
        SignIn::GiveCertificate => "give --client-cert, or leave --auth out to sign in with the password",
        SignIn::CertificateNeedsTls { is_socket: false } => "leave --tls none out",
        SignIn::CertificateNeedsTls { is_socket: true } => {
            "a socket is encrypted only if that is named: --tls stls or --tls implicit"
        }
        SignIn::NameExternal => "leave --auth out, or say external",

        SignIn::ServerTakesTokens { mechanism } => {
            return format!(
                "{BY_OAUTH}; or say --auth {mechanism} if what was given as the password is a token"
            );
        }
        SignIn::ShowCertificate => "present one: --auth external --client-cert FILE",
        SignIn::GivePasswordBesideCertificate => {
            "it may require a password as well as the certificate: give its source, as in --password-command CMD, or \
             type it with --auth plain; --auth external tries the certificate anyway"
        }
        SignIn::EncryptForMore => {
            "servers often offer more once the connection is encrypted (--tls stls); --auth NAME tries a \
             mechanism that is not offered"
        }
        SignIn::NameUnofferedMechanism => "--auth NAME tries a mechanism that is not offered",

        SignIn::GivePassword => {
            "store one with `pop3 auth login`, give --password-command, --password-file or --password-stdin, set \
             POP3_PASSWORD, or add the host to ~/.netrc"
        }
        SignIn::GivePasswordToStore => {
            "run it on a terminal, give --password-command, --password-file or --password-stdin, or set \
             POP3_PASSWORD"
        }
        SignIn::TypePassword => {
            "type it, give --password-command, --password-file or --password-stdin, or set POP3_PASSWORD"
        }
        SignIn::PasswordWithheld { account } => {
            return format!(
                "the credentials of {account} are sent only to its own server: give --password-command, \
                 --password-file or --password-stdin, or set POP3_PASSWORD"
            );
        }
        SignIn::StoreSignIn { account } => return run_login(account.as_deref()),
        SignIn::PasswordCommandTooSlow { may_extend: true } => {
            "run it by hand to see what it waits for; --timeout gives it more time, up to a minute"
        }
        SignIn::PasswordCommandTooSlow { may_extend: false } => {
            "run it by hand to see what it waits for; it gets no more than a minute"
        }
        SignIn::WriteNetrcEntry => {
            "write it as machine HOST login USER password WORD; a word with blanks stands in double quotes"
        }
        SignIn::NetrcNeedsTls => {
            "leave --tls none out, or name another source: --password-command, --password-file, POP3_PASSWORD"
        }
    };
    text.to_owned()
}

fn name_another(unknown: &str) -> String {
    let others = ["user", "plain", "login", "cram-md5"].into_iter().filter(|name| *name != unknown);
    format!(
        "the server does not know {unknown}: choose another mechanism with --auth ({} …), or leave --auth out",
        others.collect::<Vec<_>>().join(", ")
    )
}

/// What signs in again: `account` is the name of a configured one.
pub(super) fn run_login(account: Option<&str>) -> String {
    let command = login_command(account);
    match account {
        Some(_) => format!("run `{command}`"),
        // Server and provider have to be named each time.
        None => format!("run `{command}` with the same --server"),
    }
}

/// The command that signs in again, to paste it into a shell: `account` is the name of a configured one.
pub(crate) fn login_command(account: Option<&str>) -> String {
    let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@+".contains(c));
    match account {
        Some(name) if is_plain(name) => format!("pop3 auth login -a {name}"),
        Some(name) => format!("pop3 auth login -a '{}'", name.replace('\'', "'\\''")),
        None => "pop3 auth login".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::names_only_real_options;
    use super::*;

    fn samples() -> Vec<SignIn> {
        let name = || "plain".to_owned();
        vec![
            SignIn::UseOAuth,
            SignIn::UseAppPassword,
            SignIn::ServerMayStoreHash,
            SignIn::ChannelBindingMayDiffer,
            SignIn::TlsEndsElsewhere,
            SignIn::ServerUnproven,
            SignIn::RenewToken,
            SignIn::CheckServerAndProvider,
            SignIn::ServerTakesNoCertificate,
            SignIn::UseAcceptedCertificate,
            SignIn::CheckCertificateAndUser,
            SignIn::NameWeakerMechanism { unknown: name(), next: name() },
            SignIn::NameKnownMechanism { unknown: name() },
            SignIn::NameOtherMechanism,
            SignIn::NoSuchMechanism { known: vec![name(), name()] },
            SignIn::ChannelBindingNeedsTls,
            SignIn::TryPlain,
            SignIn::GiveToken,
            SignIn::NameTokenMechanism,
            SignIn::GiveCertificate,
            SignIn::CertificateNeedsTls { is_socket: true },
            SignIn::CertificateNeedsTls { is_socket: false },
            SignIn::NameExternal,
            SignIn::ServerTakesTokens { mechanism: "xoauth2".to_owned() },
            SignIn::ShowCertificate,
            SignIn::GivePasswordBesideCertificate,
            SignIn::EncryptForMore,
            SignIn::NameUnofferedMechanism,
            SignIn::GivePassword,
            SignIn::GivePasswordToStore,
            SignIn::TypePassword,
            SignIn::PasswordWithheld { account: name() },
            SignIn::StoreSignIn { account: Some(name()) },
            SignIn::StoreSignIn { account: None },
            SignIn::PasswordCommandTooSlow { may_extend: true },
            SignIn::PasswordCommandTooSlow { may_extend: false },
            SignIn::WriteNetrcEntry,
            SignIn::NetrcNeedsTls,
        ]
    }

    #[test]
    fn what_a_sentence_names_exists() {
        samples().iter().for_each(|advice| names_only_real_options(&sentence(advice)));
    }

    #[test]
    fn oauth_is_configured_before_the_command_that_signs_in_by_it() {
        for advice in [SignIn::UseOAuth, SignIn::UseAppPassword, SignIn::GiveToken] {
            let told = sentence(&advice);
            let key = told.find("add oauth = \"google\"");
            let command = told.find("then run `pop3 auth login -a NAME`");
            assert!(key.is_some() && key < command, "the command alone asks for the same password: {told}");
        }
    }

    #[test]
    fn the_mechanism_that_is_unknown_is_not_recommended() {
        let told = |unknown: &str| sentence(&SignIn::NameKnownMechanism { unknown: unknown.to_owned() });
        assert!(told("apop").contains("--auth (user, plain, login, cram-md5 …)"));
        assert!(told("plain").contains("--auth (user, login, cram-md5 …)"));
    }

    #[test]
    fn the_command_that_signs_in_again_can_be_pasted_into_a_shell() {
        let told = |account: &str| sentence(&SignIn::StoreSignIn { account: Some(account.to_owned()) });
        assert_eq!(told("work"), "run `pop3 auth login -a work`");
        assert_eq!(told("me+x@h.example"), "run `pop3 auth login -a me+x@h.example`");
        assert_eq!(told("my work"), "run `pop3 auth login -a 'my work'`");
        assert_eq!(told("it's"), "run `pop3 auth login -a 'it'\\''s'`");
        let told = sentence(&SignIn::StoreSignIn { account: None });
        assert_eq!(told, "run `pop3 auth login` with the same --server");
    }
}
