//! The options that say which maildrop is meant, how to reach it and how to sign in.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use pop3::account::{Overrides, PasswordSource, ServerUrl, values};
use pop3::auth::Mechanism;
use pop3::error::{Error, Kind, Result};
use pop3::session::Pipelining;
use pop3::transport::{Family, Pin, Security, TlsVersion};

/// Which maildrop.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Which maildrop")]
pub(crate) struct WhichArgs {
    /// Use an account of the configuration file
    ///
    /// fetch, problems and auth status use all accounts, or only those that this option names; for them and for check
    /// it may be repeated. Without it check and the other commands use the default-account, or the only account that
    /// is configured.
    #[arg(short = 'a', long = "account", value_name = "NAME")]
    pub(crate) accounts: Vec<String>,
    /// Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path
    ///
    /// With it no configuration file is needed. pop3s:// is TLS from the start (port 995), pop3:// is STLS, which is
    /// then required (port 110), and pop3+unix:// is a Unix socket. Never put a password in the URL.
    #[arg(short, long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) server: Option<String>,
    /// Sign in as this user, if the URL names none
    #[arg(short, long, value_name = "NAME", value_hint = ValueHint::Username)]
    pub(crate) user: Option<String>,
}

/// Everything a session needs to know.
#[derive(Debug, Default, Args)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    #[command(flatten)]
    pub(crate) way: WayArgs,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) sign_in: SignInArgs,
}

/// Whom to trust.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct TrustArgs {
    /// Encrypt the connection: implicit, stls or none
    ///
    /// TLS from the start (implicit), TLS after the STLS command (stls), or no TLS. Overrides the scheme of the URL.
    /// Nothing is sent in the clear except with none.
    #[arg(long, value_name = "HOW", value_parser = security(), hide_possible_values = true)]
    pub(crate) tls: Option<Security>,
    /// Trust the certificate authorities in this file, instead of the system's
    ///
    /// May be repeated; to trust the system's as well, name the system's file, too. For an OAuth provider these
    /// authorities are trusted in addition to the system's.
    #[arg(long = "ca-file", value_name = "PEM", value_hint = ValueHint::FilePath)]
    pub(crate) ca_files: Vec<PathBuf>,
    /// Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256
    ///
    /// Replaces the checks of the certificate's chain and name. sha256:HEX is the digest of one certificate;
    /// spki-sha256:HEX is that of its public key, which stays valid if the certificate is renewed with the same key.
    /// curl's sha256//BASE64 is accepted for the latter. `pop3 check` shows both. May be repeated, to trust the next
    /// certificate before the server uses it.
    #[arg(long = "pin", value_name = "sha256:HEX", value_parser = Pin::from_str)]
    pub(crate) pins: Vec<Pin>,
    /// Refuse TLS older than this: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", value_parser = tls_version(), hide_possible_values = true)]
    pub(crate) tls_min: Option<TlsVersion>,
    /// Expect this name in the certificate, instead of the host's
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Hostname)]
    pub(crate) tls_host: Option<String>,
    /// Present this client certificate: PEM, or PKCS#12 with its key
    ///
    /// For servers that ask for one. A PEM file may contain further certificates after it, and the key as
    /// well. The password of an encrypted key comes from POP3_CLIENT_CERT_PASSWORD. If there is no
    /// password, the certificate is also used to sign in.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) client_cert: Option<PathBuf>,
    /// Read the key of that certificate from this file, which others may not read
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) client_key: Option<PathBuf>,
    /// Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s]
    ///
    /// Limits how long the server may be silent, and how long a phase may take: connecting, TLS, the answer
    /// to a command. A listing or a message may take longer as long as it arrives at 1 KiB/s or more. Also
    /// limits how long a delivery command may run for one message.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) timeout: Option<Duration>,
    /// Send commands ahead of the answers to earlier ones: auto, on or off [default: auto]
    ///
    /// auto does so if the server announces PIPELINING, but not for some days after that failed; on does so always,
    /// once signed in; off never does.
    #[arg(long, value_name = "WHEN", value_parser = pipelining(), hide_possible_values = true)]
    pub(crate) pipelining: Option<Pipelining>,
}

/// Proxies, tunnels and addresses.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Proxies, tunnels, addresses")]
pub(crate) struct WayArgs {
    /// Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none
    ///
    /// With socks5h:// the proxy resolves the server's name; with socks5:// it is resolved here. The proxy's
    /// password comes from POP3_PROXY_PASSWORD. Without this option ALL_PROXY and NO_PROXY are honoured: an
    /// ALL_PROXY that is not a SOCKS5 proxy is an error, and connections to this computer never use it. NO_PROXY
    /// excludes hosts, domains, addresses and networks (10.0.0.0/8), each with or without a port. With none the
    /// connection is direct.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) proxy: Option<String>,
    /// Talk to the server through this command's standard input and output
    ///
    /// As in "ssh gateway nc %h %p": %h stands for the server's host, %p for its port, %% for a percent
    /// sign. The command cannot ask on the terminal. TLS is still end to end with the mail server.
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    #[arg(conflicts_with_all = ["proxy", "source_ip", "ipv4", "ipv6"])]
    pub(crate) tunnel: Option<String>,
    /// Connect from this local address
    #[arg(long, value_name = "IP")]
    pub(crate) source_ip: Option<IpAddr>,
    /// Use IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,
    /// Use IPv6 only
    #[arg(short = '6')]
    pub(crate) ipv6: bool,
}

/// How to sign in.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Sign-in")]
#[group(id = "sign-in")]
pub(crate) struct SignInArgs {
    /// Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on
    ///
    /// auto takes the strongest that the server offers and the account has credentials for; with any other value
    /// that mechanism is used, or the sign-in fails. With a password: scram-sha-256, scram-sha-1, cram-md5, apop, plain,
    /// login and user. With an OAuth token: oauthbearer and xoauth2. With a client certificate: external.
    /// SCRAM uses channel binding automatically if the server supports it; scram-sha-256-plus and
    /// scram-sha-1-plus require it.
    #[arg(long, value_name = "MECH", value_parser = mechanism(), hide_possible_values = true)]
    pub(crate) auth: Option<Wanted>,
    /// Read the password from the first line this command prints
    ///
    /// Without --password-command, --password-file and --password-stdin the password comes from the first of these
    /// that has one: POP3_PASSWORD, the configuration file, what `pop3 auth login` stored, ~/.netrc, a prompt on the
    /// terminal. With several accounts POP3_PASSWORD is used for the only one that has no other source; if several
    /// have none, that is an error. For an account with oauth POP3_PASSWORD is used only together with an --auth that
    /// takes a password; a source named by an option takes precedence over oauth in the configuration file. With
    /// --auth xoauth2 or oauthbearer, these options, POP3_PASSWORD and the configuration file give an access token
    /// instead of a password.
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    #[arg(conflicts_with_all = ["password_file", "password_stdin"])]
    pub(crate) password_command: Option<String>,
    /// Read the password from the first line of this file, which others may not read
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "password_stdin")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// The mechanism that was asked for; `None` is an explicit `auto`. (A type of its own, since clap would take
/// an `Option<Option<_>>` for an optional value.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted(pub(crate) Option<Mechanism>);

impl WhichArgs {
    /// The same as a layer of settings.
    ///
    /// # Errors
    /// A server that cannot be parsed, a user name with a control character.
    pub(crate) fn overrides(&self) -> Result<Overrides> {
        // Parsed here and not by clap, which would repeat a password that it contains.
        let server = self.server.as_deref().map(ServerUrl::from_str).transpose();
        let server = server.map_err(|error| error.in_context("could not use --server"))?;
        let user = self.user.as_deref().map(values::name).transpose();
        let user = user.map_err(|what| Error::new(Kind::Usage, "could not use --user").because(what))?;
        Ok(Overrides { server, user, ..Overrides::default() })
    }
}

impl ServerArgs {
    /// The same as a layer of settings; `home` is what a `~` at the front of a path stands for.
    ///
    /// # Errors
    /// A server that cannot be parsed.
    pub(crate) fn overrides(&self, home: Option<&Path>) -> Result<Overrides> {
        let ServerArgs { which, way, trust, sign_in } = self;
        let some = |list: bool| (!list).then_some(());
        let expanded =
            |path: &PathBuf| path.to_str().map_or_else(|| path.clone(), |text| values::path(text, home));
        let password = if let Some(command) = &sign_in.password_command {
            Some(PasswordSource::Command(command.clone()))
        } else if let Some(path) = &sign_in.password_file {
            Some(PasswordSource::File(expanded(path)))
        } else {
            sign_in.password_stdin.then_some(PasswordSource::Stdin)
        };
        // Parsed here for the same reason as the server.
        let proxy = way.proxy.as_deref().map(values::proxy).transpose();
        let family = if way.ipv4 { Some(Family::V4) } else { way.ipv6.then_some(Family::V6) };
        Ok(Overrides {
            proxy: proxy.map_err(|error| error.in_context("could not use --proxy"))?,
            tunnel: way.tunnel.clone(),
            source: way.source_ip,
            family: family.map(Some),
            tls: trust.tls,
            ca_files: some(trust.ca_files.is_empty()).map(|()| trust.ca_files.iter().map(expanded).collect()),
            pins: some(trust.pins.is_empty()).map(|()| trust.pins.clone()),
            tls_min: trust.tls_min,
            tls_host: trust.tls_host.clone(),
            client_cert: trust.client_cert.as_ref().map(expanded),
            client_key: trust.client_key.as_ref().map(expanded),
            timeout: trust.timeout,
            pipelining: trust.pipelining,
            auth: sign_in.auth.map(|Wanted(mechanism)| mechanism),
            password,
            ..which.overrides()?
        })
    }
}

fn security() -> impl TypedValueParser<Value = Security> {
    PossibleValuesParser::new(["implicit", "stls", "none"]).try_map(|text| text.parse::<Security>())
}

fn tls_version() -> impl TypedValueParser<Value = TlsVersion> {
    PossibleValuesParser::new(["1.2", "1.3"]).try_map(|text| text.parse::<TlsVersion>())
}

fn pipelining() -> impl TypedValueParser<Value = Pipelining> {
    PossibleValuesParser::new(["auto", "on", "off"]).try_map(|text| text.parse::<Pipelining>())
}

fn mechanism() -> impl TypedValueParser<Value = Wanted> {
    let names = Mechanism::ALL.into_iter().rev().map(Mechanism::name);
    PossibleValuesParser::new(["auto"].into_iter().chain(names))
        .try_map(|text| values::mechanism(&text).map(Wanted))
}
