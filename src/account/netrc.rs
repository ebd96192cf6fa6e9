//! The passwords in `~/.netrc`, the file of ftp(1), which curl, mpop and Python read too:
//! `machine HOST login USER password WORD`, `default`, `macdef`, quoted words, `#` comments.
//! Pure: bytes in, a [`Secret`] out. Errors name the number of a line and never quote it.
//!
//! The file is shared with other programs: unknown words are skipped one by one, and an entry counts only if it
//! names both this host and this user. `default`, and an entry without a login, would give a password to whatever
//! server is named.

use super::password::BYTE_ORDER_MARK;
use crate::auth::Secret;

/// The password for `user` at `host`, from the first entry of that machine and that login.
///
/// # Errors
/// The number of the line where the entry of this host breaks off: a quote without its end, a keyword without
/// its value.
pub(super) fn password(netrc: &[u8], host: &str, user: &[u8]) -> Result<Option<Secret>, usize> {
    let netrc = netrc.strip_prefix(BYTE_ORDER_MARK).unwrap_or(netrc);
    let mut words = Words { rest: netrc, line: 1 };
    let mut entry = Entry::default();
    loop {
        words.skip_blank_and_comments();
        // A broken word of another machine's entry is not ours to complain about.
        let broken = |line: usize, entry: &Entry| if entry.fits { Err(line) } else { Ok(()) };
        let keyword = match words.next() {
            Ok(Some(keyword)) => keyword,
            Ok(None) => return Ok(entry.password_for(user)),
            Err(line) => {
                broken(line, &entry)?;
                continue;
            }
        };
        match keyword.as_slice() {
            b"machine" | b"default" => {
                if let Some(found) = entry.password_for(user) {
                    return Ok(Some(found));
                }
                let machine = if keyword == b"machine" { words.value().ok() } else { None };
                let fits = machine.is_some_and(|machine| machine.eq_ignore_ascii_case(host.as_bytes()));
                entry = Entry { fits, ..Entry::default() };
            }
            b"login" | b"user" => match words.value() {
                Ok(login) => entry.login = Some(login),
                Err(line) => broken(line, &entry)?,
            },
            b"password" | b"passwd" => match words.value() {
                Ok(password) => entry.password = Some(Secret::new(password)),
                Err(line) => broken(line, &entry)?,
            },
            b"account" | b"port" | b"protocol" | b"method" => drop(words.value()),
            b"macdef" => words.skip_macro(),
            _ => {}
        }
    }
}

#[derive(Default)]
struct Entry {
    fits: bool,
    login: Option<Vec<u8>>,
    password: Option<Secret>,
}

impl Entry {
    fn password_for(&mut self, user: &[u8]) -> Option<Secret> {
        let same_user = self.login.as_deref() == Some(user);
        if self.fits && same_user { self.password.take() } else { None }
    }
}

struct Words<'a> {
    rest: &'a [u8],
    line: usize,
}

impl Words<'_> {
    fn advance(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.line += usize::from(byte == b'\n');
        self.rest = rest;
        Some(byte)
    }

    fn skip_line(&mut self) -> bool {
        let mut blank = true;
        while let Some(byte) = self.advance() {
            if byte == b'\n' {
                break;
            }
            blank &= byte.is_ascii_whitespace();
        }
        blank
    }

    fn skip_blank(&mut self) {
        while self.rest.first().is_some_and(u8::is_ascii_whitespace) {
            self.advance();
        }
    }

    /// A `#` begins a comment only in place of a keyword: passwords may begin with one.
    fn skip_blank_and_comments(&mut self) {
        self.skip_blank();
        while self.rest.first() == Some(&b'#') {
            self.skip_line();
            self.skip_blank();
        }
    }

    /// Skips the body of a macro, which is for ftp and ends at the next blank line.
    fn skip_macro(&mut self) {
        self.skip_line();
        while !self.rest.is_empty() && !self.skip_line() {}
    }

    /// The next word, unquoted; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, usize> {
        self.skip_blank();
        let quoted = match self.rest.first() {
            None => return Ok(None),
            Some(&byte) => byte == b'"',
        };
        let mut word = Vec::new();
        if !quoted {
            while let Some(&byte) = self.rest.first().filter(|byte| !byte.is_ascii_whitespace()) {
                word.push(byte);
                self.advance();
            }
            return Ok(Some(word));
        }
        let line = self.line;
        self.advance();
        loop {
            match self.advance() {
                Some(b'"') => return Ok(Some(word)),
                Some(b'\\') => word.push(match self.advance() {
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(other) => other,
                    None => return Err(line),
                }),
                Some(b'\n') | None => return Err(line),
                Some(byte) => word.push(byte),
            }
        }
    }

    fn value(&mut self) -> Result<Vec<u8>, usize> {
        self.next()?.ok_or(self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(netrc: &str, host: &str, user: &str) -> Option<String> {
        let secret = password(netrc.as_bytes(), host, user.as_bytes()).expect("well-formed");
        secret.map(|secret| String::from_utf8_lossy(secret.expose()).into_owned())
    }

    #[test]
    fn finds_the_entry_of_host_and_user_in_any_layout() {
        let netrc = "# mine\nmachine other login me password no\n\
            machine pop.example.com\n\tlogin you\n\tpassword theirs\n\
            machine POP.example.com login me account x port 995 password yes # said\n\
            default login me password fallback";
        assert_eq!(found(netrc, "pop.example.com", "me").as_deref(), Some("yes"));
        assert_eq!(found(netrc, "pop.example.com", "you").as_deref(), Some("theirs"));
        assert_eq!(found(netrc, "elsewhere", "me"), None, "default is for any server: never ours");
        assert_eq!(found(netrc, "elsewhere", "you"), None);
        assert_eq!(found("", "pop.example.com", "me"), None);
        assert_eq!(found("\r\n", "pop.example.com", "me"), None);
    }

    #[test]
    fn host_and_login_must_both_be_there_and_fit_in_whatever_order() {
        assert_eq!(found("machine h password p login me", "h", "me").as_deref(), Some("p"));
        assert_eq!(found("machine h password p", "h", "me"), None, "an entry without a login is for no one");
        assert_eq!(found("machine h password p login you", "h", "me"), None);
        assert_eq!(found("machine h login me", "h", "me"), None);
        assert_eq!(found("default password p", "h", "me"), None);
    }

    #[test]
    fn words_of_other_programs_are_skipped_one_by_one() {
        let ours = "machine h login me password p\n";
        let heroku = "machine api.heroku.com\n  login me\n  password trap\n  method interactive\n";
        for netrc in [
            format!("{heroku}{ours}"),
            format!("{ours}{heroku}"),
            format!("\u{feff}{ours}"),
            format!("\u{feff}\r\n{ours}"),
            format!("machine x force yes\nnonsense \"with a quote\" {ours}"),
            format!("machine x password \"open\n{ours}"),
            "machine h method login login me password p".to_owned(),
        ] {
            assert_eq!(found(&netrc, "h", "me").as_deref(), Some("p"), "{netrc:?}");
        }
        assert_eq!(found(heroku, "h", "me"), None);
        assert_eq!(found("machine", "h", "me"), None);
    }

    #[test]
    fn quotes_hold_blanks_hashes_and_escapes() {
        assert_eq!(
            found(r#"machine h login "my self" password "a b\"c\\d #e""#, "h", "my self").as_deref(),
            Some(r#"a b"c\d #e"#)
        );
        assert_eq!(found("machine h login me password #hash", "h", "me").as_deref(), Some("#hash"));
        assert_eq!(
            found(r"machine h login me password back\slash", "h", "me").as_deref(),
            Some(r"back\slash")
        );
        assert_eq!(found("machine h login me password \"\"", "h", "me").as_deref(), Some(""));
    }

    #[test]
    fn macros_end_at_a_blank_line() {
        let netrc = "machine f login me password x\nmacdef init\ncd /pub\nmachine h password trap\n\n\
            machine h login me password right\n";
        assert_eq!(found(netrc, "h", "me").as_deref(), Some("right"));
        assert_eq!(found("macdef init\nmachine h password trap", "h", "me"), None);
    }

    #[test]
    fn eight_bit_passwords_come_out_as_they_are() {
        let secret = password(b"machine h login m\xfc password \xe4\xff", "h", b"m\xfc").expect("fine");
        assert_eq!(secret.expect("there").expose(), b"\xe4\xff");
    }

    #[test]
    fn an_entry_of_ours_that_is_broken_off_is_told_by_its_line_only() {
        for (netrc, line) in [
            ("machine h password \"open\nlogin me", 1),
            ("machine h login", 1),
            ("\n\nmachine h password \"x\\", 3),
        ] {
            let result = password(netrc.as_bytes(), "h", b"me");
            assert_eq!(result.err(), Some(line), "{netrc:?}");
            assert!(password(netrc.as_bytes(), "x", b"me").expect("not ours").is_none(), "{netrc:?}");
        }
    }
}
