//! Providers that have given up passwords: what a refusal of one means there.

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

/// What a person does whose account is not configured for OAuth: `pop3 auth login` alone would ask for the
/// same password again. A macro, because a hint is one text with more around it.
macro_rules! by_oauth {
    () => {
        "add oauth = \"google\" (or \"microsoft\", \"yahoo\", or a metadata URL) and oauth-client-id to the \
         account, then run `pop3 auth login -a NAME`"
    };
}
pub(super) use by_oauth;

/// What to do about a refused password, where the `host` or the server's `words` show that it is not
/// the password's fault. Pure: it knows names, and no account.
pub fn password_hint(host: &str, words: &[u8]) -> Option<&'static str> {
    let words = String::from_utf8_lossy(words).to_ascii_lowercase();
    if WORDS.iter().any(|known| words.contains(known)) {
        return Some(concat!("the provider no longer accepts passwords for this account: ", by_oauth!()));
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_of =
        |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    WITHOUT_PASSWORDS.iter().any(is_of).then_some(concat!(
        "the provider no longer accepts an account's own password: give an app password where there still \
         are such, or ",
        by_oauth!()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_without_passwords_is_known_by_its_words_or_by_its_name() {
        let over = "the provider no longer accepts passwords";
        let table: [(&str, &str, Option<&str>); 11] = [
            ("pop.gmail.com", "[AUTH] Application-specific password required: https://g", Some(over)),
            ("pop.example.org", "[AUTH] Application-specific password required", Some(over)),
            ("pop.gmail.com", "[AUTH] Web login required", Some(over)),
            ("outlook.office365.com", "Logon failure: LogonDenied-BasicAuthBlocked", Some(over)),
            ("mail.example.org", "Basic authentication is disabled.", Some(over)),
            ("pop.gmail.com", "[AUTH] Username and password not accepted.", Some("app password")),
            (
                "Outlook.Office365.com.",
                "Logon failure: unknown user name or bad password.",
                Some("app password"),
            ),
            (
                "pop.mail.yahoo.com",
                "[AUTH] (#AUTH012) Incorrect username or password.",
                Some("oauth = \"google\" (or \"microsoft\", \"yahoo\","),
            ),
            ("notgmail.com", "[AUTH] no", None),
            ("gmail.com.example.org", "[AUTH] no", None),
            ("pop.example.org", "[AUTH] Authentication failed.", None),
        ];
        for (host, words, expected) in table {
            let hint = password_hint(host, words.as_bytes());
            assert_eq!(hint.is_some(), expected.is_some(), "{host}: {words}");
            assert!(hint.unwrap_or_default().contains(expected.unwrap_or_default()), "{host}: {hint:?}");
            let says_how = |hint: &str| {
                let key = hint.find("add oauth = \"google\"");
                key.is_some() && key < hint.find("then run `pop3 auth login -a NAME`")
            };
            assert!(hint.is_none_or(says_how), "the command alone asks for the same password: {hint:?}");
        }
    }
}
