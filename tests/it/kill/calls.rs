//! SIGKILL at each system call of a fetch, and at each of the run that mends what the first one left.

use super::trace::Call;
use super::{MESSAGES, ORDERS, Order, Scene, Store, in_rounds, is_exhaustive};
use pop3::server::Behaviour;
use std::time::Instant;

/// Every how manieth call is struck where samples do; another offset for each combination.
const STEP: usize = 7;

/// Kills a fetch of its own at each call, and checks what the next runs make of it.
fn kills(order: Order, behaviour: &Behaviour) {
    let began = Instant::now();
    let scene = Scene::new(order, behaviour.clone());
    let points = scene.traced().points(scene.home.path());
    scene.goes_on("not interrupted", &[]);
    let offset = ORDERS.iter().position(|other| *other == order).unwrap_or(0);
    let (first, step) = if is_exhaustive() { (0, 1) } else { (offset, STEP) };
    let mut kills = 0;
    let tries = points.iter().skip(first).step_by(step);
    let count = tries.len();
    for point in tries {
        let scene = Scene::new(order, behaviour.clone());
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
    kills(ORDERS[0], &Behaviour::default());
}

#[test]
fn at_each_call_into_a_maildir_keeping_none() {
    kills(ORDERS[1], &Behaviour::default());
}

#[test]
fn at_each_call_into_an_mbox_keeping_all() {
    kills(ORDERS[2], &Behaviour::default());
}

#[test]
fn at_each_call_into_an_mbox_keeping_none() {
    kills(ORDERS[3], &Behaviour::default());
}

#[test]
fn at_each_call_into_a_maildir_round_by_round() {
    kills(ORDERS[1], &in_rounds());
}

#[test]
fn at_each_call_into_an_mbox_round_by_round() {
    kills(ORDERS[3], &in_rounds());
}

/// What is gone there can never be fetched again.
#[test]
fn at_each_call_from_a_server_that_takes_away_what_was_retrieved() {
    for order in [ORDERS[0], ORDERS[2]] {
        kills(order, &Behaviour { pops: true, ..Behaviour::default() });
    }
}

/// Kills a fetch while it commits, and then the run that settles it, at each of its calls.
fn twice(store: Store) {
    let began = Instant::now();
    let order = Order { store, keep: "none" };
    let scene = Scene::new(order, Behaviour::default());
    // Before the first intent there is nothing to settle.
    let points = scene.traced().points_from(|call| call.arguments.contains("\"intent\\t"));
    let (step, second_step) = if is_exhaustive() { (10, 3) } else { (29, 11) };
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

/// A journal in which most lines say nothing any more is written anew when it is opened. Killed there,
/// the next run must still know all that was delivered.
#[test]
fn at_each_call_while_the_journal_is_written_anew() {
    let order = Order { store: Store::Maildir, keep: "all" };
    let due = || {
        let scene = Scene::new(order, Behaviour::default());
        scene.fetch().run().exits(0);
        let folder = scene.home.join(".local/state/pop3");
        let mut entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let journal = entries.find(|path| path.extension() == Some("journal".as_ref())).unwrap();
        let mut text = std::fs::read_to_string(&journal).unwrap();
        for entry in MESSAGES..MESSAGES + 600 {
            text.push_str(&format!(
                "seen\te={entry}\tt=1700000000\to=1\tu=gone-{entry}\nforgotten\te={entry}\n"
            ));
        }
        std::fs::write(&journal, text).unwrap();
        scene
    };
    let scene = due();
    let run = scene.traced();
    let moves = |call: &Call| call.name.starts_with("rename") && call.arguments.contains(".journal.new\"");
    assert!(run.0.iter().any(moves), "it was not written anew");
    let points = run.points(scene.home.path());
    let step = if is_exhaustive() { 1 } else { 3 };
    let mut kills = 0;
    for point in points.iter().step_by(step) {
        let scene = due();
        kills += usize::from(scene.is_killed_at(point));
        scene.goes_on(&format!("killed at {point:?}"), &[]);
        assert_eq!(scene.embedded.server.count("RETR"), MESSAGES, "killed at {point:?}");
    }
    println!("{order:?}: {kills} kills around a journal written anew: lost 0, repeated 0, broken 0");
    assert!(kills > 10, "{kills} kills");
}
