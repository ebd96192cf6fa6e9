//! The line ends behind each octet that the server sends.

use super::{ORDERS, Order, Scene, is_exhaustive};
use pop3::server::{Behaviour, Fault};
use std::time::Instant;

/// Octets between two cuts. Both are prime: they fall everywhere in the lines and messages.
const EACH: usize = 97;
const SAMPLE: usize = 9973;

/// The kept line of cuts that end up in status lines and listings: all of them lie in the first octets.
const HEAD: usize = 1500;

fn cuts(order: Order) {
    let began = Instant::now();
    let offset = ORDERS.iter().position(|other| *other == order).unwrap_or(0);
    let (dense, sparse) = if is_exhaustive() { (1 + offset, EACH) } else { (331 + offset, SAMPLE) };
    let mut count = 0;
    let mut octets = 1 + offset;
    loop {
        let cut = Fault::cut_after(octets as u64);
        let scene =
            Scene::new(order, Behaviour { faulty_sessions: Some(1), ..Behaviour::default() }.with(cut));
        let outcome = scene.fetch().run();
        if outcome.code == 0 {
            // The whole run, QUIT's reply included, is shorter than that.
            break;
        }
        assert!([75, 76].contains(&outcome.code), "{order:?}, cut after {octets} octets: {outcome:?}");
        count += 1;
        scene.goes_on(&format!("cut after {octets} octets"), &[]);
        octets += if octets < HEAD { dense.min(sparse) } else { sparse };
    }
    println!(
        "{order:?}: {count} cuts within {octets} octets: lost 0, repeated 0, broken 0 ({:.0?})",
        began.elapsed()
    );
    assert!(count > 10, "only {count} cuts");
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
