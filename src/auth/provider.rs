//! Providers that have given up passwords: what a refusal of one means there.

use crate::advice::SignIn;

/// Domains of the providers that take OAuth tokens instead of an account's own password: Google since
/// 2022 (Workspace since 2025), Microsoft since 2023 (outlook.com since 2024), Yahoo and AOL since 2020.
const WITHOUT_PASSWORDS: [&str; 10] = [
    "gmail.com",
    "googlemail.com",
    "google.com",
    "outlook.com",
    "office365.com",
    "hotmail.com",
    "live.com",
    "yahoo.com",
    "yahoodns.net",
    "aol.com",
];

/// What those and others say of it. Google: "Application-specific password required", "Web login
/// required"; Microsoft: "LogonDenied-BasicAuthBlocked", "Basic authentication is disabled".
const WORDS: [&str; 6] =
    ["application-specific password", "app password", "basicauth", "basic auth", "web login", "oauth"];

/// What to do about a refused password, where the `host` or the server's `words` show that it is not
/// the password's fault. Pure: it knows names, and no account.
pub fn password_advice(host: &str, words: &[u8]) -> Option<SignIn> {
    let words = String::from_utf8_lossy(words).to_ascii_lowercase();
    if WORDS.iter().any(|known| words.contains(known)) {
        return Some(SignIn::UseOAuth);
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_of =
        |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    WITHOUT_PASSWORDS.iter().any(is_of).then_some(SignIn::UseAppPassword)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_without_passwords_is_known_by_its_words_or_by_its_name() {
        let (by_words, by_name) = (Some(SignIn::UseOAuth), Some(SignIn::UseAppPassword));
        for (host, words, expected) in [
            ("pop.gmail.com", "[AUTH] Application-specific password required: https://g", &by_words),
            ("pop.example.org", "[AUTH] Application-specific password required", &by_words),
            ("pop.gmail.com", "[AUTH] Web login required", &by_words),
            ("outlook.office365.com", "Logon failure: LogonDenied-BasicAuthBlocked", &by_words),
            ("mail.example.org", "Basic authentication is disabled.", &by_words),
            ("pop.gmail.com", "[AUTH] Username and password not accepted.", &by_name),
            ("Outlook.Office365.com.", "Logon failure: unknown user name or bad password.", &by_name),
            ("pop.mail.yahoo.com", "[AUTH] (#AUTH012) Incorrect username or password.", &by_name),
            ("notgmail.com", "[AUTH] no", &None),
            ("gmail.com.example.org", "[AUTH] no", &None),
            ("pop.example.org", "[AUTH] Authentication failed.", &None),
        ] {
            assert_eq!(&password_advice(host, words.as_bytes()), expected, "{host}: {words}");
        }
    }
}
