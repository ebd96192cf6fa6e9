//! SIGKILL at each system call of a fetch, and at each of the run that mends what the first one left.

use super::{ORDERS, Order, Scene, Store, is_exhaustive};
use pop3::server::Behaviour;
use std::time::Instant;

/// Every how manieth call is struck where samples do; another offset for each combination.
const STEP: usize = 7;

/// Kills a fetch of its own at each call, and checks what the next runs make of it.
fn kills(order: Order) {
    let began = Instant::now();
    let scene = Scene::new(order, Behaviour::default());
    let points = scene.traced().points(scene.home.path());
    scene.goes_on("not interrupted", &[]);
    let offset = ORDERS.iter().position(|other| *other == order).unwrap_or(0);
    let (first, step) = if is_exhaustive() { (0, 1) } else { (offset, STEP) };
    let mut kills = 0;
    let tries = points.iter().skip(first).step_by(step);
    let count = tries.len();
    for point in tries {
        let scene = Scene::new(order, Behaviour::default());
        kills += usize::from(scene.is_killed_at(point));
        scene.goes_on(&format!("killed at {point:?}"), &[]);
    }
    println!(
        "{order:?}: {kills} kills, at the {} calls of an undisturbed run: lost 0, repeated 0, broken 0 ({:.0?})",
        points.len(),
        began.elapsed()
    );
    assert!(kills > 10 && kills * 10 > count * 9, "{kills} kills in {count} tries");
}

#[test]
fn at_each_call_into_a_maildir_keeping_all() {
    kills(ORDERS[0]);
}

#[test]
fn at_each_call_into_a_maildir_keeping_none() {
    kills(ORDERS[1]);
}

#[test]
fn at_each_call_into_an_mbox_keeping_all() {
    kills(ORDERS[2]);
}

#[test]
fn at_each_call_into_an_mbox_keeping_none() {
    kills(ORDERS[3]);
}

/// Kills a fetch while it commits, and then the run that settles it, at each of its calls.
fn twice(store: Store) {
    let began = Instant::now();
    let order = Order { store, keep: "none" };
    let scene = Scene::new(order, Behaviour::default());
    // Before the first intent there is nothing to settle.
    let points = scene.traced().points_from(|call| call.arguments.contains("\"intent\\t"));
    let (step, second_step) = if is_exhaustive() { (5, 1) } else { (29, 11) };
    let mut kills = 0;
    for (round, first) in points.iter().step_by(step).enumerate() {
        let killed_once = || {
            let scene = Scene::new(order, Behaviour::default());
            scene.is_killed_at(first).then_some(scene)
        };
        let Some(scene) = killed_once() else { continue };
        let points = scene.traced().points(scene.home.path());
        for second in points.iter().skip(round % second_step).step_by(second_step) {
            let Some(scene) = killed_once() else { continue };
            kills += usize::from(scene.is_killed_at(second));
            scene.goes_on(&format!("killed at {first:?}, then at {second:?}"), &[]);
        }
    }
    println!("{order:?}: killed twice {kills} times: lost 0, repeated 0, broken 0 ({:.0?})", began.elapsed());
    assert!(kills > 10, "{kills} kills");
}

#[test]
fn at_a_call_and_again_while_the_maildir_is_settled() {
    twice(Store::Maildir);
}

#[test]
fn at_a_call_and_again_while_the_mbox_is_settled() {
    twice(Store::Mbox);
}
