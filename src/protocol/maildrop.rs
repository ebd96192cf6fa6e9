//! The maildrop as one session sees it: message-numbers, sizes and unique-ids, combined from STAT, LIST and
//! UIDL. Stored compactly, because a maildrop may hold a million messages.

use super::listing::{self, DropListing};
use crate::error::{Error, Kind, Result};

/// The maximum number of messages; a longer listing is treated as endless.
pub const MAX_MESSAGES: usize = 2_000_000;

/// The maximum total size of the unique-ids.
const MAX_UNIQUE_IDS: usize = 256 << 20;

/// Stands for an unknown size.
const NO_OCTETS: u64 = u64::MAX;

/// One message of a maildrop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its message-number in this session, from 1.
    pub number: u32,
    /// Its size as the server declares it; only a hint.
    pub octets: Option<u64>,
    /// Its unique-id, if the server sent one.
    pub unique_id: Option<&'a [u8]>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    number: u32,
    start: u32,
    length: u32,
    octets: u64,
}

/// The messages of one session.
#[derive(Debug, Default)]
pub struct Maildrop {
    rows: Vec<Row>,
    unique_ids: Vec<u8>,
    complete: bool,
    has_unique_ids: bool,
    counted: u32,
    drop_listing: Option<DropListing>,
}

impl Maildrop {
    /// All messages, ordered by message-number.
    pub fn messages(&self) -> impl ExactSizeIterator<Item = Message<'_>> {
        self.rows.iter().map(|row| self.message_of(row))
    }

    /// The message with that message-number.
    pub fn message(&self, number: u32) -> Option<Message<'_>> {
        let at = self.rows.binary_search_by_key(&number, |row| row.number).ok()?;
        Some(self.message_of(&self.rows[at]))
    }

    /// The number of messages.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of messages according to STAT. It is larger than [`Maildrop::len`] if the server does not
    /// list all of them.
    pub fn counted(&self) -> u32 {
        self.counted
    }

    /// The sum of the declared sizes.
    pub fn octets(&self) -> u64 {
        let known = self.rows.iter().map(|row| row.octets).filter(|octets| *octets != NO_OCTETS);
        known.fold(0, u64::saturating_add)
    }

    /// Whether the unique-id listing covers the maildrop without gaps. Only then does a missing unique-id
    /// mean that its message is gone.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The reply to STAT in this session, if it could be parsed.
    pub fn drop_listing(&self) -> Option<DropListing> {
        self.drop_listing
    }

    /// Adds the reply to STAT.
    #[must_use]
    pub fn with_drop_listing(self, drop_listing: Option<DropListing>) -> Maildrop {
        Maildrop { drop_listing, ..self }
    }

    /// Whether the server supports unique-ids. A single message may still lack one.
    pub fn has_unique_ids(&self) -> bool {
        self.has_unique_ids
    }

    fn message_of(&self, row: &Row) -> Message<'_> {
        let unique_id = &self.unique_ids[row.start as usize..(row.start + row.length) as usize];
        Message {
            number: row.number,
            octets: (row.octets != NO_OCTETS).then_some(row.octets),
            unique_id: (!unique_id.is_empty()).then_some(unique_id),
        }
    }
}

/// Combines the lines of the listings into a [`Maildrop`].
///
/// The unique-id listing, if there is one, decides which messages exist: mail that arrives between the two
/// commands appears only in the later listing, and a message without a unique-id is left to the next session.
#[derive(Debug, Default)]
pub struct Collector {
    rows: Vec<Row>,
    unique_ids: Vec<u8>,
    has_unique_ids: bool,
    /// The number of rows that have their line of LIST, while both listings are in the same order.
    scanned: usize,
    /// The lines of LIST, once the orders differ.
    sizes: Vec<(u32, u64)>,
    /// The number of lines of LIST that could not be parsed.
    unreadable: usize,
}

impl Collector {
    /// An empty collector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line of UIDL. The message's unique-id may be missing.
    ///
    /// # Errors
    /// [`Kind::Protocol`] for a line without a message-number, and if the listing exceeds the limits.
    pub fn unique_id(&mut self, line: &[u8]) -> Result<()> {
        let (number, unique_id) = listing::unique_id_line(line)?;
        let unique_id = unique_id.unwrap_or_default();
        if self.rows.len() >= MAX_MESSAGES || self.unique_ids.len() + unique_id.len() > MAX_UNIQUE_IDS {
            return Err(endless("unique-id listing"));
        }
        self.has_unique_ids = true;
        // The arena stays below MAX_UNIQUE_IDS, so both fit into 32 bits.
        let (start, length) = (self.unique_ids.len() as u32, unique_id.len() as u32);
        self.unique_ids.extend_from_slice(unique_id);
        self.rows.push(Row { number, start, length, octets: NO_OCTETS });
        Ok(())
    }

    /// Records that the server sent a unique-id listing, even an empty one.
    pub fn unique_ids_listed(&mut self) {
        self.has_unique_ids = true;
    }

    /// Adds a line of LIST. If it cannot be parsed, the size of its message is unknown.
    ///
    /// # Errors
    /// [`Kind::Protocol`] if the server counts messages from 0, and if the listing exceeds the limits.
    pub fn scan(&mut self, line: &[u8]) -> Result<()> {
        let (number, octets) = match listing::scan(line) {
            Ok(read) => read,
            Err(error) if listing::counts_from_zero(line) => return Err(error),
            Err(_) if self.unreadable < MAX_MESSAGES => {
                self.unreadable += 1;
                return Ok(());
            }
            Err(_) => return Err(endless("scan listing")),
        };
        let octets = octets.unwrap_or(NO_OCTETS);
        match self.rows.get_mut(self.scanned) {
            Some(row) if row.number == number && self.sizes.is_empty() => {
                row.octets = octets;
                self.scanned += 1;
                return Ok(());
            }
            _ => self.fall_back_to_sorting(),
        }
        if self.sizes.len() >= MAX_MESSAGES {
            return Err(endless("scan listing"));
        }
        self.sizes.push((number, octets));
        Ok(())
    }

    /// The listings are in different orders: collects the sizes separately, to sort them in the end.
    fn fall_back_to_sorting(&mut self) {
        let scanned = self.rows[..self.scanned].iter_mut();
        let apart = scanned.map(|row| (row.number, std::mem::replace(&mut row.octets, NO_OCTETS)));
        self.sizes.extend(apart);
        self.scanned = 0;
    }

    /// Combines the listings. `counted` is the count of STAT, if known: if fewer messages are listed, the
    /// maildrop is incomplete (Gmail, Geocities and others cap their listings).
    ///
    /// If the maildrop has messages but the unique-id listing has no unique-id at all, UIDL counts as
    /// unsupported.
    ///
    /// # Errors
    /// [`Kind::Protocol`] if a message-number occurs twice in one listing.
    pub fn finish(mut self, counted: Option<u32>) -> Result<Maildrop> {
        if self.unique_ids.is_empty() && self.has_messages(counted) {
            self.has_unique_ids = false;
            self.fall_back_to_sorting();
        }
        self.sizes.sort_unstable_by_key(|(number, _)| *number);
        once("scan listing", self.sizes.iter().map(|(number, _)| *number))?;
        self.rows.sort_unstable_by_key(|row| row.number);
        once("unique-id listing", self.rows.iter().map(|row| row.number))?;
        if self.has_unique_ids || self.sizes.is_empty() {
            let mut sizes = self.sizes.iter().peekable();
            for row in &mut self.rows {
                while sizes.next_if(|(number, _)| *number < row.number).is_some() {}
                if let Some((_, octets)) = sizes.next_if(|(number, _)| *number == row.number) {
                    row.octets = *octets;
                }
            }
        } else {
            let row =
                |(number, octets): &(u32, u64)| Row { number: *number, start: 0, length: 0, octets: *octets };
            self.rows = self.sizes.iter().map(row).collect();
        }
        self.rows.shrink_to_fit();
        // At most MAX_MESSAGES.
        let counted = counted.unwrap_or(self.rows.len() as u32);
        let covers = |(index, row): (usize, &Row)| row.number as usize == index + 1 && row.length > 0;
        let complete = self.has_unique_ids
            && self.rows.len() >= counted as usize
            && self.rows.iter().enumerate().all(covers);
        Ok(Maildrop {
            rows: self.rows,
            unique_ids: self.unique_ids,
            complete,
            has_unique_ids: self.has_unique_ids,
            counted,
            drop_listing: None,
        })
    }

    /// Whether there are messages, according to STAT or else to the listings.
    fn has_messages(&self, counted: Option<u32>) -> bool {
        counted.map_or(!self.sizes.is_empty() || !self.rows.is_empty(), |counted| counted > 0)
    }
}

/// Refuses a (sorted) listing that has a message twice, since either line may be wrong.
fn once(what: &str, numbers: impl Iterator<Item = u32>) -> Result<()> {
    let mut last = None;
    for number in numbers {
        if last == Some(number) {
            return Err(Error::new(Kind::Protocol, format!("the {what} names message {number} twice")));
        }
        last = Some(number);
    }
    Ok(())
}

fn endless(what: &str) -> Error {
    Error::new(Kind::Protocol, format!("the {what} does not end: more than {MAX_MESSAGES} messages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maildrop(
        counted: impl Into<Option<u32>>,
        unique_ids: Option<&[&str]>,
        sizes: &[&str],
    ) -> Result<Maildrop> {
        let mut collector = Collector::new();
        if let Some(lines) = unique_ids {
            collector.unique_ids_listed();
            lines.iter().try_for_each(|line| collector.unique_id(line.as_bytes()))?;
        }
        sizes.iter().try_for_each(|line| collector.scan(line.as_bytes()))?;
        collector.finish(counted.into())
    }

    fn shown(maildrop: &Maildrop) -> Vec<(u32, Option<u64>, Option<&[u8]>)> {
        maildrop.messages().map(|message| (message.number, message.octets, message.unique_id)).collect()
    }

    #[test]
    fn combines_listings_in_any_order() {
        let drop = maildrop(2, Some(&["2 b", "1 a"]), &["2 20", "1 -1"]).unwrap();
        assert_eq!(shown(&drop), [(1, None, Some(&b"a"[..])), (2, Some(20), Some(b"b"))]);
        assert!(drop.is_complete() && drop.has_unique_ids());
        assert_eq!((drop.len(), drop.octets()), (2, 20));
        assert_eq!(drop.message(2).and_then(|message| message.unique_id), Some(&b"b"[..]));
        assert_eq!(drop.message(3), None);
    }

    #[test]
    fn mail_that_arrives_between_the_commands_is_left_to_the_next_session() {
        let later = maildrop(1, Some(&["1 a"]), &["1 10", "2 20"]).unwrap();
        assert_eq!(shown(&later), [(1, Some(10), Some(&b"a"[..]))]);
        let earlier = maildrop(1, Some(&["1 a", "2 b"]), &["1 10"]).unwrap();
        assert_eq!(shown(&earlier), [(1, Some(10), Some(&b"a"[..])), (2, None, Some(b"b"))]);
        assert!(earlier.is_complete());
    }

    #[test]
    fn listings_whose_orders_diverge_are_combined() {
        let all = Some(&["1 a", "2 b", "3 c"][..]);
        for sizes in
            [&["1 10", "3 30", "2 20"][..], &["1 10", "2 20", "4 40", "3 30"], &["2 20", "1 10", "3 30"]]
        {
            let drop = maildrop(3, all, sizes).unwrap();
            let octets: Vec<_> = drop.messages().map(|message| message.octets).collect();
            assert_eq!(octets, [Some(10), Some(20), Some(30)], "{sizes:?}");
        }
        let some = maildrop(3, all, &["1 10", "3 30"]).unwrap();
        assert_eq!(
            some.messages().map(|message| message.octets).collect::<Vec<_>>(),
            [Some(10), None, Some(30)]
        );
    }

    #[test]
    fn gaps_and_capped_listings_make_the_maildrop_incomplete() {
        assert!(!maildrop(3, Some(&["1 a", "3 c"]), &[]).unwrap().is_complete());
        assert!(!maildrop(500, Some(&["1 a", "2 b"]), &[]).unwrap().is_complete());
        assert!(maildrop(0, Some(&[]), &[]).unwrap().is_complete());
    }

    #[test]
    fn duplicate_unique_ids_are_two_messages() {
        let drop = maildrop(2, Some(&["1 same", "2 same"]), &["1 1", "2 2"]).unwrap();
        assert_eq!(drop.len(), 2);
    }

    #[test]
    fn without_unique_ids_the_scan_listing_decides() {
        let drop = maildrop(1, None, &["1 10"]).unwrap();
        assert_eq!(shown(&drop), [(1, Some(10), None)]);
        assert!(!drop.is_complete() && !drop.has_unique_ids());
    }

    #[test]
    fn a_line_without_a_unique_id_affects_only_its_message() {
        for line in ["2 ", "2"] {
            let drop = maildrop(3, Some(&["1 a", line, "3 c"]), &["1 10", "2 20", "3 30"]).unwrap();
            assert_eq!(
                shown(&drop),
                [(1, Some(10), Some(&b"a"[..])), (2, Some(20), None), (3, Some(30), Some(b"c"))]
            );
            assert!(drop.has_unique_ids() && !drop.is_complete());
        }
    }

    #[test]
    fn a_listing_without_unique_ids_counts_as_unsupported() {
        let sizes = &["1 10", "2 20"][..];
        for unique_ids in [&[][..], &["1", "2 "]] {
            for counted in [Some(2), None] {
                let drop = maildrop(counted, Some(unique_ids), sizes).unwrap();
                assert_eq!(shown(&drop), [(1, Some(10), None), (2, Some(20), None)]);
                assert!(!drop.has_unique_ids() && !drop.is_complete());
            }
        }
        let drop = maildrop(2, Some(&["1", "2"]), &[]).unwrap();
        assert_eq!(shown(&drop), [(1, None, None), (2, None, None)], "no LIST either");
        let arrived = maildrop(0, Some(&[]), &["1 10"]).unwrap();
        assert!(arrived.is_empty() && arrived.has_unique_ids(), "left to the next session");
        let glitch = maildrop(4, Some(&[]), &[]).unwrap();
        assert_eq!((glitch.len(), glitch.counted(), glitch.is_complete()), (0, 4, false));
    }

    #[test]
    fn an_unreadable_line_of_list_leaves_the_size_unknown() {
        let drop = maildrop(3, Some(&["1 a", "2 b", "3 c"]), &["1 10", "two 20", "", "3 30"]).unwrap();
        let octets: Vec<_> = drop.messages().map(|message| message.octets).collect();
        assert_eq!(octets, [Some(10), None, Some(30)]);
        assert!(drop.is_complete());
        assert!(maildrop(2, Some(&["1 a", "2 b"]), &["0 10", "1 20"]).is_err());
        assert!(maildrop(2, Some(&["0 a", "1 b"]), &["1 10", "2 20"]).is_err());
    }

    #[test]
    fn without_stat_the_listed_lines_are_counted() {
        let drop = maildrop(None, Some(&["1 a", "2 b"]), &[]).unwrap();
        assert_eq!((drop.counted(), drop.is_complete()), (2, true));
        assert_eq!(maildrop(500, Some(&["1 a"]), &[]).unwrap().counted(), 500);
    }

    #[test]
    fn a_number_listed_twice_is_refused() {
        let all = Some(&["1 a", "2 b", "3 c"][..]);
        for (unique_ids, sizes) in [
            (Some(&["1 a", "1 b"][..]), &["1 1"][..]),
            (None, &["1 1", "1 2"]),
            (all, &["1 1", "2 2", "1 1"]),
            (all, &["1 1", "2 2", "3 3", "3 3"]),
            (all, &["1 -1", "1 1", "3 3"]),
            (all, &["3 3", "3 3"]),
        ] {
            assert_eq!(maildrop(2, unique_ids, sizes).unwrap_err().kind(), Kind::Protocol);
        }
    }
}
