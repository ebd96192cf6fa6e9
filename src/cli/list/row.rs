//! One message of the list: what is known of it, and whether it is wanted.

use anyhow::Result;

use crate::cli::args::ListOptions;
use crate::cli::decoded::Decoded;
use crate::cli::output::Output;
use crate::cli::output::json::{Mail, Time, UniqueId};

/// One message of the list.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) octets: Option<u64>,
    pub(super) unique_id: Option<Vec<u8>>,
    pub(super) fetched: bool,
    pub(super) decoded: Decoded,
}

impl Row {
    pub(super) fn subject(&self) -> &str {
        self.decoded.subject.as_deref().unwrap_or_default()
    }

    pub(super) fn state(&self) -> &'static str {
        if self.fetched { "fetched" } else { "new" }
    }

    /// Prints it as an object of `--json`.
    pub(super) fn put_object(&self, output: &Output, account: &str) -> Result<()> {
        Ok(output.object(&Mail::List {
            account,
            number: self.number,
            octets: self.octets,
            unique_id: UniqueId::from_option(self.unique_id.as_deref()),
            date: self.decoded.date.map(Time),
            state: self.state(),
            from: self.decoded.from.as_deref().unwrap_or_default(),
            subject: self.subject(),
        })?)
    }
}

/// Which messages are wanted, among those that are named.
#[derive(Debug)]
pub(super) struct Filter {
    new: bool,
    larger: Option<u64>,
    /// In lower case.
    from: Option<String>,
    subject: Option<String>,
}

impl Filter {
    pub(super) fn new(options: &ListOptions) -> Filter {
        let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
        Filter {
            new: options.new,
            larger: options.larger,
            from: lower(&options.from),
            subject: lower(&options.subject),
        }
    }

    /// Whether a message may be wanted, before its header is asked for. A size that is not known is not larger.
    pub(super) fn fits_listing(&self, octets: Option<u64>, fetched: bool) -> bool {
        let is_large = self.larger.is_none_or(|most| octets.is_some_and(|octets| octets > most));
        is_large && !(self.new && fetched)
    }

    /// Whether a message with that header is wanted.
    pub(super) fn fits_header(&self, decoded: &Decoded) -> bool {
        let has = |text: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| text.to_lowercase().contains(wanted))
        };
        has(decoded.from.as_deref().unwrap_or_default(), &self.from)
            && has(decoded.subject.as_deref().unwrap_or_default(), &self.subject)
    }

    /// Whether headers decide.
    pub(super) fn needs_headers(&self) -> bool {
        self.from.is_some() || self.subject.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_decoded_and_in_either_case() {
        let header =
            b"From: =?utf-8?q?J=C3=9CRGEN?= <j@Example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n";
        let decoded = Decoded::from_header(header);
        for (from, subject, fits) in [
            (Some("j\u{fc}rgen"), None, true),
            (Some("EXAMPLE.ORG"), Some("GR\u{dc}"), true),
            (Some("=C3"), None, false),
            (None, Some("j\u{fc}rgen"), false),
            (Some("J"), Some("nothing"), false),
            (Some(""), None, true),
        ] {
            let text = |text: Option<&str>| text.map(str::to_owned);
            let options = ListOptions { from: text(from), subject: text(subject), ..ListOptions::default() };
            assert_eq!(Filter::new(&options).fits_header(&decoded), fits, "{from:?} {subject:?}");
        }
    }

    #[test]
    fn what_the_listing_tells_is_decided_without_a_header() {
        let options = ListOptions { new: true, larger: Some(1024), ..ListOptions::default() };
        let filter = Filter::new(&options);
        for (octets, fetched, fits) in [
            (Some(1025), false, true),
            (Some(1024), false, false),
            (None, false, false),
            (Some(9999), true, false),
        ] {
            assert_eq!(filter.fits_listing(octets, fetched), fits, "{octets:?} {fetched}");
        }
    }
}
