//! A real OAuth provider, oidc-provider from npm, and a Dovecot that believes its tokens. One of each
//! serves the whole test process; each test has a user of its own.

use super::Maildrop;
use super::browser::Browser;
use super::dovecot::{self, Dovecot, OnDovecot};
use super::pop3::{Home, Pop3};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// What the client named `confidential` knows.
pub(crate) const CLIENT_SECRET: &str = "the secret of a client";

/// The provider, and the Dovecot that asks it.
pub(crate) struct Provider {
    pub(crate) dovecot: Dovecot,
    port: u16,
    /// Without TLS.
    plain: u16,
    /// Its standard input is the leash.
    _process: Child,
}

/// The one of this test process.
pub(crate) fn shared() -> &'static Provider {
    static SHARED: OnceLock<Provider> = OnceLock::new();
    SHARED.get_or_init(|| {
        let mut started = None;
        let dovecot = Dovecot::start(|folder, certificates| {
            let (process, port, plain) = start(&certificates.certificate, &certificates.key);
            started = Some((process, port, plain));
            believing(folder, plain)
        });
        let (process, port, plain) = started.unwrap();
        Provider { dovecot, port, plain, _process: process }
    })
}

fn start(certificate: &Path, key: &Path) -> (Child, u16, u16) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let modules = target.join("servers/oidc/node_modules");
    assert!(modules.join("oidc-provider").exists(), "no {}: tests/run installs it", modules.display());
    let own = modules.join("node/bin/node");
    let mut process = Command::new(if own.exists() { own } else { "node".into() })
        .arg(root.join("tests/oidc/server.mjs"))
        .args([modules.as_path(), certificate, key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(process.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    // Whatever else it says has to go somewhere, or it ends.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    let ports: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the provider does not start"));
    let port = |name: &str| u16::try_from(ports[name].as_u64().unwrap()).unwrap();
    let ports = (port("secure"), port("plain"));
    (process, ports.0, ports.1)
}

/// What makes a Dovecot ask the provider about tokens (RFC 7662).
fn believing(folder: &Path, port: u16) -> String {
    let file = folder.join("oauth2.conf");
    let text = format!(
        "introspection_url = http://dovecot:the-secret-of-dovecot@127.0.0.1:{port}/token/introspection\n\
         introspection_mode = post\nusername_attribute = sub\nactive_attribute = active\nactive_value = true\n"
    );
    fs::write(&file, text).unwrap();
    format!(
        "auth_mechanisms = plain login cram-md5 apop xoauth2 oauthbearer\n\
         # A token that was good a moment ago may be so no more.\nauth_cache_size = 0\n\
         passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {}\n}}\n",
        file.display()
    )
}

/// An account of this provider in a home of its own.
pub(crate) struct Account {
    pub(crate) home: Home,
    pub(crate) maildrop: OnDovecot,
    client: &'static str,
    /// The D-Bus of a session with a keyring.
    bus: Option<String>,
}

impl Provider {
    pub(crate) fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn authority(&self) -> &Path {
        &self.dovecot.certificates.authority
    }

    /// A browser that trusts it.
    pub(crate) fn browser(&self) -> Browser {
        Browser::trusting(self.authority())
    }

    /// An account `work`, configured for that client; `more` are keys of it.
    pub(crate) fn account(&'static self, client: &'static str, more: &str) -> Account {
        let account =
            Account { home: Home::new(), maildrop: dovecot::maildrop_on(&self.dovecot), client, bus: None };
        account.home.configure(&format!(
            "[account.work]\nserver = \"{}\"\nca-file = \"{}\"\noauth = \"{}\"\noauth-client-id = \"{client}\"\n\
             oauth-scope = \"openid offline_access mail\"\ndeliver = \"maildir:~/mail\"\n{more}\n",
            account.maildrop.tls_url(),
            self.authority().display(),
            self.issuer(),
        ));
        account
    }

    /// Whether the provider holds a token to be good.
    pub(crate) fn knows(&self, token: &str) -> bool {
        let mut asking = self.browser().with_password("dovecot", "the-secret-of-dovecot");
        let answer = asking.post(&format!("{}/token/introspection", self.issuer()), &[("token", token)]);
        serde_json::from_str::<Value>(&answer.text).unwrap()["active"].as_bool().unwrap()
    }

    /// Has the provider forget a token of that client.
    pub(crate) fn revoke(&self, token: &str, client: &str) {
        let url = format!("{}/token/revocation", self.issuer());
        let answer = match client {
            "confidential" => {
                let secret = CLIENT_SECRET.replace(' ', "+");
                self.browser().with_password(client, &secret).post(&url, &[("token", token)])
            }
            _ => self.browser().post(&url, &[("token", token), ("client_id", client)]),
        };
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(!self.knows(token));
    }
}

impl Account {
    /// The same within a session that has a keyring.
    pub(crate) fn within(self, bus: &str) -> Account {
        Account { bus: Some(bus.to_owned()), ..self }
    }

    /// The binary.
    pub(crate) fn pop3(&self, arguments: &[&str]) -> Pop3 {
        let run = Pop3::new(&self.home).args(arguments);
        match &self.bus {
            None => run,
            Some(bus) => run.env("POP3_KEYRING", "on").env("DBUS_SESSION_BUS_ADDRESS", bus),
        }
    }

    /// Signs in with the browser.
    pub(crate) fn login(&self) {
        let mut login = self.pop3(&["auth", "login", "--browser", "--json"]).start();
        let asked: Value = serde_json::from_str(&login.line_with("open_url")).unwrap();
        let shown = shared().browser().allow(asked["url"].as_str().unwrap(), "", self.maildrop.user());
        assert!(shown.text.contains("has done its part"), "{}", shown.text);
        login.wait().exits(0);
    }

    /// Signs in by the device flow.
    pub(crate) fn login_with_a_code(&self) {
        let mut login = self.pop3(&["auth", "login", "--device", "--json"]).start();
        let asked: Value = serde_json::from_str(&login.line_with("enter_code")).unwrap();
        let mut browser = shared().browser();
        browser.enter_code(
            asked["url"].as_str().unwrap(),
            asked["code"].as_str().unwrap(),
            self.maildrop.user(),
        );
        login.wait().exits(0);
    }

    pub(crate) fn token_file(&self) -> PathBuf {
        self.home.join(".local/state/pop3/work.token")
    }

    /// A member of what is kept.
    pub(crate) fn kept(&self, member: &str) -> String {
        let text = fs::read_to_string(self.token_file()).unwrap();
        let kept: Value = serde_json::from_str(&text).unwrap();
        kept[member].as_str().map_or_else(|| kept[member].to_string(), str::to_owned)
    }

    /// Makes the stored sign-in one of no server in particular, as 0.1 stored it: the next server gets its tokens.
    pub(crate) fn forget_server(&self) {
        let Ok(text) = fs::read_to_string(self.token_file()) else { return };
        let mut kept: Value = serde_json::from_str(&text).unwrap();
        kept.as_object_mut().unwrap().remove("server");
        self.home.write(".local/state/pop3/work.token", &kept.to_string(), 0o600);
    }

    /// This account in another home, where it has that access token and none to renew it with.
    pub(crate) fn stuck_with(&self, token: &str) -> Account {
        let stuck = shared().account(self.client, "");
        let mut kept: Value = serde_json::from_str(&fs::read_to_string(self.token_file()).unwrap()).unwrap();
        kept["access_token"] = token.into();
        kept.as_object_mut().unwrap().remove("refresh_token").unwrap();
        stuck.home.write(".local/state/pop3/work.token", &kept.to_string(), 0o600);
        stuck
    }

    /// Makes the provider forget the access token, while we believe in it.
    pub(crate) fn spoil_access_token(&self) {
        let token = self.kept("access_token");
        ureq::post(format!("http://127.0.0.1:{}/expire", shared().plain)).send(&token).unwrap();
        assert!(!shared().knows(&token));
    }

    /// Makes the provider forget the whole sign-in.
    pub(crate) fn spoil_sign_in(&self) {
        shared().revoke(&self.kept("refresh_token"), self.client);
    }
}
