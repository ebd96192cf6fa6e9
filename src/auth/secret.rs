//! A password, or a token, that has no printable form and is wiped from memory after use.

use std::fmt;

use zeroize::Zeroizing;

/// Secret bytes: wiped when dropped, hidden in `Debug`, without `Display`.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over; a `String` or `Vec<u8>` is not copied.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Secret {
        Secret(Zeroizing::new(bytes.into()))
    }

    /// The bytes themselves: for what is sent to the server, nothing else.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_hidden_wherever_it_might_be_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "[hidden]");
        assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    [hidden],\n)");
    }

    #[test]
    fn keeps_any_bytes() {
        assert_eq!(Secret::new(vec![0, 0xff, b'\n']).clone().expose(), [0, 0xff, b'\n']);
    }
}
