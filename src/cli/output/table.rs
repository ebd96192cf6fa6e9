//! Tables whose widths are known beforehand, so that they can be shown row by row while the next row is
//! still being requested. On a terminal the columns fit its width and long cells end in `…`; in a pipe a
//! row is the plain values of its cells with tabs between them, without a heading, for `cut` and `awk`.

use std::borrow::Cow;

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::{human, sanitize};

/// Between two columns on a terminal.
const GAP: &str = "  ";

/// How many columns of the terminal a table's column takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// This many, or as many as the heading needs.
    Exactly(usize),
    /// A share of the remaining columns, in proportion to all shares.
    Share(usize),
}

/// The alignment of a column's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// One column: heading, width, alignment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column(pub(crate) &'static str, pub(crate) Width, pub(crate) Align);

/// One cell in its two forms.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// For a terminal; safe to print.
    shown: String,
    /// For a pipe.
    plain: Vec<u8>,
}

impl Cell {
    /// Server bytes: sanitised on a terminal, verbatim in a pipe (see [`Table::row`] for tabs).
    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Cell { shown: sanitize::line(bytes).into_owned(), plain: bytes.to_vec() }
    }

    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Cell::bytes(text.as_bytes())
    }

    /// A text that is shorter on a terminal than in a pipe.
    pub(crate) fn short(shown: &str, plain: &str) -> Self {
        Cell { shown: sanitize::line(shown.as_bytes()).into_owned(), plain: plain.as_bytes().to_vec() }
    }

    /// A plain number.
    pub(crate) fn number(number: impl Into<u64>) -> Self {
        Cell::text(&number.into().to_string())
    }

    /// A size: `9.4 KiB` on a terminal, bytes in a pipe, nothing where it is not known.
    pub(crate) fn size(bytes: Option<u64>) -> Self {
        Cell {
            shown: bytes.map(human::size).unwrap_or_default(),
            plain: bytes.map(|bytes| bytes.to_string().into_bytes()).unwrap_or_default(),
        }
    }

    /// A time: local on a terminal, RFC 3339 in a pipe, nothing where it is not known.
    pub(crate) fn time(time: Option<Timestamp>) -> Self {
        Cell {
            shown: time.map(human::local).unwrap_or_default(),
            plain: time.map(|time| time.to_string().into_bytes()).unwrap_or_default(),
        }
    }

    /// The same with the day alone on a terminal.
    pub(crate) fn day(time: Option<Timestamp>) -> Self {
        let day = |time| human::local(time).chars().take("2024-03-01".len()).collect();
        Cell { shown: time.map(day).unwrap_or_default(), ..Cell::time(time) }
    }
}

/// The columns of a table, fitted to a width.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    widths: Vec<usize>,
}

impl Table {
    /// A table of these columns for a terminal of `width` columns.
    pub(crate) fn new(columns: &[Column], width: usize) -> Self {
        let gaps = GAP.len() * columns.len().saturating_sub(1);
        let exact = |column: &Column| match column.1 {
            Width::Exactly(exactly) => exactly.max(column.0.width()),
            Width::Share(_) => 0,
        };
        let weight = |column: &Column| if let Width::Share(weight) = column.1 { weight } else { 0 };
        let mut left = width.saturating_sub(gaps + columns.iter().map(exact).sum::<usize>());
        let mut weights: usize = columns.iter().map(weight).sum();
        let mut widths = Vec::with_capacity(columns.len());
        for column in columns {
            if weight(column) == 0 {
                widths.push(exact(column));
                continue;
            }
            let share = left * weight(column) / weights;
            left -= share;
            weights -= weight(column);
            // On a very narrow terminal a line that wraps is better than a missing column.
            widths.push(share.max(column.0.width()));
        }
        Table { columns: columns.to_vec(), widths }
    }

    /// The headings, for a terminal.
    pub(crate) fn heading(&self) -> String {
        self.line(self.columns.iter().map(|column| column.0))
    }

    /// A row for a terminal.
    pub(crate) fn shown(&self, cells: &[Cell]) -> String {
        self.line(cells.iter().map(|cell| cell.shown.as_str()))
    }

    /// A row for a pipe. Tabs and line ends inside a cell become blanks: the one thing that is not
    /// verbatim, or the columns could not be told apart.
    pub(crate) fn plain(cells: &[Cell]) -> Vec<u8> {
        let mut row = Vec::new();
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                row.push(b'\t');
            }
            row.extend(
                cell.plain
                    .iter()
                    .map(|&byte| if matches!(byte, b'\t' | b'\n' | b'\r') { b' ' } else { byte }),
            );
        }
        row
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>) -> String {
        let mut line = String::new();
        for (place, (cell, (column, &width))) in cells.zip(self.columns.iter().zip(&self.widths)).enumerate()
        {
            if place > 0 {
                line.push_str(GAP);
            }
            let cell = fit(cell, width);
            let blanks = " ".repeat(width.saturating_sub(cell.width()));
            match column.2 {
                Align::Left => line.extend([&*cell, &blanks]),
                Align::Right => line.extend([&*blanks, &cell]),
            }
        }
        line.truncate(line.trim_end_matches(' ').len());
        line
    }
}

/// How many columns of a terminal the widest of these takes: for [`Width::Exactly`].
pub(crate) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    texts.into_iter().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// The text if it fits, otherwise as much of it as fits with an ellipsis. A character of two columns is never
/// split.
pub(super) fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    // A subject of 3 MB is not measured to its end: this many characters fill any cell, unless all of them are
    // combining ones.
    let enough = text.char_indices().nth(columns * 8).map_or(text.len(), |(place, _)| place);
    if enough == text.len() && text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(1);
    let mut end = 0;
    for (place, c) in text[..enough].char_indices() {
        let next = place + c.len_utf8();
        if text[..next].width() > room {
            break;
        }
        end = next;
    }
    Cow::Owned(format!("{}…", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_where_the_column_ends_and_says_so() {
        let table = [
            ("short", 8, "short"),
            ("exactly8", 8, "exactly8"),
            ("longer than that", 8, "longer …"),
            ("世界地図", 8, "世界地図"),
            ("世界地図帳", 8, "世界地…"),
            ("a世界地図", 8, "a世界地…"),
            ("e\u{301}e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}…"),
        ];
        for (text, columns, shown) in table {
            assert_eq!(fit(text, columns), shown, "{text}");
            assert!(fit(text, columns).width() <= columns, "{text}");
        }
    }

    #[test]
    fn a_huge_cell_is_cut_without_measuring_it_all() {
        let accents = "e".to_owned() + &"\u{301}".repeat(1_000_000);
        assert!(fit(&accents, 20).len() < 1_000);
        assert_eq!(fit(&"x".repeat(3_000_000), 5), "xxxx…");
    }

    fn messages(width: usize) -> Table {
        Table::new(
            &[
                Column("#", Width::Exactly(4), Align::Right),
                Column("size", Width::Exactly(8), Align::Right),
                Column("date", Width::Exactly(16), Align::Left),
                Column("", Width::Exactly(7), Align::Left),
                Column("from", Width::Share(2), Align::Left),
                Column("subject", Width::Share(3), Align::Left),
            ],
            width,
        )
    }

    fn row(from: &str, subject: &str) -> Vec<Cell> {
        vec![
            Cell::number(7u32),
            Cell::size(Some(9_626)),
            Cell::time(None),
            Cell::text("new"),
            Cell::text(from),
            Cell::text(subject),
        ]
    }

    #[test]
    fn columns_stand_under_each_other() {
        let table = messages(80);
        assert_eq!(table.heading(), "   #      size  date                       from            subject");
        assert_eq!(
            table.shown(&row("世界", "Hello")),
            "   7   9.4 KiB                    new      世界            Hello"
        );
    }

    #[test]
    fn a_pipe_gets_plain_values_between_tabs() {
        let mut cells = row("A\tB <a@b>", "gr\u{fc}n\r\nx\u{1b}");
        cells[2] = Cell::time(Some("2024-03-01T09:33:00Z".parse().expect("a valid time")));
        assert_eq!(
            String::from_utf8(Table::plain(&cells)).expect("text in, text out"),
            "7\t9626\t2024-03-01T09:33:00Z\tnew\tA B <a@b>\tgr\u{fc}n  x\u{1b}"
        );
        assert_eq!(Table::plain(&[Cell::bytes(b"\xff"), Cell::size(None)]), b"\xff\t");
    }

    #[test]
    fn the_terminal_never_gets_what_the_server_escaped() {
        let table = messages(80);
        let shown = table.shown(&row("\u{1b}[31m", "\u{202e}x"));
        assert!(shown.contains("\\x1b[31m") && shown.contains("\\u{202e}x"), "{shown}");
    }

    #[test]
    fn the_widest_counts_columns_not_bytes() {
        assert_eq!(widest(["ab", "世界", ""]), 4);
        assert_eq!(widest([]), 0);
    }
}
