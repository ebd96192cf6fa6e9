//! The fields of a line: `name=value`, with tabs between them, in any order. A name means the same in every
//! record, so that one pass over a line finds all of them; what has another name is kept as it stands.

use data_encoding::HEXLOWER;
use memchr::memchr;

use super::escape::{are_printable, escape, is_printable};
use super::view::EntryId;
use crate::identity::Identity;
use crate::protocol::decimal;

/// The names of one letter, which nearly every line has. The list in [`record`](super::record) says what
/// they mean.
const COMMON: &[u8; 9] = b"etfoiupks";

/// The values of one line, as they stand in it.
pub(super) struct Values<'a> {
    common: [Option<&'a [u8]>; COMMON.len()],
    /// What has a longer name, or one that is not known here.
    other: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Values<'a> {
    /// Reads what stands behind the verb; `None` where that is no list of fields.
    pub(super) fn read(mut rest: &'a [u8]) -> Option<Values<'a>> {
        let mut values = Values { common: [None; COMMON.len()], other: Vec::new() };
        loop {
            // Fields are short: a plain loop finds the tab before a clever search has started.
            let end = rest.iter().position(|byte| *byte == b'\t').unwrap_or(rest.len());
            let field = &rest[..end];
            values.take(field)?;
            match rest.get(end + 1..) {
                Some(after) => rest = after,
                None => return Some(values),
            }
        }
    }

    fn take(&mut self, field: &'a [u8]) -> Option<()> {
        if let [name, b'=', value @ ..] = field
            && let Some(at) = common(*name)
        {
            // Twice the same name: nobody can say which one counts.
            return self.common[at].replace(value).is_none().then_some(());
        }
        let equals = field.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&field[..equals], &field[equals + 1..]);
        let is_name = !name.is_empty() && name.iter().all(|byte| is_name_octet(*byte));
        let is_new = self.other.iter().all(|(other, _)| *other != name);
        let is_value = are_printable(value);
        (is_name && is_new && is_value).then(|| self.other.push((name, value)))
    }

    /// The value of a name of one letter.
    pub(super) fn common(&self, name: u8) -> Option<&'a [u8]> {
        let value = self.common[common(name)?]?;
        are_printable(value).then_some(value)
    }

    /// Takes the value of a longer name out, so that it is not kept as unknown.
    pub(super) fn take_other(&mut self, name: &[u8]) -> Option<&'a [u8]> {
        let at = self.other.iter().position(|(other, _)| *other == name)?;
        Some(self.other.remove(at).1)
    }

    /// What is left of names that this version does not know, as it stood in the line; empty where nothing is.
    pub(super) fn into_kept(self) -> Vec<u8> {
        let mut kept = Vec::new();
        for (name, value) in self.other {
            push_kept(&mut kept, name, value);
        }
        kept
    }

    pub(super) fn entry(&self) -> Option<EntryId> {
        Some(EntryId::new(u32::try_from(decimal(self.common(b'e')?)?).ok()?))
    }

    /// A number that may be missing; the outer `None` where it is none.
    pub(super) fn optional_number(&self, name: u8) -> Option<Option<u64>> {
        match self.common[common(name)?] {
            None => Some(None),
            Some(value) => decimal(value).map(Some),
        }
    }

    pub(super) fn time(&self, name: u8) -> Option<i64> {
        time(self.common(name)?)
    }

    /// The identity, which may be missing; the outer `None` where it is none.
    pub(super) fn identity(&self) -> Option<Option<Identity>> {
        match self.common[common(b'i')?] {
            None => Some(None),
            Some(value) => Identity::from_hex(value).map(Some),
        }
    }
}

/// The fields of a line that stand in the order in which they are written here: nearly all lines, read in half
/// the time. Where anything else stands, the answer is `None`, and [`Values`] tells what it is.
pub(super) struct Ordered<'a> {
    /// `None` behind the last one.
    rest: Option<&'a [u8]>,
}

impl<'a> Ordered<'a> {
    pub(super) fn new(fields: &'a [u8]) -> Ordered<'a> {
        Ordered { rest: Some(fields) }
    }

    /// What stands behind the name of the next field, if it is that one.
    fn begin(&self, name: u8) -> Option<&'a [u8]> {
        match self.rest? {
            [found, b'=', rest @ ..] if *found == name => Some(rest),
            _ => None,
        }
    }

    /// Ends a value after so many octets, which a tab or the end of the line must follow.
    fn end(&mut self, rest: &'a [u8], length: usize) -> Option<&'a [u8]> {
        self.rest = match rest.get(length..)? {
            [] => None,
            [b'\t', rest @ ..] => Some(rest),
            _ => return None,
        };
        Some(&rest[..length])
    }

    /// The next field, if it has that name. Its octets are not looked at.
    pub(super) fn take(&mut self, name: u8) -> Option<&'a [u8]> {
        let rest = self.begin(name)?;
        self.end(rest, memchr(b'\t', rest).unwrap_or(rest.len()))
    }

    /// The next field, if it has that name and is a number of so few digits that it cannot be too large.
    pub(super) fn number(&mut self, name: u8) -> Option<u64> {
        let rest = self.begin(name)?;
        let (mut number, mut length) = (0u64, 0);
        while let Some(digit) =
            rest.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
        {
            (number, length) = (number.wrapping_mul(10).wrapping_add(digit.into()), length + 1);
        }
        self.end(rest, length).filter(|_| (1..=SAFE_DIGITS).contains(&length))?;
        Some(number)
    }

    pub(super) fn entry(&mut self) -> Option<EntryId> {
        Some(EntryId::new(u32::try_from(self.number(b'e')?).ok()?))
    }

    pub(super) fn time(&mut self, name: u8) -> Option<i64> {
        i64::try_from(self.number(name)?).ok()
    }

    pub(super) fn identity(&mut self) -> Option<Identity> {
        let rest = self.begin(b'i')?;
        Identity::from_hex(self.end(rest, 32)?)
    }

    /// Text in which nothing is escaped. It is short: a plain loop finds its end before a clever search has
    /// started.
    pub(super) fn plain(&mut self, name: u8) -> Option<&'a [u8]> {
        let rest = self.begin(name)?;
        let is_plain = |byte: &&u8| is_printable(**byte) && **byte != b'%';
        self.end(rest, rest.iter().take_while(is_plain).count())
    }

    /// The number of a store, if nothing else is left; zero where nothing is.
    pub(super) fn store_at_the_end(&mut self) -> Option<u16> {
        match self.rest {
            None => Some(0),
            Some(_) => u16::try_from(self.number(b'k')?).ok().filter(|_| self.is_at_the_end()),
        }
    }

    pub(super) fn is_at_the_end(&self) -> bool {
        self.rest.is_none()
    }
}

/// Any number of so many digits fits into 64 bits.
const SAFE_DIGITS: usize = 19;

fn common(name: u8) -> Option<usize> {
    Some(match name {
        b'e' => 0,
        b't' => 1,
        b'f' => 2,
        b'o' => 3,
        b'i' => 4,
        b'u' => 5,
        b'p' => 6,
        b'k' => 7,
        b's' => 8,
        _ => return None,
    })
}

fn is_name_octet(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// A time in seconds since 1970, which may be negative.
pub(super) fn time(value: &[u8]) -> Option<i64> {
    match value.strip_prefix(b"-") {
        Some(past) => 0i64.checked_sub_unsigned(decimal(past)?),
        None => i64::try_from(decimal(value)?).ok(),
    }
}

/// Takes the newer of kept fields over the older; a field without a value takes the older one away.
pub(super) fn merge_kept(older: &[u8], newer: &[u8]) -> Vec<u8> {
    let fields = |kept| split_kept(kept).collect::<Vec<_>>();
    let (older, newer) = (fields(older), fields(newer));
    let is_replaced = |name: &[u8]| newer.iter().any(|(other, _)| *other == name);
    let mut merged = Vec::new();
    let stay = older.iter().filter(|(name, _)| !is_replaced(name));
    for (name, value) in stay.chain(newer.iter().filter(|(_, value)| !value.is_empty())) {
        push_kept(&mut merged, name, value);
    }
    merged
}

/// The value of one of the kept fields.
pub(super) fn kept_value<'k>(kept: &'k [u8], name: &[u8]) -> Option<&'k [u8]> {
    split_kept(kept).find(|(other, _)| *other == name).map(|(_, value)| value)
}

fn split_kept(kept: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    kept.split(|byte| *byte == b'\t').filter_map(|field| {
        let equals = field.iter().position(|byte| *byte == b'=')?;
        Some((&field[..equals], &field[equals + 1..]))
    })
}

fn push_kept(kept: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if !kept.is_empty() {
        kept.push(b'\t');
    }
    kept.extend_from_slice(name);
    kept.push(b'=');
    kept.extend_from_slice(value);
}

/// A line that is being written.
pub(super) struct LineWriter<'a>(pub(super) &'a mut Vec<u8>);

impl LineWriter<'_> {
    pub(super) fn verb(self, verb: &str) -> Self {
        self.0.extend_from_slice(verb.as_bytes());
        self
    }

    fn name(&mut self, name: &str) {
        self.0.push(b'\t');
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'=');
    }

    pub(super) fn number(mut self, name: &str, number: impl Into<u64>) -> Self {
        self.name(name);
        digits(self.0, number.into());
        self
    }

    pub(super) fn optional_number(self, name: &str, number: Option<u64>) -> Self {
        match number {
            Some(number) => self.number(name, number),
            None => self,
        }
    }

    pub(super) fn entry(self, entry: EntryId) -> Self {
        self.number("e", entry.number())
    }

    pub(super) fn time(mut self, name: &str, at: i64) -> Self {
        self.name(name);
        if at < 0 {
            self.0.push(b'-');
        }
        digits(self.0, at.unsigned_abs());
        self
    }

    pub(super) fn identity(mut self, identity: Option<Identity>) -> Self {
        if let Some(identity) = identity {
            self.name("i");
            let mut digits = [0; 32];
            HEXLOWER.encode_mut(identity.as_bytes(), &mut digits);
            self.0.extend_from_slice(&digits);
        }
        self
    }

    /// Octets, escaped.
    pub(super) fn text(mut self, name: &str, text: &[u8]) -> Self {
        self.name(name);
        escape(self.0, text);
        self
    }

    /// Octets that are escaped already.
    pub(super) fn raw(mut self, name: &str, value: &[u8]) -> Self {
        self.name(name);
        self.0.extend_from_slice(value);
        self
    }
}

fn digits(line: &mut Vec<u8>, mut number: u64) {
    let mut buffer = [0; 20]; // u64::MAX has 20 digits
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    line.extend_from_slice(&buffer[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_any_order_and_unknown_ones_are_left_over() {
        let mut values = Values::read(b"later=a|b\tu=x\twhy=no\te=7\tw=").expect("fields");
        assert_eq!(values.entry(), Some(EntryId::new(7)));
        assert_eq!((values.common(b'u'), values.common(b't')), (Some(&b"x"[..]), None));
        assert_eq!(values.take_other(b"why"), Some(&b"no"[..]));
        assert_eq!(values.into_kept(), b"later=a|b\tw=");
    }

    #[test]
    fn what_is_no_list_of_fields_is_none() {
        for rest in [&b""[..], b"e", b"e=1\t", b"=1", b"e=1\te=1", b"x=1\tx=2", b"X=1", b"x=\x01", b"a b=1"] {
            assert!(Values::read(rest).is_none(), "{rest:?}");
        }
    }

    #[test]
    fn a_newer_field_takes_the_place_of_an_older_one_and_an_empty_one_removes_it() {
        assert_eq!(merge_kept(b"w=1\td=2", b"d=3\tr1=4"), b"w=1\td=3\tr1=4");
        assert_eq!(merge_kept(b"w=1\td=2", b"w="), b"d=2");
        assert_eq!(merge_kept(b"", b"w=1"), b"w=1");
        assert_eq!(merge_kept(b"w=1", b""), b"w=1");
    }
}
