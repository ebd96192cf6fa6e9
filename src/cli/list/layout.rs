//! The columns of the list for screens of different width. A pipe gets all of them in full.

use super::row::Row;
use crate::cli::output::table::{Align, Cell, Column, Table, Width};

/// Which columns there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Number, size, date and time, state, from, subject.
    Full,
    /// The same with the day alone, and the state as one word or none.
    Short,
    /// Number, state, from and subject.
    Least,
}

impl Layout {
    /// The layout for a terminal of `width` columns.
    pub(super) fn for_width(width: usize) -> Layout {
        match width {
            72.. => Layout::Full,
            50..72 => Layout::Short,
            _ => Layout::Least,
        }
    }

    /// The table, for message-numbers up to `highest`.
    pub(super) fn table(self, highest: u32, width: usize) -> Table {
        let number = Column("#", Width::Exactly(highest.to_string().len()), Align::Right);
        let size = Column("size", Width::Exactly("1023 KiB".len()), Align::Right);
        let date = |example: &str| Column("date", Width::Exactly(example.len()), Align::Left);
        let state = Column("state", Width::Exactly("fetched".len()), Align::Left);
        let new = Column("new", Width::Exactly("new".len()), Align::Left);
        let texts =
            [Column("from", Width::Share(2), Align::Left), Column("subject", Width::Share(3), Align::Left)];
        let columns: Vec<Column> = match self {
            Layout::Full => {
                [number, size, date("2024-03-01 10:33"), state].into_iter().chain(texts).collect()
            }
            Layout::Short => [number, size, date("2024-03-01"), new].into_iter().chain(texts).collect(),
            Layout::Least => [number, new].into_iter().chain(texts).collect(),
        };
        Table::new(&columns, width)
    }

    /// The cells of a message.
    pub(super) fn cells(self, row: &Row) -> Vec<Cell> {
        let number = Cell::number(row.number);
        let size = Cell::size(row.octets);
        let new = Cell::text(if row.fetched { "" } else { "new" });
        let texts = row.decoded.cells();
        match self {
            Layout::Full => {
                let state = Cell::text(row.state());
                [number, size, Cell::time(row.decoded.date), state].into_iter().chain(texts).collect()
            }
            Layout::Short => {
                [number, size, Cell::day(row.decoded.date), new].into_iter().chain(texts).collect()
            }
            Layout::Least => [number, new].into_iter().chain(texts).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::cli::decoded::Decoded;

    fn row(from: &str, subject: &str) -> Row {
        let header = format!("Date: Tue, 3 Mar 2026 10:33:00 +0200\nFrom: {from}\nSubject: {subject}\n");
        let decoded = Decoded::from_header(header.as_bytes());
        Row { number: 1199, octets: Some(9_626), unique_id: None, fetched: false, decoded }
    }

    #[test]
    fn no_line_is_longer_than_the_screen() {
        for width in [40, 41, 49, 50, 60, 71, 72, 80, 100, 160, 203] {
            let layout = Layout::for_width(width);
            let table = layout.table(1200, width);
            for (from, subject) in [
                ("Alice Example <alice@example.com>", "long ".repeat(60)),
                (&"世界".repeat(60), "世".repeat(300)),
                ("\u{1b}[31m", "\u{202e}x".repeat(90)),
                ("", String::new()),
            ] {
                let line = table.shown(&layout.cells(&row(from, &subject)));
                assert!(line.width() <= width, "{width}: {line}");
            }
            assert!(table.heading().width() <= width, "{width}");
        }
    }
}
