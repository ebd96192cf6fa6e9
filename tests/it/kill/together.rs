//! Several fetches of one account at once: one works, the others say so and leave.

use super::{ORDERS, Scene};
use crate::support::pop3::Running;
use pop3::server::{Behaviour, Fault};
use std::time::Duration;

#[test]
fn of_several_fetches_at_once_one_fetches_and_the_others_leave() {
    for order in ORDERS {
        let slow = Fault::delay_at("RETR 3", Duration::from_millis(400));
        let scene = Scene::new(order, Behaviour::default().with_fault(slow));
        let runs: Vec<Running> = (0..4).map(|_| scene.fetch().start()).collect();
        let outcomes: Vec<_> = runs.into_iter().map(Running::wait).collect();
        let (mut done, mut refused) = (0, 0);
        for outcome in outcomes {
            match outcome.code {
                0 => done += 1,
                _ => {
                    outcome.exits(75).says("already running");
                    refused += 1;
                }
            }
        }
        assert!(done >= 1 && refused >= 1, "{order:?}: {done} done, {refused} refused");
        scene.goes_on("several at once", &[]);
        assert_eq!(scene.embedded.server.count("RETR"), super::MESSAGES, "{order:?}");
    }
}

#[test]
fn one_that_is_killed_makes_room_for_the_next_at_once() {
    for order in ORDERS {
        let slow = Fault::delay_at("RETR 7", Duration::from_secs(20));
        let scene = Scene::new(order, Behaviour::default().with_fault(slow));
        let first = scene.fetch().start();
        while scene.embedded.server.count("RETR 7") == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        scene.fetch().run().exits(75).says("already running");
        scene.embedded.server.set_behaviour(Behaviour { exclusive: false, ..Behaviour::default() });
        drop(first); // kill -9
        scene.goes_on("killed while another waited", &[]);
    }
}
