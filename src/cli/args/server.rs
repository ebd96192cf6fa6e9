//! The options that say which maildrop is meant, how it is reached and how to sign in there.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use pop3::account::{Overrides, PasswordSource, ServerUrl, values};
use pop3::auth::Mechanism;
use pop3::error::Result;
use pop3::session::Pipelining;
use pop3::transport::{Family, Pin, Security, TlsVersion};

/// Which maildrop.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Which maildrop")]
pub(crate) struct WhichArgs {
    /// Use an account of the configuration file
    ///
    /// Several may be given to fetch, by repeating the option; without any it takes all. Other commands
    /// use the default-account, or the only one there is.
    #[arg(short = 'a', long = "account", value_name = "NAME")]
    pub(crate) accounts: Vec<String>,
    /// Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path
    ///
    /// Makes do without a configuration file. The scheme pop3s is TLS from the start (port 995), pop3 is
    /// STLS, which is then required (port 110), pop3+unix is a socket. A password never stands in it.
    #[arg(short, long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) server: Option<String>,
    /// Sign in as this user, when the URL names none
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
    /// Encrypt the line: implicit, stls or none
    ///
    /// Overrides what the scheme of the URL says: TLS from the start, by STLS, or not at all. The word
    /// none is the only way to send anything in the clear.
    #[arg(long, value_name = "HOW", value_parser = security(), hide_possible_values = true)]
    pub(crate) tls: Option<Security>,
    /// Trust the authorities in this file, instead of the system's
    ///
    /// May be repeated; to trust the system's as well, name their file, too. The provider of an account with
    /// oauth is trusted by either in any case.
    #[arg(long = "ca-file", value_name = "PEM", value_hint = ValueHint::FilePath)]
    pub(crate) ca_files: Vec<PathBuf>,
    /// Trust exactly this certificate, by its SHA-256
    ///
    /// Replaces the checks of chain and name for that certificate. May be repeated, to name the next one
    /// before it comes into use.
    #[arg(long = "pin", value_name = "sha256:HEX", value_parser = values::parsed::<Pin>)]
    pub(crate) pins: Vec<Pin>,
    /// Refuse TLS older than this: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", value_parser = tls_version(), hide_possible_values = true)]
    pub(crate) tls_min: Option<TlsVersion>,
    /// Expect this name in the certificate, instead of the host's
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Hostname)]
    pub(crate) tls_host: Option<String>,
    /// Show the server this certificate: PEM, or PKCS#12 with its key
    ///
    /// For servers that want to know the client before it signs in. PEM may hold further certificates
    /// behind it, and the key as well. What opens an encrypted key is taken from
    /// POP3_CLIENT_CERT_PASSWORD. Without another source of a password, the certificate also signs in.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) client_cert: Option<PathBuf>,
    /// Take the key of that certificate from this file, which others may not read
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) client_key: Option<PathBuf>,
    /// Wait this long in each phase: 30s, 2m [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    pub(crate) timeout: Option<Duration>,
    /// Send commands ahead of the answers to earlier ones: auto, on or off [default: auto]
    ///
    /// The word auto does so where the server announces PIPELINING, on always does once signed in, off never.
    #[arg(long, value_name = "WHEN", value_parser = pipelining(), hide_possible_values = true)]
    pub(crate) pipelining: Option<Pipelining>,
    /// Show the dialogue on standard error, secrets hidden
    #[arg(long)]
    pub(crate) trace: bool,
}

/// How to get there.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Getting there")]
pub(crate) struct WayArgs {
    /// Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none
    ///
    /// With socks5h:// the proxy resolves the server's name, and nobody here learns it; with socks5:// it is
    /// resolved here. A password for it comes from POP3_PROXY_PASSWORD. Without this option the proxy is
    /// that of ALL_PROXY if it is SOCKS (any but these two is an error), but not for what NO_PROXY lists nor
    /// for this computer itself. The word none goes straight to the server.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) proxy: Option<String>,
    /// Let this command be the line to the server, by its standard input and output
    ///
    /// As in "ssh gateway nc %h %p": %h stands for the server's host, %p for its port, %% for a percent
    /// sign. The command cannot ask on the terminal. TLS is spoken through it as always.
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    #[arg(conflicts_with_all = ["proxy", "source_ip", "ipv4", "ipv6"])]
    pub(crate) tunnel: Option<String>,
    /// Connect from this address of this computer
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
    /// The word auto takes the strongest that the server offers and the account has credentials for; a
    /// named one is that one or an error. With a password: scram-sha-256, scram-sha-1, cram-md5, apop,
    /// plain, login and user. With an OAuth token: oauthbearer and xoauth2. With a client certificate:
    /// external. The two scram are bound to the TLS line by themselves where the server can do that;
    /// scram-sha-256-plus and scram-sha-1-plus insist on it.
    #[arg(long, value_name = "MECH", value_parser = mechanism(), hide_possible_values = true)]
    pub(crate) auth: Option<Wanted>,
    /// Take the password from the first line this command prints
    ///
    /// Without any of these options, the password comes from POP3_PASSWORD, else from the configuration
    /// file, else from where `pop3 auth login` keeps it, else from ~/.netrc, else from a question on the
    /// terminal. With several accounts POP3_PASSWORD is for the only one of which nothing else is
    /// configured; where there are more of them it is refused. Where oauth is configured it counts only
    /// beside an --auth that takes a password; a source named by an option outweighs oauth in the
    /// configuration file. With --auth xoauth2 or oauthbearer, what these options, POP3_PASSWORD or the
    /// configuration file give is not a password but an access token.
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    #[arg(conflicts_with_all = ["password_file", "password_stdin"])]
    pub(crate) password_command: Option<String>,
    /// Take the password from the first line of this file, which others may not read
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "password_stdin")]
    pub(crate) password_file: Option<PathBuf>,
    /// Take the password from the first line of standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// The mechanism that was asked for; `None` is `auto`, said aloud. (A name of its own keeps clap from
/// seeing an option in an option.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted(pub(crate) Option<Mechanism>);

impl WhichArgs {
    /// The same as a layer of settings.
    ///
    /// # Errors
    /// A server that is none.
    pub(crate) fn overrides(&self) -> Result<Overrides> {
        // Parsed here and not by clap, which would repeat a password that stands in it.
        let server = self.server.as_deref().map(ServerUrl::from_str).transpose();
        let server = server.map_err(|error| error.within("could not use --server"))?;
        Ok(Overrides { server, user: self.user.clone(), ..Overrides::default() })
    }
}

impl ServerArgs {
    /// The same as a layer of settings; `home` is what a `~` at the front of a path stands for.
    ///
    /// # Errors
    /// A server that is none.
    pub(crate) fn overrides(&self, home: Option<&Path>) -> Result<Overrides> {
        let ServerArgs { which, way, trust, sign_in } = self;
        let some = |list: bool| (!list).then_some(());
        let led =
            |path: &PathBuf| path.to_str().map_or_else(|| path.clone(), |text| values::path(text, home));
        let password = if let Some(command) = &sign_in.password_command {
            Some(PasswordSource::Command(command.clone()))
        } else if let Some(path) = &sign_in.password_file {
            Some(PasswordSource::File(led(path)))
        } else {
            sign_in.password_stdin.then_some(PasswordSource::Stdin)
        };
        // As the server: clap would repeat a password that stands in it.
        let proxy = way.proxy.as_deref().map(values::proxy).transpose();
        let family = if way.ipv4 { Some(Family::V4) } else { way.ipv6.then_some(Family::V6) };
        Ok(Overrides {
            proxy: proxy.map_err(|error| error.within("could not use --proxy"))?,
            tunnel: way.tunnel.clone(),
            source: way.source_ip,
            family: family.map(Some),
            tls: trust.tls,
            ca_files: some(trust.ca_files.is_empty()).map(|()| trust.ca_files.iter().map(led).collect()),
            pins: some(trust.pins.is_empty()).map(|()| trust.pins.clone()),
            tls_min: trust.tls_min,
            tls_host: trust.tls_host.clone(),
            client_cert: trust.client_cert.as_ref().map(led),
            client_key: trust.client_key.as_ref().map(led),
            timeout: trust.timeout,
            pipelining: trust.pipelining,
            trace: trust.trace.then_some(true),
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
