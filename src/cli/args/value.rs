//! Values of options that the library parses. clap shows a failure in one line.

use std::str::FromStr;

use pop3::error::Error;

use crate::cli::report;

/// The value of one of the library's types; its failure with all causes, and what to do about it.
pub(super) fn parsed<T: FromStr<Err = Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| {
        let sentence = report::sentence(&error);
        match report::own_hint(&error) {
            Some(hint) => format!("{sentence} ({hint})"),
            None => sentence,
        }
    })
}

#[cfg(test)]
mod tests {
    use pop3::error::Kind;
    use pop3::fetch::policy::Keep;

    use super::*;

    /// A value that is never valid.
    #[derive(Debug)]
    struct Never;

    impl FromStr for Never {
        type Err = Error;

        fn from_str(_: &str) -> Result<Never, Error> {
            Err(Error::new(Kind::Usage, "could not x").because("it was y"))
        }
    }

    #[test]
    fn a_failure_is_one_line_with_causes_and_advice() {
        assert_eq!(parsed::<Never>("").unwrap_err(), "could not x: it was y");
        assert_eq!(
            parsed::<Keep>("15m").unwrap_err(),
            "\"15m\" may be minutes or megabytes (write 15MB for the newest mail of that size; \
             an age is in h, d or w: 15d)"
        );
    }
}
