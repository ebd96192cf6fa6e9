//! In which order messages are listed. What needs no header is sorted before the headers are asked for, so that
//! rows are shown as they come; else all rows are held until the last one is here.

use std::cmp::Ordering;

use super::row::Row;
use crate::cli::args::SortBy;

/// The order that `--sort` and `--reverse` ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) sort: Option<SortBy>,
    pub(super) reverse: bool,
}

impl Order {
    /// Whether headers decide.
    pub(super) fn needs_headers(self) -> bool {
        matches!(self.sort, Some(SortBy::Date | SortBy::From | SortBy::Subject))
    }

    /// Sorts message-numbers, as far as their octets decide.
    pub(super) fn sort_numbers(self, numbers: &mut [u32], octets: impl Fn(u32) -> Option<u64>) {
        match self.sort {
            None if self.reverse => numbers.reverse(),
            None => {}
            Some(SortBy::Size) => {
                numbers.sort_by(|one, other| self.known_first(octets(*one), octets(*other)));
            }
            Some(_) if self.needs_headers() => {}
            Some(_) => numbers.sort_by(|one, other| self.turned(one.cmp(other))),
        }
    }

    /// Sorts rows by their headers.
    pub(super) fn sort_rows(self, rows: &mut [Row]) {
        match self.sort {
            Some(SortBy::Date) => {
                rows.sort_by(|one, other| self.known_first(one.decoded.date, other.decoded.date));
            }
            Some(SortBy::From) => self.sort_by_text(rows, |row| &row.decoded.sender),
            Some(SortBy::Subject) => self.sort_by_text(rows, Row::subject),
            Some(SortBy::Number | SortBy::Size) | None => {}
        }
    }

    fn sort_by_text(self, rows: &mut [Row], text: impl Fn(&Row) -> &str) {
        rows.sort_by(|one, other| self.turned(lower(text(one)).cmp(lower(text(other)))));
    }

    /// What is not known comes last, whatever the order.
    fn known_first<T: Ord>(self, one: Option<T>, other: Option<T>) -> Ordering {
        match (one, other) {
            (Some(one), Some(other)) => self.turned(one.cmp(&other)),
            (one, other) => other.is_some().cmp(&one.is_some()),
        }
    }

    fn turned(self, ordering: Ordering) -> Ordering {
        if self.reverse { ordering.reverse() } else { ordering }
    }
}

/// A text in lower case, character by character: a comparison ends where two texts differ, and nothing is copied.
fn lower(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::decoded::Decoded;

    fn row(number: u32, header: &str) -> Row {
        let decoded = Decoded::from_header(header.as_bytes());
        Row { number, octets: None, unique_id: None, fetched: false, decoded }
    }

    fn sorted(sort: SortBy, reverse: bool, headers: &[&str]) -> Vec<u32> {
        let mut rows: Vec<Row> = (1..).zip(headers).map(|(number, header)| row(number, header)).collect();
        Order { sort: Some(sort), reverse }.sort_rows(&mut rows);
        rows.iter().map(|row| row.number).collect()
    }

    #[test]
    fn what_has_no_date_comes_last_in_either_order() {
        let headers = [
            "Date: nonsense\n",
            "Date: Tue, 3 Mar 2026 10:33:00 +0200\n",
            "Subject: no date\n",
            "Date: Mon, 2 Mar 2026 10:33:00 +0200\n",
            "Date: Tue, 3 Mar 2026 08:33:00 +0000\n",
        ];
        assert_eq!(sorted(SortBy::Date, false, &headers), [4, 2, 5, 1, 3]);
        assert_eq!(sorted(SortBy::Date, true, &headers), [2, 5, 4, 1, 3], "what is alike stays as it was");
    }

    #[test]
    fn texts_are_sorted_without_regard_to_case() {
        let subjects = ["Subject: b\n", "Subject: A\n", "Subject: a\n", "Subject: B\n", "X: none\n"];
        assert_eq!(sorted(SortBy::Subject, false, &subjects), [5, 2, 3, 1, 4]);
        assert_eq!(sorted(SortBy::Subject, true, &subjects), [1, 4, 2, 3, 5]);
        let senders = ["From: \"Zoe\" <a@x>\n", "From: b@x\n", "From: Ann <z@x>\n"];
        assert_eq!(sorted(SortBy::From, false, &senders), [3, 2, 1]);
    }

    #[test]
    fn numbers_and_sizes_need_no_header() {
        let octets = |number| [None, Some(30), Some(10), None, Some(30)][number as usize];
        for (sort, reverse, order) in [
            (None, false, [4, 1, 3, 2]),
            (None, true, [2, 3, 1, 4]),
            (Some(SortBy::Number), false, [1, 2, 3, 4]),
            (Some(SortBy::Number), true, [4, 3, 2, 1]),
            (Some(SortBy::Size), false, [2, 4, 1, 3]),
            (Some(SortBy::Size), true, [4, 1, 2, 3]),
            (Some(SortBy::Date), true, [4, 1, 3, 2]),
        ] {
            let mut numbers = [4, 1, 3, 2];
            Order { sort, reverse }.sort_numbers(&mut numbers, octets);
            assert_eq!(numbers, order, "{sort:?} {reverse}");
        }
    }
}
