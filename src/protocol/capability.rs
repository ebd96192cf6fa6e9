//! The capabilities that a server announces in its reply to CAPA (RFC 2449 section 6, RFC 2595, 5034, 3206,
//! 6856).

use super::decimal::decimal;

/// The capabilities of a server in one state of the session. TLS and signing in may change them (Gmail
/// announces PIPELINING only after sign-in), so the client sends CAPA again after each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    lines: Vec<Vec<u8>>,
    sasl: Vec<Vec<u8>>,
    /// Whether PIPELINING is among them: asked for each message.
    pipelining: bool,
}

/// The minimum time between two sign-ins (RFC 2449 section 6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginDelay {
    /// Seconds.
    pub seconds: u32,
    /// The value may differ for this user, so it has to be read again after sign-in.
    pub may_differ: bool,
}

/// How long the server keeps messages (RFC 2449 section 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expire {
    /// It does not delete messages on its own.
    Never,
    /// It may delete messages after this many days; 0: as soon as they are retrieved.
    Days(u32),
}

impl Capabilities {
    /// Parses the lines of a reply to CAPA, without line ends and byte-stuffing.
    pub fn parse(lines: Vec<Vec<u8>>) -> Self {
        let mut capabilities = Capabilities { lines, ..Capabilities::default() };
        capabilities.sasl = capabilities.arguments("SASL").map(<[u8]>::to_ascii_uppercase).collect();
        capabilities.pipelining = capabilities.has("PIPELINING");
        capabilities
    }

    /// The lines as the server sent them.
    pub fn lines(&self) -> &[Vec<u8>] {
        &self.lines
    }

    /// Whether a capability with that name is announced; case does not matter.
    pub fn has(&self, name: &str) -> bool {
        self.line(name).is_some()
    }

    /// Whether several commands may be sent without waiting (RFC 2449 section 6.8).
    pub fn pipelining(&self) -> bool {
        self.pipelining
    }

    /// Whether UIDL is supported.
    pub fn uidl(&self) -> bool {
        self.has("UIDL")
    }

    /// Whether TOP is supported.
    pub fn top(&self) -> bool {
        self.has("TOP")
    }

    /// Whether USER and PASS are supported.
    pub fn user(&self) -> bool {
        self.has("USER")
    }

    /// Whether STLS is supported.
    pub fn stls(&self) -> bool {
        self.has("STLS")
    }

    /// Whether UTF-8 mode is supported (RFC 6856 section 2).
    pub fn utf8(&self) -> bool {
        self.has("UTF8")
    }

    /// The SASL mechanisms, in upper case, as listed.
    pub fn sasl(&self) -> &[Vec<u8>] {
        &self.sasl
    }

    /// The minimum time between two sign-ins.
    pub fn login_delay(&self) -> Option<LoginDelay> {
        let mut arguments = self.arguments("LOGIN-DELAY");
        let seconds = number(arguments.next()?)?;
        let may_differ = arguments.next().is_some_and(|word| word.eq_ignore_ascii_case(b"USER"));
        Some(LoginDelay { seconds, may_differ })
    }

    /// How long the server keeps messages.
    pub fn expire(&self) -> Option<Expire> {
        let word = self.arguments("EXPIRE").next()?;
        if word.eq_ignore_ascii_case(b"NEVER") { Some(Expire::Never) } else { number(word).map(Expire::Days) }
    }

    /// The name of the server's software.
    pub fn implementation(&self) -> Option<&[u8]> {
        self.line("IMPLEMENTATION").map(|line| line["IMPLEMENTATION".len()..].trim_ascii())
    }

    fn line(&self, name: &str) -> Option<&[u8]> {
        let is_named = |line: &&Vec<u8>| {
            words(line).next().is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
        };
        self.lines.iter().find(is_named).map(Vec::as_slice)
    }

    fn arguments(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.line(name).into_iter().flat_map(|line| words(line).skip(1))
    }
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

fn number(word: &[u8]) -> Option<u32> {
    decimal(word).and_then(|number| number.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capabilities(lines: &[&str]) -> Capabilities {
        Capabilities::parse(lines.iter().map(|line| line.as_bytes().to_vec()).collect())
    }

    #[test]
    fn parses_the_example_of_rfc_2449() {
        let these = capabilities(&[
            "TOP",
            "USER",
            "SASL CRAM-MD5 KERBEROS_V4",
            "RESP-CODES",
            "LOGIN-DELAY 900",
            "PIPELINING",
            "EXPIRE 60",
            "UIDL",
            "IMPLEMENTATION Shlemazle-Plotz-v302",
        ]);
        assert!(these.top() && these.user() && these.pipelining() && these.uidl() && !these.stls());
        assert_eq!(these.sasl(), [b"CRAM-MD5".to_vec(), b"KERBEROS_V4".to_vec()]);
        assert_eq!(these.login_delay(), Some(LoginDelay { seconds: 900, may_differ: false }));
        assert_eq!(these.expire(), Some(Expire::Days(60)));
        assert_eq!(these.implementation(), Some(&b"Shlemazle-Plotz-v302"[..]));
        assert_eq!(these.lines().len(), 9);
    }

    #[test]
    fn case_and_spaces_do_not_matter() {
        let these = capabilities(&["  sasl  plain\tlogin ", "expire never USER", "Login-Delay 300 user"]);
        assert_eq!(these.sasl(), [b"PLAIN".to_vec(), b"LOGIN".to_vec()]);
        assert_eq!(these.expire(), Some(Expire::Never));
        assert_eq!(these.login_delay(), Some(LoginDelay { seconds: 300, may_differ: true }));
    }

    #[test]
    fn invalid_values_are_ignored() {
        let these = capabilities(&["EXPIRE", "LOGIN-DELAY -3", "TOPPED", ""]);
        assert_eq!((these.expire(), these.login_delay(), these.top()), (None, None, false));
        assert!(these.sasl().is_empty() && these.implementation().is_none());
    }
}
