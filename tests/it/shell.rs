//! `pop3 shell`, with its lines piped in: every verb in one session.

use crate::support::pop3::Home;
use crate::support::{corpus, on_each_server};

on_each_server! {
    fn every_verb_answers_in_one_session(maildrop: &mut dyn Maildrop) {
        maildrop.put(&corpus::simple("one"));
        maildrop.put(&corpus::simple("number two"));
        let verbs = "stat\nlist\nlist 1\nuidl\nuidl 2\nnoop\nretr 1\ntop 2 0\nlast\nquit\n";
        let said = Home::new().at(maildrop, "shell").stdin(verbs).run().exits(0);
        let text = said.text();
        assert!(text.contains("the body of one"), "retr: {text}");
        assert!(text.contains("number two") && !text.contains("the body of number two"), "top: {text}");
        assert_eq!(maildrop.left(), 2);
    }

    fn reset_takes_back_what_was_marked(maildrop: &mut dyn Maildrop) {
        maildrop.put(&corpus::simple("one"));
        maildrop.put(&corpus::simple("two"));
        let home = Home::new();
        home.at(maildrop, "shell").stdin("dele 1\nrset\nquit\n").run().exits(0);
        assert_eq!(maildrop.left(), 2);
        home.at(maildrop, "shell").stdin("dele 1\nrset\ndele 2\nquit\n").run().exits(0);
        assert_eq!(maildrop.left(), 1);
        let left = home.at(maildrop, "retr").args(["1"]).run().exits(0).text();
        assert!(left.contains("the body of one"), "{left}");
    }

    fn a_refused_verb_does_not_end_the_session(maildrop: &mut dyn Maildrop) {
        maildrop.put(&corpus::simple("one"));
        let said = Home::new().at(maildrop, "shell").stdin("retr 9\nxyzzy\nretr 1\nquit\n").run();
        assert!(said.text().contains("the body of one"), "{said:?}");
    }
}
