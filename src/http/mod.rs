//! The HTTP client: one exchange at a time, bounded in size and time, with failures as our errors. It does
//! not interpret the content. Redirections are never followed, because a request may contain a secret; for
//! the same reason, requests without TLS are allowed to this computer only.
//!
//! ```text
//! oauth ─▶ Http::exchange ─▶ (HTTP proxy) ─▶ Dialler: transport's dialling ─▶ TLS ─▶ request, answer
//!                │                                                                       │
//!                └─ Watch (`--trace`)                     failure: in our errors ◀───────┘
//! ```

mod dial;
mod failure;
mod trace;

use std::path::PathBuf;
use std::time::Duration;

use ureq::http::{Request, Response, StatusCode, Uri, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _, NativeTlsConnector};
use ureq::{Agent, AsSendBody, ProxyProtocol};
use zeroize::Zeroizing;

use self::dial::{Dialler, NoResolver, bare};
use self::failure::failure;
pub use self::trace::Watch;
pub(crate) use self::trace::{Sent, form};
use crate::advice;
use crate::auth::Secret;
use crate::error::{Error, Kind, Result};
use crate::sys::{Awaited, Stop};
use crate::transport::{self, Family, Names, Way};

/// The maximum size of an answer, in bytes; tokens and metadata have a few thousand.
const MAX_ANSWER: u64 = 1 << 20;

/// How to reach a web server.
#[derive(Debug, Clone)]
pub struct Reach {
    /// PEM files with authorities to trust in addition to the system's: most providers have publicly trusted
    /// certificates, even if the mail server does not.
    pub ca_files: Vec<PathBuf>,
    /// The proxy to use.
    pub proxy: WebProxy,
    /// The only version of IP to use; `None`: both.
    pub family: Option<Family>,
    /// How long one exchange may take, from name resolution to the end of the answer.
    pub timeout: Duration,
    /// Connecting ends soon after this is requested; an exchange that has begun gets ten seconds more.
    pub stop: Stop,
    /// Gets the lines of `--trace`.
    pub watch: Option<Watch>,
}

/// The proxy for web servers. This computer is always reached directly.
#[derive(Debug, Clone)]
pub enum WebProxy {
    /// No proxy.
    None,
    /// This one.
    Proxy(transport::Proxy),
    /// That of `ALL_PROXY`, else of `HTTPS_PROXY`, except for the hosts and ports that `no_proxy` lists.
    Environment {
        /// What `NO_PROXY` says.
        no_proxy: String,
    },
}

impl WebProxy {
    /// Whether a host is reached directly in spite of a proxy.
    fn is_direct(&self, host: &str, port: u16) -> bool {
        let no_proxy = match self {
            WebProxy::Environment { no_proxy } => no_proxy,
            WebProxy::None | WebProxy::Proxy(_) => "",
        };
        transport::goes_straight(no_proxy, host, port)
    }
}

/// The client.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
    proxy: WebProxy,
    stop: Stop,
    timeout: Duration,
    watch: Option<Watch>,
}

impl Http {
    /// Creates the client; nothing is sent.
    ///
    /// # Errors
    /// [`Kind::Io`] or [`Kind::Data`] for an unusable CA file, [`Kind::Usage`] for a proxy that cannot be
    /// parsed or whose version is not supported.
    pub(crate) fn new(reach: &Reach) -> Result<Http> {
        let roots = match reach.ca_files.as_slice() {
            [] => RootCerts::PlatformVerifier,
            files => authorities(files)?.into(),
        };
        let (socks, http) = match &reach.proxy {
            WebProxy::None => (None, None),
            WebProxy::Proxy(proxy) => (Some(proxy.clone()), None),
            WebProxy::Environment { .. } => match ureq::Proxy::try_from_env() {
                Some(proxy) => from_environment(proxy)?,
                None => (None, None),
            },
        };
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(http)
            .timeout_global(Some(reach.timeout))
            // No redirections: a secret must be sent to the configured address only.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .user_agent(concat!("pop3/", env!("CARGO_PKG_VERSION")))
            .build();
        let way = Way { proxy: socks, family: reach.family, ..Way::default() };
        let dialler = Dialler { way, proxy: reach.proxy.clone(), stop: reach.stop.clone() };
        let connector =
            ().chain(ConnectProxyConnector::default()).chain(dialler).chain(NativeTlsConnector::default());
        Ok(Http {
            agent: Agent::with_parts(config, connector, NoResolver),
            proxy: reach.proxy.clone(),
            stop: reach.stop.clone(),
            timeout: reach.timeout,
            watch: reach.watch.clone(),
        })
    }

    /// Fetches a JSON document.
    ///
    /// # Errors
    /// As [`Http::exchange`].
    pub(crate) fn get(&self, url: &str) -> Result<Response<Vec<u8>>> {
        let request = Request::get(url).header(header::ACCEPT, "application/json").body(Vec::new());
        self.exchange(request.map_err(|error| Error::new(Kind::Config, talking_to(url)).because(error))?)
    }

    /// Sends a request and reads the whole answer, of any status below 500.
    ///
    /// # Errors
    /// [`Kind::Config`] for a request to another computer without TLS; [`Kind::HostNotFound`],
    /// [`Kind::Connect`], [`Kind::ConnectionLost`], [`Kind::Timeout`], [`Kind::Tls`], [`Kind::Interrupted`];
    /// [`Kind::Protocol`] for an unusable answer (too large, a redirection), and [`Kind::ServerTemporary`]
    /// for status 429 and from 500 on.
    pub(crate) fn exchange(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let sent = Sent::describe(&request);
        let (parts, body) = request.into_parts();
        let (body, host) = (Zeroizing::new(body), bare(parts.uri.host().unwrap_or_default()).to_owned());
        let context = talking_to(&without_query(&parts.uri));
        if parts.uri.scheme_str() != Some("https")
            && !transport::goes_straight("", &host, port_of(&parts.uri))
        {
            return Err(
                Error::new(Kind::Config, context).because("it is not https, but secrets would be sent there")
            );
        }
        self.tell(|| match trace::asked(&body) {
            names if names.is_empty() => format!("C: {} {}", parts.method, without_query(&parts.uri)),
            names => format!("C: {} {} ({names})", parts.method, without_query(&parts.uri)),
        });
        let failed = |error| failure(error, &context, &host, &self.stop);
        let _waiting = self.stop.waiting(Awaited::Doing("waiting for the OAuth provider"), self.timeout);
        let answer = match body.is_empty() {
            true => self.agent.run(self.without_proxy(Request::from_parts(parts, ()), &host)),
            false => self.agent.run(self.without_proxy(Request::from_parts(parts, body.as_slice()), &host)),
        };
        let (parts, mut body) = answer.map_err(failed)?.into_parts();
        let status = parts.status.as_u16();
        let refused = |kind, why: &str| {
            self.tell(|| format!("S: {status} ({why})"));
            Error::new(kind, context.clone()).because(format!("it answered {status}, {why}"))
        };
        match parts.status {
            status if status.is_redirection() => {
                return Err(refused(Kind::Protocol, "a redirection, which is not followed"));
            }
            StatusCode::TOO_MANY_REQUESTS => return Err(refused(Kind::ServerTemporary, "too many requests")),
            status if status.is_server_error() => {
                return Err(refused(Kind::ServerTemporary, "a problem of the server"));
            }
            _ => {}
        }
        let bytes = body.with_config().limit(MAX_ANSWER).read_to_vec().map_err(failed)?;
        self.tell(|| format!("S: {status} ({})", sent.summary(&bytes)));
        Ok(Response::from_parts(parts, bytes))
    }

    /// The request, without the HTTP proxy if the host is reached directly.
    fn without_proxy<S: AsSendBody>(&self, request: Request<S>, host: &str) -> Request<S> {
        match self.proxy.is_direct(host, port_of(request.uri())) {
            true => self.agent.configure_request(request).proxy(None).build(),
            false => request,
        }
    }

    fn tell(&self, line: impl FnOnce() -> String) {
        if let Some(watch) = &self.watch {
            watch.tell(&line());
        }
    }
}

/// The proxy in the environment: our own code handles a SOCKS proxy, the HTTP library any other.
fn from_environment(proxy: ureq::Proxy) -> Result<(Option<transport::Proxy>, Option<ureq::Proxy>)> {
    let names = match proxy.protocol() {
        ProxyProtocol::Socks5h => Names::AtProxy,
        ProxyProtocol::Socks5 => Names::Here,
        ProxyProtocol::Http | ProxyProtocol::Https => return Ok((None, Some(proxy))),
        _ => {
            return Err(Error::new(Kind::Usage, "could not use the proxy that the environment names")
                .because("it is a SOCKS4 proxy, which is not supported")
                .advise(advice::Reach::WriteSocks5Proxy));
        }
    };
    let socks = transport::Proxy {
        host: bare(proxy.host()).to_owned(),
        port: proxy.port(),
        names,
        user: proxy.username().map(str::to_owned),
        password: proxy.password().map(Secret::new),
    };
    Ok((Some(socks), None))
}

/// The port in a URL, or the default port of its scheme.
fn port_of(uri: &Uri) -> u16 {
    let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    uri.port_u16().unwrap_or(usual)
}

/// A URL without its query, which may contain secrets.
fn without_query(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}{}", uri.scheme_str().unwrap_or("https"), uri.path())
}

/// What is being done, for errors of an exchange.
pub(crate) fn talking_to(place: &str) -> String {
    format!("could not talk to {place}")
}

/// The authorities in the files, and the system's.
fn authorities(files: &[PathBuf]) -> Result<Vec<Certificate<'static>>> {
    // If the system has none, or some cannot be read, only the files are used.
    let mut all: Vec<_> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|der| Certificate::from_der(der).to_owned())
        .collect();
    for path in files {
        // A parsed certificate can always be written in DER form.
        let ders = transport::authorities(path)?.into_iter().filter_map(|one| one.to_der().ok());
        all.extend(ders.map(|der| Certificate::from_der(&der).to_owned()));
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
