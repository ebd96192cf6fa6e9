//! An account for the configuration file, made from what was found to work, as a person would write it. Contains no
//! secret: the source of the password stays what it is, unless the text of the command contains the password.

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pop3::account::{Account, OAuth, PATIENCE, PasswordSource, values};
use pop3::fetch::policy::Order;
use pop3::session::Pipelining;
use pop3::store::Spec;
use pop3::transport::{Family, Names, Proxy, Security, Target, TlsVersion};
use toml::Value;

/// The lines of an account with the same settings. `is_secret` says whether a text contains the password.
pub(super) fn config(account: &Account, is_secret: impl Fn(&str) -> bool) -> Vec<String> {
    let name = if account.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    {
        account.name.clone()
    } else {
        Value::from(account.name.as_str()).to_string()
    };
    let mut lines = vec![format!("[account.{name}]")];
    lines.extend(keys(account, is_secret).iter().map(|(key, value)| format!("{key} = {value}")));
    lines.extend(password_comment(account, &lines).map(str::to_owned));
    if account.oauth.as_ref().is_some_and(OAuth::has_client_secret) {
        lines.push("# and where its client secret comes from: oauth-client-secret-command, or -file".into());
    }
    lines
}

/// Settings that differ from the defaults, and those that should be explicit.
fn keys(account: &Account, is_secret: impl Fn(&str) -> bool) -> Vec<(&'static str, Value)> {
    let mut keys = Vec::new();
    let mut put = |key, value: Option<Value>| keys.extend(value.map(|value| (key, value)));
    let in_the_clear = account.security == Security::None && matches!(account.server, Target::Tcp { .. });
    put("server", text(Some(server(account))));
    put("tls", text(in_the_clear.then_some("none")));
    put("user", text(Some(account.user.as_str())));
    put("maildrop", text(account.maildrop.as_deref()));
    put("auth", text(account.auth.map(|mechanism| mechanism.to_string())));
    match &account.password {
        PasswordSource::Command(command) if !is_secret(command) => {
            put("password-command", text(Some(command.as_str())));
        }
        PasswordSource::File(file) => put("password-file", text(Some(path(file)))),
        _ => {}
    }
    if let Some(oauth) = &account.oauth {
        let (settings, named) = (&oauth.settings, &oauth.settings.named);
        put("oauth", text(Some(settings.provider.to_string()).filter(|word| word != "own")));
        put("oauth-client-id", text(Some(settings.client_id.as_str())));
        put("oauth-scope", text(settings.scope.as_deref()));
        put("oauth-authorization-url", text(named.authorization.as_ref().map(|url| url.as_str())));
        put("oauth-token-url", text(named.token.as_ref().map(|url| url.as_str())));
        put("oauth-device-url", text(named.device.as_ref().map(|url| url.as_str())));
        put("oauth-revocation-url", text(named.revocation.as_ref().map(|url| url.as_str())));
        put("oauth-redirect-url", text(settings.redirect.as_deref()));
    }
    let tls = &account.tls;
    put("ca-file", several(tls.ca_files.iter().map(|file| path(file))));
    put("pin", several(tls.pins.iter().map(ToString::to_string)));
    put("tls-min", text(Some(tls.min).filter(|min| *min != TlsVersion::V1_2).map(|min| min.to_string())));
    put("tls-host", text(tls.host.as_deref()));
    let own = tls.identity.as_ref();
    put("client-cert", text(own.map(|own| path(&own.certificate))));
    put("client-key", text(own.and_then(|own| own.key.as_deref()).map(path)));
    let way = &account.way;
    put("tunnel", text(way.tunnel.as_deref()));
    put("proxy", text(way.proxy.as_ref().map(proxy)));
    put("source-ip", text(way.source.map(|source| source.to_string())));
    put("ip-version", way.family.map(|family| Value::from(if family == Family::V4 { 4 } else { 6 })));
    put("timeout", text(Some(account.timeout).filter(|most| *most != PATIENCE).map(values::shown_duration)));
    put("pipelining", text(pipelining(account.pipelining)));
    put(
        "deliver",
        text(Some(account.deliver.as_ref().map_or_else(|| "maildir:~/Mail/".to_owned(), deliver))),
    );
    let policy = &account.policy;
    put("keep", text(Some(policy.keep.to_string())));
    put("max-size", text(policy.max_size.map(values::shown_size)));
    put("limit", policy.limit.map(|limit| Value::from(i64::from(limit))));
    put(
        "order",
        text(Some(policy.order).filter(|order| *order != Order::default()).map(|order| order.to_string())),
    );
    put("max-delete", policy.max_delete.map(|most| Value::from(i64::from(most))));
    keys
}

fn text(word: Option<impl Into<String>>) -> Option<Value> {
    word.map(|word| Value::String(word.into()))
}

/// One value as a string, several as a list, none not at all.
fn several(words: impl Iterator<Item = String>) -> Option<Value> {
    let mut words: Vec<Value> = words.map(Value::String).collect();
    match words.len() {
        0 | 1 => words.pop(),
        _ => Some(Value::Array(words)),
    }
}

/// An absolute path: a configuration file has another folder.
fn path(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

fn deliver(spec: &Spec) -> String {
    match spec {
        Spec::Maildir(folder) => format!("maildir:{}", path(folder)),
        Spec::Mbox(file) => format!("mbox:{}", path(file)),
        Spec::Command(_) => spec.to_string(),
    }
}

/// Where the password comes from, if no key says it.
fn password_comment(account: &Account, lines: &[String]) -> Option<&'static str> {
    let has_key = lines.iter().any(|line| line.starts_with("password-"));
    let signs_in_otherwise = account.oauth.is_some() || account.tls.identity.is_some();
    match &account.password {
        _ if has_key => None,
        PasswordSource::Search if signs_in_otherwise => None,
        PasswordSource::Search => {
            Some("# its password: in the keyring (`pop3 auth login`), in ~/.netrc, or asked for")
        }
        _ => Some("# and its password: password-command, password-file, or `pop3 auth login`"),
    }
}

fn pipelining(pipelining: Pipelining) -> Option<&'static str> {
    match pipelining {
        Pipelining::Auto => None,
        Pipelining::On => Some("on"),
        Pipelining::Off => Some("off"),
    }
}

fn proxy(proxy: &Proxy) -> String {
    let scheme = if proxy.names == Names::AtProxy { "socks5h" } else { "socks5" };
    let user = proxy.user.as_ref().map(|user| format!("{}@", escaped(user))).unwrap_or_default();
    format!("{scheme}://{user}{proxy}")
}

fn server(account: &Account) -> String {
    let target = account.server.to_string();
    let usual = |port: u16| target.strip_suffix(&format!(":{port}")).unwrap_or(&target).to_owned();
    match (&account.server, account.security) {
        (Target::Unix(_), _) => format!("pop3+unix://{target}"),
        (_, Security::Implicit) => format!("pop3s://{}", usual(995)),
        (_, Security::Stls | Security::None) => format!("pop3://{}", usual(110)),
    }
}

/// Percent-encodes what is not allowed in the user part of a URL (RFC 3986 section 2.1).
fn escaped(text: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use pop3::account::{Config, Environment, Overrides, Scope, resolve};

    use super::*;
    use std::time::Duration;

    /// What the configuration makes of it.
    fn account(text: &str) -> Account {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).expect("it is written");
        let environment = Environment::artificial(Some(Path::new("/home/me")), []);
        let config =
            Config::find(Some(&file), &environment).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
        let nothing = Overrides::default();
        let accounts = resolve(&config, &environment, &[], &nothing, Scope::One);
        let (_, account) = accounts.unwrap_or_else(|error| panic!("{error:?}\n{text}")).remove(0);
        account.unwrap_or_else(|error| panic!("{error:?}\n{text}"))
    }

    #[test]
    fn what_is_suggested_is_the_same_account() {
        for keys in [
            "server = 'pop3s://h'\nuser = 'me'\nmaildrop = 'second'",
            "server = 'pop3s://h'\nuser = 'me'\npassword-command = 'pass show \"mail/work\"'\nmax-size = 5000000",
            "server = 'pop3s://h'\nuser = 'me'\npassword-file = '/etc/the password'\nmax-size = 1234567",
            "server = 'pop3://h:8110'\nuser = 'me \"b\" \\c'\ntls = 'none'\npipelining = 'off'\nlimit = 3",
            "server = 'pop3+unix:///run/pop3'\nuser = 'me'\nkeep = '500'\nmax-size = '3M'\norder = 'newest'",
            "server = 'pop3s://h:1995'\nuser = 'me'\nca-file = ['/a.pem', '/b c.pem']\ntls-min = '1.3'\n\
             tls-host = 'mail.h'\nclient-cert = '/c.pem'\nclient-key = '/k.pem'\nauth = 'external'\n\
             source-ip = '127.0.0.2'\nip-version = 4\ntimeout = '1500ms'\nmax-delete = 7",
            "server = 'pop3://h'\nuser = 'me'\nproxy = 'socks5h://a%40b@proxy:1080'\ntimeout = '2m'\n\
             deliver = 'mbox:/var/mail/me'\nip-version = 6",
            "server = 'pop3s://h'\nuser = 'me'\ntunnel = 'ssh \"gate way\" nc %h %p'\ndeliver = 'command:cat'",
            "server = 'pop3s://h'\nuser = 'me'\noauth = 'google'\noauth-client-id = 'x'\noauth-scope = 'a b'\n\
             oauth-redirect-url = 'https://localhost/back'",
            "server = 'pop3s://h'\nuser = 'me'\noauth-client-id = 'x'\noauth-token-url = 'https://p/token'\n\
             oauth-device-url = 'https://p/device'\noauth-revocation-url = 'https://p/revoke'\n\
             oauth-authorization-url = 'https://p/auth'",
        ] {
            let meant = account(&format!("[account.'my mail']\n{keys}\n"));
            let suggested = config(&meant, |_| false).join("\n");
            let again = account(&suggested);
            // Where nothing was said of it a destination is suggested.
            let again = Account { deliver: meant.deliver.clone().and(again.deliver.clone()), ..again };
            assert_eq!(format!("{again:#?}"), format!("{meant:#?}"), "{suggested}");
        }
        let pins = ["1", "2"].map(|digit| format!("sha256:{}", digit.repeat(64)));
        let pinned = account(&format!("[account.a]\nserver = 'pop3s://h'\nuser = 'me'\npin = {pins:?}\n"));
        assert_eq!(account(&config(&pinned, |_| false).join("\n")).tls.pins, pinned.tls.pins);
        assert_eq!(pinned.tls.pins.len(), 2);
    }

    #[test]
    fn no_secret_and_nothing_that_tells_one_is_suggested() {
        let suggested = |keys: &str| {
            let told = account(&format!("[account.a]\nserver = 'pop3s://h'\nuser = 'me'\n{keys}\n"));
            config(&told, |text| text.contains("tanstaaf")).join("\n")
        };
        let by_password = suggested("password-command = 'echo tanstaaf'");
        assert!(!by_password.contains("tanstaaf"), "{by_password}");
        assert!(by_password.contains("\n# and its password: "), "{by_password}");
        let by_oauth = suggested(
            "oauth = 'google'\noauth-client-id = 'x'\noauth-client-secret-command = 'echo tanstaaf'",
        );
        assert!(!by_oauth.contains("tanstaaf") && by_oauth.contains("oauth-client-secret-"), "{by_oauth}");
    }

    #[test]
    fn a_user_in_a_url_is_escaped() {
        assert_eq!(escaped("me@example.com"), "me%40example.com");
    }

    #[test]
    fn values_are_written_as_a_person_writes_them() {
        for (octets, written) in [
            (52_428_800, "50M"),
            (1 << 30, "1G"),
            (15 << 10, "15k"),
            (5_000_000, "5MB"),
            (1_234_567, "1234567"),
            (0, "0"),
        ] {
            assert_eq!(values::shown_size(octets), written, "{octets}");
        }
        for (millis, written) in
            [(60_000, "60s"), (120_000, "2m"), (90_000, "90s"), (3_600_000, "1h"), (1_500, "1500ms")]
        {
            assert_eq!(values::shown_duration(Duration::from_millis(millis)), written, "{millis}");
        }
        let told =
            account("[account.a]\nserver = 'pop3s://h'\nuser = 'me'\nmax-size = '50M'\ntimeout = '2m'\n");
        let suggested = config(&told, |_| false);
        let has = |line: &str| suggested.iter().any(|one| one == line);
        assert!(has("max-size = \"50M\"") && has("timeout = \"2m\""), "{suggested:?}");
        assert!(suggested.last().is_some_and(|line| line.starts_with("# its password: in the keyring")));
    }
}
