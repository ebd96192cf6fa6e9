//! `fetch --refetch`, and the word that sends people to it: what was fetched before went elsewhere.

use crate::support::delivered::in_maildir;
use crate::support::stage::{STORES, Stage, letters};
use pop3::server::{Behaviour, Fault};

#[test]
fn a_fetch_into_another_place_says_where_the_mail_went_and_refetch_brings_it() {
    for store in STORES {
        let stage = Stage::new(store, letters(3), Behaviour::default());
        stage.fetch(&[]).exits(0);
        stage.fetch(&[]).exits(0).says_not("refetch");
        let elsewhere = |more: &[&str]| stage.pop3("fetch").args(["--to", "maildir:other"]).args(more).run();
        elsewhere(&[])
            .exits(0)
            .says("3 messages were fetched before, into m")
            .says("--refetch fetches them again");
        assert!(in_maildir(&stage.home.join("other")).is_empty());
        elsewhere(&["--refetch"]).exits(0);
        assert_eq!(in_maildir(&stage.home.join("other")).len(), 3);
        assert_eq!(stage.server.count("RETR"), 6, "{:?}", stage.said());
        // Known in both places from now on.
        elsewhere(&[]).exits(0).says_not("refetch");
        stage.fetch(&[]).exits(0);
        stage.holds(1..=3);
        assert_eq!(stage.server.count("RETR"), 6, "{:?}", stage.said());
        stage.fetch(&["--keep", "none"]).exits(0);
        assert_eq!((stage.server.maildrop().len(), stage.server.count("RETR")), (0, 6));
    }
}

/// What came before the connection was lost does not come once more in the second session.
#[test]
fn a_refetch_that_is_cut_leaves_what_is_known_and_brings_nothing_three_times() {
    for store in STORES {
        let stage = Stage::new(store, letters(6), Behaviour::default());
        stage.fetch(&[]).exits(0);
        let cut_once =
            Behaviour { faulty_sessions: Some(2), ..Behaviour::default().with_fault(Fault::cut_in(4, 50)) };
        stage.server.set_behaviour(cut_once);
        let elsewhere = ["--to", "maildir:other", "--refetch"];
        stage.pop3("fetch").args(elsewhere).run();
        assert!(in_maildir(&stage.home.join("other")).len() >= 5, "{:?}", stage.said());
        stage.heal();
        stage.fetch(&[]).exits(0);
        stage.holds(1..=6);
        assert_eq!(stage.server.maildrop().len(), 6);
    }
}
