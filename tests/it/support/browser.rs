//! A browser of a few lines, for a person who signs in with a provider: cookies, redirects, forms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth2::url::Url;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

pub(crate) struct Browser {
    agent: Agent,
    cookies: BTreeMap<String, String>,
    authorization: String,
}

/// What a browser shows in the end.
pub(crate) struct Shown {
    pub(crate) url: Url,
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Browser {
    /// One that trusts that authority alone.
    pub(crate) fn trusting(authority: &Path) -> Browser {
        let authority = Certificate::from_pem(&fs::read(authority).unwrap()).unwrap();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::NativeTls)
            .root_certs(RootCerts::new_with_certs(&[authority]))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)));
        Browser { agent: config.build().new_agent(), cookies: BTreeMap::new(), authorization: String::new() }
    }

    /// The same with a user and a password for every page.
    pub(crate) fn with_password(mut self, user: &str, password: &str) -> Browser {
        self.authorization = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        self
    }

    /// Goes where it is sent; a redirect to a host that does not exist is shown as its address.
    pub(crate) fn get(&mut self, url: &str) -> Shown {
        self.go(Url::parse(url).unwrap(), None)
    }

    pub(crate) fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Shown {
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.go(Url::parse(url).unwrap(), Some(form))
    }

    fn go(&mut self, mut url: Url, mut form: Option<Vec<(String, String)>>) -> Shown {
        for _ in 0..20 {
            if url.host_str().unwrap().ends_with("example.com") {
                return Shown { url, status: 0, text: String::new() };
            }
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let cookies = cookies.join("; ");
            let answer = match form.take() {
                None => self.agent.get(url.as_str()).header("Cookie", &cookies).call(),
                Some(form) if self.authorization.is_empty() => {
                    self.agent.post(url.as_str()).header("Cookie", &cookies).send_form(form)
                }
                Some(form) => {
                    self.agent.post(url.as_str()).header("Authorization", &self.authorization).send_form(form)
                }
            };
            let mut answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
            for cookie in answer.headers().get_all("set-cookie") {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                match value {
                    "" => self.cookies.remove(name),
                    value => self.cookies.insert(name.to_owned(), value.to_owned()),
                };
            }
            let status = answer.status().as_u16();
            match answer.headers().get("location").filter(|_| answer.status().is_redirection()) {
                Some(location) => url = url.join(location.to_str().unwrap()).unwrap(),
                None => {
                    let text = answer.body_mut().read_to_string().unwrap();
                    return Shown { url, status, text };
                }
            }
        }
        panic!("redirected for ever, at last to {url}");
    }

    /// Enters a device's code, signs in as `user`, and allows it.
    pub(crate) fn enter_code(&mut self, url: &str, code: &str, user: &str) {
        let shown = self.allow(url, code, user);
        assert!(shown.text.contains("Sign-in Success"), "{}", shown.text);
    }

    /// Opens an address and does what each page asks: enters the code, signs in as `user`, allows it.
    pub(crate) fn allow(&mut self, url: &str, code: &str, user: &str) -> Shown {
        let mut shown = self.get(url);
        for _ in 0..10 {
            let Some((action, mut inputs)) = form(&shown) else { return shown };
            for (name, value) in &mut inputs {
                match name.as_str() {
                    "user_code" => *value = code.to_owned(),
                    "login" => *value = user.to_owned(),
                    "password" => *value = "whatever".to_owned(),
                    _ => {}
                }
            }
            shown = self.go(action, Some(inputs));
        }
        panic!("asked for ever, at last by {}", shown.text);
    }

    /// Opens an address, signs in as `user`, and says no.
    pub(crate) fn deny(&mut self, url: &str, user: &str) -> Shown {
        let mut shown = self.get(url);
        for _ in 0..10 {
            let Some((action, mut inputs)) = form(&shown) else { return shown };
            if let Some(abort) = attribute(&shown.text, "href=\"", "/abort") {
                return self.go(shown.url.join(&abort).unwrap(), None);
            }
            for (name, value) in &mut inputs {
                if name == "login" || name == "password" {
                    *value = user.to_owned();
                }
            }
            shown = self.go(action, Some(inputs));
        }
        panic!("asked for ever, at last by {}", shown.text);
    }
}

/// The first form of a page: where it goes, and what stands in it.
fn form(shown: &Shown) -> Option<(Url, Vec<(String, String)>)> {
    let (_, form) = shown.text.split_once("<form")?;
    let form = form.split_once("</form>").map_or(form, |(form, _)| form);
    let value = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| unescaped(value))
    };
    let action = shown.url.join(&value(form, "action")?).unwrap();
    let inputs = form.split("<input").skip(1).filter_map(|tag| {
        let tag = tag.split_once('>').map_or(tag, |(tag, _)| tag);
        Some((value(tag, "name")?, value(tag, "value").unwrap_or_default()))
    });
    Some((action, inputs.collect()))
}

/// An attribute's value that ends like this.
fn attribute(text: &str, begin: &str, end: &str) -> Option<String> {
    let values = text.split(begin).skip(1).filter_map(|rest| rest.split_once('"'));
    values.map(|(value, _)| unescaped(value)).find(|value| value.ends_with(end))
}

fn unescaped(text: &str) -> String {
    text.replace("&amp;", "&").replace("&#x2F;", "/").replace("&#39;", "'").replace("&quot;", "\"")
}
