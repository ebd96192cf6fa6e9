//! The line ends behind octets that the server sends, wherever that is.

use super::{ORDERS, Order, Scene, is_exhaustive};
use pop3::server::{Behaviour, Fault};
use std::collections::BTreeSet;
use std::time::Instant;

/// Octets between two cuts: prime, so that they fall everywhere in lines and messages.
const EACH: usize = 97;
const SAMPLE: usize = 4999;

/// So many octets at the beginning hold status lines and listings, and so many at the end the replies
/// to DELE and QUIT: they are cut more often.
const HEAD: usize = 1500;
const TAIL: usize = 700;

fn cuts(order: Order) {
    let began = Instant::now();
    // A greeting's timestamp may be some octets shorter in another run.
    let total = octets_sent(order) - 8;
    let offset = 1 + ORDERS.iter().position(|other| *other == order).unwrap_or(0);
    let (step, dense) = if is_exhaustive() { (EACH, 5) } else { (SAMPLE, 173) };
    let mut moments: BTreeSet<usize> = (offset..total).step_by(step).collect();
    moments.extend((offset..HEAD).step_by(dense));
    moments.extend((total - TAIL + offset..total).step_by(dense));
    for octets in &moments {
        let scene = Scene::new(order, Behaviour::default().with_fault(Fault::cut_after(*octets as u64)));
        let outcome = scene.fetch().run();
        // Where commands were sent ahead, it may have come to its end in another session.
        assert!([0, 69, 75, 76].contains(&outcome.code), "{order:?}, cut after {octets} octets: {outcome:?}");
        scene.embedded.server.set_behaviour(Behaviour::default());
        scene.goes_on(&format!("cut after {octets} octets"), &[]);
    }
    println!(
        "{order:?}: {} cuts within {total} octets: lost 0, repeated 0, broken 0 ({:.0?})",
        moments.len(),
        began.elapsed()
    );
}

/// How much the server says in a run that nothing disturbs.
fn octets_sent(order: Order) -> usize {
    let scene = Scene::new(order, Behaviour::default());
    let run = scene.traced();
    let received = run.0.iter().filter(|call| call.name.starts_with("recv"));
    received.filter_map(|call| call.result.as_ref()?.parse::<usize>().ok()).sum()
}

#[test]
fn the_line_is_cut_everywhere_into_a_maildir_keeping_all() {
    cuts(ORDERS[0]);
}

#[test]
fn the_line_is_cut_everywhere_into_a_maildir_keeping_none() {
    cuts(ORDERS[1]);
}

#[test]
fn the_line_is_cut_everywhere_into_an_mbox_keeping_all() {
    cuts(ORDERS[2]);
}

#[test]
fn the_line_is_cut_everywhere_into_an_mbox_keeping_none() {
    cuts(ORDERS[3]);
}
