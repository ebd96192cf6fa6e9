//! HTTPS to the provider: one exchange at a time, bounded in size and in time, its failures as our errors. Used
//! by all flows; knows nothing of OAuth except that a redirected or oversized answer is an error.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use oauth2::http::{HeaderMap, Request, Response, StatusCode, header};
use oauth2::url::Url;
use oauth2::{HttpRequest, HttpResponse};
use ureq::config::IpFamily;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, AsSendBody, Proxy, ProxyProtocol, Timeout};
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Phase, Result};
use crate::transport::{self, Family, Names};

/// The largest answer that is read, in bytes: tokens and metadata have a few thousand.
const LARGEST: u64 = 1 << 20;

/// How the provider is reached.
#[derive(Debug, Clone)]
pub struct Reach {
    /// PEM files with authorities to trust in addition to the system's, which most providers' certificates
    /// are signed by, even if the mail server's is not.
    pub ca_files: Vec<PathBuf>,
    /// The proxy to use.
    pub proxy: ProviderProxy,
    /// The only version of IP to use; `None`: both.
    pub family: Option<Family>,
    /// How long one exchange may take.
    pub timeout: Duration,
}

/// The proxy through which the provider is reached. An endpoint on this machine is always reached directly.
#[derive(Debug, Clone)]
pub enum ProviderProxy {
    /// No proxy.
    None,
    /// This one.
    Proxy(transport::Proxy),
    /// That of `ALL_PROXY`, else of `HTTPS_PROXY`, except for the hosts that `no_proxy` lists.
    Environment {
        /// What `NO_PROXY` says.
        no_proxy: String,
    },
}

impl ProviderProxy {
    /// Whether a host is reached directly although there is a proxy.
    fn spares(&self, host: &str, port: u16) -> bool {
        let no_proxy = match self {
            ProviderProxy::Environment { no_proxy } => no_proxy,
            ProviderProxy::None | ProviderProxy::Proxy(_) => "",
        };
        transport::goes_straight(no_proxy, host, port)
    }
}

/// The client.
pub(super) struct Http {
    agent: Agent,
    proxy: ProviderProxy,
}

impl Http {
    /// Gets ready; nothing is sent yet.
    ///
    /// # Errors
    /// [`Kind::Io`] or [`Kind::Data`] for a CA file that cannot be used, [`Kind::Usage`] for a proxy
    /// that cannot be parsed.
    pub(super) fn new(reach: &Reach) -> Result<Http> {
        let roots = match reach.ca_files.as_slice() {
            [] => RootCerts::PlatformVerifier,
            files => authorities(files)?.into(),
        };
        let proxy = match &reach.proxy {
            ProviderProxy::None => None,
            ProviderProxy::Proxy(proxy) => Some(in_its_terms(proxy)?),
            ProviderProxy::Environment { .. } => Proxy::try_from_env(),
        };
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(proxy)
            .ip_family(match reach.family {
                None => IpFamily::Any,
                Some(Family::V4) => IpFamily::Ipv4Only,
                Some(Family::V6) => IpFamily::Ipv6Only,
            })
            .timeout_global(Some(reach.timeout))
            // No redirections: a secret may be sent only to the configured address.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("pop3/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Http { agent: config.new_agent(), proxy: reach.proxy.clone() })
    }

    /// Fetches a document.
    ///
    /// # Errors
    /// As [`Http::exchange`].
    pub(super) fn get(&self, url: &Url) -> Result<HttpResponse> {
        let request = Request::get(url.as_str()).header(header::ACCEPT, "application/json").body(Vec::new());
        self.exchange(
            request.map_err(|error| Error::new(Kind::Config, talking_to(url.as_str())).because(error))?,
        )
    }

    /// Sends a request and reads the whole answer, of any status below 500.
    ///
    /// # Errors
    /// [`Kind::HostNotFound`], [`Kind::Connect`], [`Kind::LineLost`], [`Kind::Timeout`],
    /// [`Kind::Tls`], [`Kind::Protocol`] for what is no answer (too large, a redirection), and
    /// [`Kind::ServerTemporary`] for 429 and all from 500 on.
    pub(super) fn exchange(&self, request: HttpRequest) -> Result<HttpResponse> {
        let (parts, body) = request.into_parts();
        let (body, host) = (Zeroizing::new(body), parts.uri.host().unwrap_or_default().to_owned());
        let context = talking_to(&place(&parts.uri));
        let failed = |error| failure(error, &context, &host);
        let answer = match body.is_empty() {
            true => self.agent.run(self.on_its_way(Request::from_parts(parts, ()), &host)),
            false => self.agent.run(self.on_its_way(Request::from_parts(parts, body.as_slice()), &host)),
        };
        let (parts, mut body) = answer.map_err(failed)?.into_parts();
        let refused = |kind, why: &str| {
            Error::new(kind, context.clone()).because(format!("it answered {}, {why}", parts.status.as_u16()))
        };
        match parts.status {
            status if status.is_redirection() => {
                return Err(refused(Kind::Protocol, "a redirection, which is not followed"));
            }
            StatusCode::TOO_MANY_REQUESTS => return Err(refused(Kind::ServerTemporary, "too many requests")),
            status if status.is_server_error() => {
                return Err(refused(Kind::ServerTemporary, "trouble of its own"));
            }
            _ => {}
        }
        let bytes = body.with_config().limit(LARGEST).read_to_vec().map_err(failed)?;
        Ok(Response::from_parts(parts, bytes))
    }

    /// Sends the request, without the proxy if its host is an exception.
    fn on_its_way<S: AsSendBody>(&self, request: Request<S>, host: &str) -> Request<S> {
        let usual = if request.uri().scheme_str() == Some("http") { 80 } else { 443 };
        match self.proxy.spares(host, request.uri().port_u16().unwrap_or(usual)) {
            true => self.agent.configure_request(request).proxy(None).build(),
            false => request,
        }
    }
}

/// The same proxy as a value of the HTTP client.
fn in_its_terms(proxy: &transport::Proxy) -> Result<Proxy> {
    let protocol = match proxy.names {
        Names::AtProxy => ProxyProtocol::Socks5h,
        Names::Here => ProxyProtocol::Socks5,
    };
    let host = if proxy.host.contains(':') { format!("[{}]", proxy.host) } else { proxy.host.clone() };
    let mut builder = Proxy::builder(protocol).host(&host).port(proxy.port);
    if let Some(user) = &proxy.user {
        let password = proxy.password.as_ref().map(|password| String::from_utf8_lossy(password.expose()));
        builder = builder.username(user).password(&password.unwrap_or_default());
    }
    builder.build().map_err(|_| {
        Error::new(Kind::Usage, format!("could not use the proxy {}:{}", proxy.host, proxy.port))
    })
}

/// Refuses an answer that cannot be one of an OAuth endpoint: those are JSON (RFC 6749 section 5).
pub(super) fn demand_json(response: HttpResponse, from: &str) -> Result<HttpResponse> {
    let is_json = response.body().iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if is_json && says_json(response.headers()) {
        return Ok(response);
    }
    let status = response.status();
    // A wrong path or host answers with a page and 404; a captive portal with a page and 200.
    let kind = if status.is_success() { Kind::Protocol } else { Kind::Refused };
    Err(Error::new(kind, talking_to(from))
        .because(format!("it answered {} with something that is no JSON", status.as_u16()))
        .hint(
            "check the provider's URLs, and whether something on the way (a portal, a proxy) answers instead",
        ))
}

fn says_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_none_or(|value| {
        value.to_str().is_ok_and(|text| text.to_ascii_lowercase().starts_with("application/json"))
    })
}

/// An address without its query, which may contain secrets.
fn place(uri: &oauth2::http::Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}{}", uri.scheme_str().unwrap_or("https"), uri.path())
}

fn talking_to(place: &str) -> String {
    format!("could not talk to {place}")
}

/// The standard library's text for a name without an address; the error has no kind of its own.
const NOT_FOUND: &str = "failed to lookup address information";

fn failure(error: ureq::Error, context: &str, host: &str) -> Error {
    let new = |kind| Error::new(kind, context);
    let not_found = || {
        new(Kind::HostNotFound)
            .because(format!("the host {host} is not found"))
            .hint("check the provider's URLs, and this computer's network")
    };
    let connecting = "check the network, and --proxy if there is one between";
    match error {
        ureq::Error::HostNotFound => not_found(),
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            new(Kind::Timeout(Phase::Connect)).because("it did not answer in time")
        }
        ureq::Error::Timeout(_) => new(Kind::Timeout(Phase::Reply)).because("it did not answer in time"),
        ureq::Error::NativeTls(error) => distrust(&error.to_string(), context, host),
        ureq::Error::Tls(text) => distrust(text, context, host),
        ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => {
            new(Kind::Protocol).because("its answer is larger than anything that is asked for")
        }
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                new(Kind::LineLost).because("it hung up").hint("try again later")
            }
            ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                new(Kind::Timeout(Phase::Reply)).because("it did not answer in time")
            }
            _ if error.to_string().contains(NOT_FOUND) => not_found(),
            _ => new(Kind::Connect).because(error).hint(connecting),
        },
        ureq::Error::ConnectionFailed => new(Kind::Connect).because("it cannot be reached").hint(connecting),
        ureq::Error::ConnectProxyFailed(_) => {
            new(Kind::Connect).because("the proxy refused to connect to it").hint(connecting)
        }
        // The others are about the answer, which their text may quote, so it is not repeated.
        _ => new(Kind::Protocol).because("what it answered is no HTTP"),
    }
}

fn distrust(text: &str, context: &str, host: &str) -> Error {
    // Its own hint names flags that apply to the mail server only.
    transport::handshake_failed(host, text).within(context).hint(
        "if an authority of your own signed the provider's certificate, name it with --ca-file PEM; \
         else something on the way may speak in its place, or this computer's clock is wrong",
    )
}

/// The authorities of the files and the system's.
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
mod tests {
    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> HttpResponse {
        let response = Response::builder().status(status).header(header::CONTENT_TYPE, kind);
        response.body(body.as_bytes().to_vec()).expect("an answer")
    }

    #[test]
    fn only_json_is_an_answer_and_the_body_is_not_repeated() {
        assert!(demand_json(answer(200, "application/json;charset=utf-8", " {}"), "x").is_ok());
        assert!(demand_json(answer(400, "Application/JSON", "{\"error\":\"x\"}"), "x").is_ok());
        for (status, kind, body, expected) in [
            (200, "text/html", "<html>secret", Kind::Protocol),
            (200, "application/json", "<html>secret", Kind::Protocol),
            (200, "application/json", "", Kind::Protocol),
            (404, "text/html", "secret", Kind::Refused),
        ] {
            let error = demand_json(answer(status, kind, body), "https://p/token").expect_err(body);
            assert_eq!(error.kind(), expected, "{status} {kind}");
            assert!(!format!("{error:?}").contains("secret"));
        }
    }

    #[test]
    fn a_query_is_not_part_of_what_is_shown() {
        let uri = "https://h:8443/token?client_secret=x".parse().expect("an address");
        assert_eq!(place(&uri), "https://h:8443/token");
    }

    #[test]
    fn what_went_wrong_on_the_way_has_its_kind() {
        let io = |kind: ErrorKind| ureq::Error::Io(kind.into());
        for (error, kind) in [
            (ureq::Error::HostNotFound, Kind::HostNotFound),
            (ureq::Error::Timeout(Timeout::Global), Kind::Timeout(Phase::Reply)),
            (ureq::Error::Timeout(Timeout::Connect), Kind::Timeout(Phase::Connect)),
            (ureq::Error::BodyExceedsLimit(1), Kind::Protocol),
            (io(ErrorKind::ConnectionRefused), Kind::Connect),
            (io(ErrorKind::UnexpectedEof), Kind::LineLost),
            (ureq::Error::ConnectProxyFailed("secret".into()), Kind::Connect),
        ] {
            let told = failure(error, "could not talk to p", "p");
            assert_eq!(told.kind(), kind);
            assert!(!format!("{told:?}").contains("secret"));
        }
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_told() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let ca_files = vec![file.path().to_owned()];
        let reach =
            Reach { ca_files, proxy: ProviderProxy::None, family: None, timeout: Duration::from_secs(1) };
        assert_eq!(Http::new(&reach).err().expect("an empty file").kind(), Kind::Data);
    }

    #[test]
    fn a_proxy_keeps_its_host_its_user_and_who_resolves() {
        let proxy = |host: &str, names| transport::Proxy {
            host: host.into(),
            port: 1080,
            names,
            user: Some("me@x".into()),
            password: Some(crate::auth::Secret::new("p:w")),
        };
        let there = in_its_terms(&proxy("proxy.example.com", Names::AtProxy)).expect("sound");
        assert_eq!((there.host(), there.port(), there.resolve_target()), ("proxy.example.com", 1080, false));
        assert_eq!((there.username(), there.password()), (Some("me@x"), Some("p:w")));
        let here = in_its_terms(&proxy("::1", Names::Here)).expect("sound");
        assert_eq!((here.protocol(), here.resolve_target()), (ProxyProtocol::Socks5, true));
    }
}
