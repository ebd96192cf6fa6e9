//! What a store refuses, and whose fault it is.

use std::sync::mpsc;

use super::*;
use crate::fetch::event::{Silent, Source};

#[test]
fn a_message_that_the_store_has_no_room_for_waits_for_room() {
    for (kind, expected) in
        [(Kind::DiskFull, Cause::NoRoom), (Kind::Io, Cause::Rejected), (Kind::Create, Cause::Rejected)]
    {
        let (sender, done) = mpsc::channel();
        let fact = Fact {
            number: 1,
            unique_id: b"u".into(),
            octets: Some(9),
            bytes: 9,
            identity: None,
            then_delete: true,
            is_proven: true,
            again: None,
            may_be_known: false,
            from: None,
            subject: None,
        };
        let fate = Fate::Refused(Error::new(kind, "could not append"));
        sender.send(Done::Committed(vec![Committed { fact, fate }])).unwrap();
        drop(sender);
        let mut silent = Silent;
        let mut teller = Teller::new(Source { account: "", store: "" }, &mut silent);
        let gathered = Results::new(done, &mut teller).collect_all();
        assert_eq!(gathered.failed.iter().map(|failed| failed.cause).collect::<Vec<_>>(), [expected]);
        assert!(gathered.owed && gathered.to_delete.is_empty());
    }
}
