//! An account for the configuration file, made from what was found to work. Never holds a secret.

use std::fmt::Write as _;

use pop3::account::Account;
use pop3::transport::{Names, Pin, Security, Target};

/// The lines of an account that does what this one does.
pub(super) fn config(account: &Account, pin: Option<&Pin>) -> Vec<String> {
    let mut text = String::new();
    let name = if account.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    {
        account.name.clone()
    } else {
        quoted(&account.name)
    };
    // Writing to a String cannot fail.
    let mut put = |key: &str, value: &str| {
        let _ = writeln!(text, "{key} = {}", quoted(value));
    };
    put("server", &server(account));
    if account.security == Security::None && matches!(account.server, Target::Tcp { .. }) {
        put("tls", "none");
    }
    put("user", &account.user);
    if let Some(mechanism) = account.auth {
        put("auth", &mechanism.to_string());
    }
    if let Some(pin) = pin {
        put("pin", &pin.to_string());
    }
    for file in &account.tls.ca_files {
        put("ca-file", &file.display().to_string());
    }
    if let Some(host) = &account.tls.host {
        put("tls-host", host);
    }
    if let Some(own) = &account.tls.identity {
        put("client-cert", &own.certificate.display().to_string());
        if let Some(key) = &own.key {
            put("client-key", &key.display().to_string());
        }
    }
    if let Some(command) = &account.way.tunnel {
        put("tunnel", command);
    }
    if let Some(proxy) = &account.way.proxy {
        let scheme = if proxy.names == Names::AtProxy { "socks5h" } else { "socks5" };
        let user = proxy.user.as_ref().map(|user| format!("{}@", escaped(user))).unwrap_or_default();
        put("proxy", &format!("{scheme}://{user}{proxy}"));
    }
    if let Some(source) = account.way.source {
        put("source-ip", &source.to_string());
    }
    put(
        "deliver",
        &account.deliver.as_ref().map_or_else(|| "maildir:~/Mail/".to_owned(), ToString::to_string),
    );
    put("keep", &account.policy.keep.to_string());
    std::iter::once(format!("[account.{name}]")).chain(text.lines().map(ToOwned::to_owned)).collect()
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

/// What may not stand in a URL's user, percent-encoded (RFC 3986 section 2.1).
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_control_characters_do_not_break_the_file() {
        let text = "a \"b\" \\c\u{1b}\n";
        let table: toml::Table = format!("key = {}", quoted(text)).parse().expect("it is TOML");
        assert_eq!(table["key"].as_str(), Some(text));
    }

    #[test]
    fn a_user_in_a_url_is_escaped() {
        assert_eq!(escaped("me@example.com"), "me%40example.com");
    }
}
