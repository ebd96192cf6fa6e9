//! Plans as tables: a maildrop, what the journal knows, what the server answered, and the steps.

mod names;

use proptest::prelude::*;
use std::borrow::Cow;

use super::*;
use crate::fetch::journal::{Cause, Failing, Intent, Journal};
use crate::store::Place;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
const NOW: i64 = 1_700_000_000;
const FETCH: Action = Action::Fetch { then_delete: false };
const FETCH_DELETE: Action = Action::Fetch { then_delete: true };

fn doubts(listed: &[Listed], is_complete: bool, view: &View) -> Vec<u32> {
    Draft::new(listed, is_complete, view).doubts().to_vec()
}

fn plan(
    listed: &[Listed],
    is_complete: bool,
    view: &View,
    identities: &HashMap<u32, Option<Identity>>,
    policy: &Policy,
    now: i64,
) -> Plan {
    Draft::new(listed, is_complete, view).plan(identities, policy, now)
}

/// A message as a test writes it: number, unique-id, octets.
type Message<'a> = (u32, &'a str, u64);

fn listing<'a>(messages: &[Message<'a>]) -> Vec<Listed<'a>> {
    let listed = |&(number, uid, octets): &Message<'a>| Listed {
        number,
        octets: (octets > 0).then_some(octets),
        unique_id: (!uid.is_empty()).then_some(uid.as_bytes()),
        identity: None,
        named_by_text: false,
    };
    messages.iter().map(listed).collect()
}

fn identity(of: u8) -> Option<Identity> {
    Some(Identity::from_bytes([of; 16]))
}

/// What a journal knows: unique-id, octets, identity, and how it stands: `s`een, `i`ntended, `d`elivered, `g`one,
/// `u`nproven (delivered), `f`ailed twice, s`k`ipped. All of them were first seen ten days and an hour ago.
fn view(known: &[(&str, u64, u8, char)]) -> View {
    view_of(known, NOW - 10 * DAY - HOUR)
}

/// The same, first seen then.
fn view_of(known: &[(&str, u64, u8, char)], first_seen: i64) -> View {
    let failing = Failing { cause: Cause::Refused, reason: "no", from: None, subject: None };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.journal");
    let mut journal =
        Journal::open(&path, first_seen).and_then(|opened| opened.settled(&[], &[])).expect("a new journal");
    for &(uid, octets, of, state) in known {
        let octets = (octets > 0).then_some(octets);
        match state {
            's' => journal.seen(&[(uid.as_bytes(), octets)]).expect("noted"),
            'f' => {
                for _ in 0..2 {
                    journal.failed(uid.as_bytes(), octets, &failing).expect("noted");
                }
            }
            'k' => {
                journal.seen(&[(uid.as_bytes(), octets)]).expect("noted");
                let ids: Vec<_> = journal.view().find(uid.as_bytes()).map(|entry| entry.id).collect();
                journal.give_up(&ids).expect("noted");
            }
            _ => {
                let identity = (of > 0).then(|| identity(of)).flatten();
                let intent = Intent {
                    unique_id: uid.as_bytes().into(),
                    octets,
                    identity,
                    place: Cow::Owned(Place::Handed),
                    again: None,
                    is_proven: state != 'u',
                };
                let ids = journal.intend(&[intent]).expect("noted");
                if state != 'i' {
                    journal.delivered(&ids).expect("noted");
                }
                if state == 'g' {
                    journal.gone(&ids).expect("noted");
                }
            }
        }
    }
    journal.view().clone()
}

fn keep(text: &str) -> Policy {
    Policy { keep: text.parse().expect("a policy"), ..Policy::default() }
}

/// The steps of a complete listing, by message-number in the policy's order.
fn steps(
    messages: &[Message],
    view: &View,
    answers: &[(u32, u8)],
    policy: &Policy,
) -> (Plan, Vec<(u32, Action, Reason)>) {
    let answers =
        answers.iter().map(|&(number, of)| (number, (of > 0).then(|| identity(of)).flatten())).collect();
    let plan = plan(&listing(messages), true, view, &answers, policy, NOW);
    let steps = plan.steps.iter().map(|step| (step.number, step.action, step.reason)).collect();
    (plan, steps)
}

#[test]
fn each_policy_says_what_becomes_of_new_and_of_known_messages() {
    let view = view(&[("old", 10, 1, 'd'), ("new", 20, 2, 'd')]);
    let messages = [(1, "old", 10), (2, "new", 20), (3, "x", 30)];
    let kept = |reason| (Action::Keep, reason);
    let gone = |reason| (Action::Delete, reason);
    for (text, old, new, fetch) in [
        ("all", kept(Reason::Known), kept(Reason::Known), FETCH),
        ("none", gone(Reason::Delivered), gone(Reason::Delivered), FETCH_DELETE),
        ("10d", gone(Reason::Expired), gone(Reason::Expired), FETCH),
        ("11d", kept(Reason::Recent), kept(Reason::Recent), FETCH),
        ("0d", gone(Reason::Expired), gone(Reason::Expired), FETCH),
        ("2", gone(Reason::BeyondNewest), kept(Reason::AmongNewest), FETCH),
        ("3", kept(Reason::AmongNewest), kept(Reason::AmongNewest), FETCH),
        ("9", kept(Reason::AmongNewest), kept(Reason::AmongNewest), FETCH),
        ("0", gone(Reason::BeyondNewest), gone(Reason::BeyondNewest), FETCH_DELETE),
        ("60B", kept(Reason::AmongNewest), kept(Reason::AmongNewest), FETCH),
        ("59B", gone(Reason::BeyondNewest), kept(Reason::AmongNewest), FETCH),
        ("49B", gone(Reason::BeyondNewest), gone(Reason::BeyondNewest), FETCH),
        ("29B", gone(Reason::BeyondNewest), gone(Reason::BeyondNewest), FETCH_DELETE),
    ] {
        let (plan, steps) = steps(&messages, &view, &[], &keep(text));
        assert_eq!(steps, [(1, old.0, old.1), (2, new.0, new.1), (3, fetch, Reason::New)], "{text}");
        assert_eq!(doubts(&listing(&messages), true, &view), [0; 0]);
        assert!(plan.vanished.is_empty() && plan.adopted.is_empty() && plan.back.is_empty());
    }
}

#[test]
fn a_message_expires_at_the_very_second_its_age_is_reached() {
    let view = view(&[("x", 10, 1, 'd')]);
    let first_seen = view.iter().next().expect("an entry").first_seen;
    let listed = listing(&[(1, "x", 10)]);
    let at = |now| plan(&listed, true, &view, &HashMap::new(), &keep("14d"), now).steps[0].action;
    assert_eq!(at(first_seen + 14 * DAY - 1), Action::Keep);
    assert_eq!(at(first_seen + 14 * DAY), Action::Delete);
    assert_eq!(at(first_seen - DAY), Action::Keep, "a clock that was set back");
}

#[test]
fn a_clock_that_was_never_set_deletes_nothing_by_age() {
    let listed = listing(&[(1, "x", 10)]);
    for (first_seen, now) in [(60, NOW), (60, 120), (NOW, 978_307_199), (-DAY, NOW), (NOW + DAY, NOW)] {
        let view = view_of(&[("x", 10, 1, 'd')], first_seen);
        let plan = plan(&listed, true, &view, &HashMap::new(), &keep("0d"), now);
        assert_eq!(plan.steps[0].action, Action::Keep, "{first_seen}, {now}");
    }
    let view = view_of(&[("x", 10, 1, 'd')], 60);
    let plan = plan(&listed, true, &view, &HashMap::new(), &keep("none"), 120);
    assert_eq!(plan.steps[0].action, Action::Delete, "age is not asked for");
}

#[test]
fn what_was_given_up_is_neither_fetched_nor_deleted() {
    let view = view(&[("x", 10, 0, 'k'), ("gone", 10, 0, 'k')]);
    for text in ["all", "none", "0d", "0"] {
        let (plan, skipped) = steps(&[(1, "x", 10)], &view, &[], &keep(text));
        assert_eq!(skipped, [(1, Action::Skip, Reason::GivenUp)], "{text}");
        assert_eq!(plan.vanished.len(), 1, "what is not there any more is not remembered");
    }
    assert_eq!(doubts(&listing(&[(1, "x", 11)]), true, &view), [1], "the unique-id may be another message's");
}

#[test]
fn what_nothing_proved_to_be_its_message_is_never_deleted() {
    let view = view(&[("a", 10, 1, 'u'), ("b", 10, 2, 'd')]);
    let messages = [(1, "a", 10), (2, "b", 10)];
    for (text, is_kept) in
        [("none", (Action::Delete, Reason::Delivered)), ("1", (Action::Keep, Reason::AmongNewest))]
    {
        let (_, steps) = steps(&messages, &view, &[], &keep(text));
        assert_eq!(steps, [(1, Action::Keep, Reason::Unproven), (2, is_kept.0, is_kept.1)], "{text}");
    }
    let (_, kept) = steps(&messages[..1], &view, &[], &keep("all"));
    assert_eq!(kept, [(1, Action::Keep, Reason::Known)]);
}

#[test]
fn the_newest_are_those_of_the_highest_numbers_however_they_are_listed() {
    let messages = [(7, "c", 1), (2, "a", 1), (5, "b", 1)];
    let (_, steps) = steps(&messages, &View::default(), &[], &keep("1"));
    assert_eq!(
        steps,
        [(2, FETCH_DELETE, Reason::New), (5, FETCH_DELETE, Reason::New), (7, FETCH, Reason::New)]
    );
}

#[test]
fn undelivered_messages_are_never_deleted() {
    let view =
        view(&[("seen", 10, 0, 's'), ("failed", 20, 0, 'f'), ("big", 99, 0, 's'), ("half", 40, 4, 'i')]);
    let messages = [(1, "seen", 10), (2, "failed", 20), (3, "big", 99), (4, "half", 40), (5, "", 50)];
    for (text, fetch) in [("all", FETCH), ("none", FETCH_DELETE), ("1d", FETCH), ("0", FETCH_DELETE)] {
        let (plan, steps) = steps(&messages, &view, &[], &Policy { max_size: Some(98), ..keep(text) });
        let unnamed = if text == "none" { FETCH_DELETE } else { Action::Skip };
        let expected = [
            (1, fetch, Reason::New),
            (3, Action::Skip, Reason::TooLarge),
            (4, Action::Skip, Reason::Unsettled),
            (5, unnamed, Reason::NoUniqueId),
            (2, fetch, Reason::FailedBefore(2)),
        ];
        assert_eq!(steps, expected, "{text}");
        assert_eq!(plan.steps.iter().filter(|step| step.entry.is_some()).count(), 4);
    }
}

#[test]
fn what_failed_before_never_keeps_the_others_waiting() {
    let view = view(&[("bad", 10, 0, 'f')]);
    let messages = [(1, "bad", 10), (2, "a", 5), (3, "b", 5)];
    for order in [Order::Oldest, Order::Newest] {
        let (_, steps) = steps(&messages, &view, &[], &Policy { limit: Some(2), order, ..Policy::default() });
        assert_eq!(steps[2], (1, Action::Skip, Reason::OverLimit), "{order:?}");
    }
}

#[test]
fn the_limit_counts_fetches_in_the_wanted_order() {
    let messages = [(1, "a", 5), (2, "b", 500), (3, "c", 5), (4, "d", 0), (5, "e", 5)];
    let policy = Policy { limit: Some(2), max_size: Some(100), ..Policy::default() };
    let actions = |order| {
        let (plan, steps) = steps(&messages, &View::default(), &[], &Policy { order, ..policy });
        assert_eq!(plan.fetches(), 2);
        steps.into_iter().map(|(number, _, reason)| (number, reason)).collect::<Vec<_>>()
    };
    use Reason::{New, OverLimit, TooLarge};
    assert_eq!(actions(Order::Oldest), [(1, New), (2, TooLarge), (3, New), (4, OverLimit), (5, OverLimit)]);
    assert_eq!(actions(Order::Newest), [(5, New), (4, New), (3, OverLimit), (2, TooLarge), (1, OverLimit)]);
}

#[test]
fn more_deletions_than_allowed_are_none() {
    let view = view(&[("a", 1, 1, 'd'), ("b", 2, 2, 'd')]);
    let messages = [(1, "a", 1), (2, "b", 2), (3, "c", 3)];
    let (plan, all) = steps(&messages, &view, &[], &Policy { max_delete: Some(3), ..keep("none") });
    assert_eq!((plan.deletions(), plan.held_back), (3, None));
    assert_eq!(all[2], (3, FETCH_DELETE, Reason::New));
    let (plan, none) = steps(&messages, &view, &[], &Policy { max_delete: Some(2), ..keep("none") });
    assert_eq!((plan.deletions(), plan.held_back), (0, Some(3)));
    let held = (Action::Keep, Reason::HeldBack);
    assert_eq!(none, [(1, held.0, held.1), (2, held.0, held.1), (3, FETCH, Reason::New)]);
}

#[test]
fn a_tombstone_counts_only_for_the_same_message() {
    let view = view(&[("x", 10, 1, 'g')]);
    let messages = [(1, "x", 10)];
    assert_eq!(doubts(&listing(&messages), true, &view), [1]);
    for (text, answer, expected, is_back) in [
        ("all", 1, (1, Action::Keep, Reason::BackAgain), true),
        ("none", 1, (1, Action::Delete, Reason::BackAgain), true),
        ("9d", 1, (1, Action::Delete, Reason::BackAgain), true),
        ("all", 2, (1, FETCH, Reason::Reused), false),
        ("all", 0, (1, FETCH, Reason::Unrecognised), false),
    ] {
        let (plan, steps) = steps(&messages, &view, &[(1, answer)], &keep(text));
        assert_eq!(steps, [expected], "{text} {answer}");
        assert_eq!(plan.back.len(), usize::from(is_back));
        assert!(plan.vanished.is_empty(), "a tombstone stays one");
    }
    let (_, unasked) = steps(&messages, &view, &[], &keep("all"));
    assert_eq!(unasked, [(1, FETCH, Reason::Unrecognised)], "in doubt it is fetched again");
}

#[test]
fn other_octets_under_a_known_unique_id_are_asked_about() {
    let view = view(&[("x", 10, 1, 'd')]);
    let messages = [(1, "x", 11)];
    assert_eq!(doubts(&listing(&messages), true, &view), [1]);
    assert_eq!(
        doubts(&listing(&[(1, "x", 0)]), true, &view),
        [0; 0],
        "what was not declared does not differ"
    );
    let (plan, same) = steps(&messages, &view, &[(1, 1)], &keep("all"));
    let id = view.iter().next().expect("an entry").id;
    assert_eq!((same, plan.adopted), (vec![(1, Action::Keep, Reason::Known)], vec![(id, 1)]));
    let (plan, other) = steps(&messages, &view, &[(1, 2)], &keep("none"));
    assert_eq!((other, plan.vanished), (vec![(1, FETCH_DELETE, Reason::Reused)], vec![id]));
}

#[test]
fn messages_of_one_unique_id_are_told_apart() {
    // Two listed, one known: octets decide.
    let one = view(&[("x", 10, 1, 'd')]);
    let different = [(1, "x", 20), (2, "x", 10)];
    assert_eq!(doubts(&listing(&different), true, &one), [0; 0]);
    let (_, plain) = steps(&different, &one, &[], &keep("all"));
    assert_eq!(plain, [(1, FETCH, Reason::New), (2, Action::Keep, Reason::Known)]);
    // They do not: the identity does.
    let alike = [(1, "x", 10), (2, "x", 10)];
    assert_eq!(doubts(&listing(&alike), true, &one), [1, 2]);
    let (_, asked) = steps(&alike, &one, &[(1, 2), (2, 1)], &keep("all"));
    assert_eq!(asked, [(1, FETCH, Reason::Reused), (2, Action::Keep, Reason::Known)]);
    // Even two of one identity are two.
    let (_, twins) = steps(&alike, &one, &[(1, 1), (2, 1)], &keep("all"));
    assert_eq!(twins, [(1, Action::Keep, Reason::Known), (2, FETCH, Reason::Reused)]);
    // Two listed, two known; one of two left.
    let two = view(&[("x", 10, 1, 'd'), ("x", 10, 2, 'd')]);
    assert_eq!(doubts(&listing(&alike), true, &two), [0; 0]);
    let (plan, left) = steps(&alike[..1], &two, &[], &keep("all"));
    assert_eq!((left, plan.vanished.len()), (vec![(1, Action::Keep, Reason::Known)], 1));
    // One delivered, one not: which one is left must be asked.
    let half = view(&[("x", 10, 1, 'd'), ("x", 10, 0, 's')]);
    assert_eq!(doubts(&listing(&alike[..1]), true, &half), [1]);
    let (_, other) = steps(&alike[..1], &half, &[(1, 9)], &keep("none"));
    assert_eq!(other, [(1, FETCH_DELETE, Reason::New)], "never lost");
    let (_, known) = steps(&alike, &half, &[(1, 9), (2, 1)], &keep("all"));
    assert_eq!(known, [(1, FETCH, Reason::New), (2, Action::Keep, Reason::Known)]);
}

#[test]
fn only_a_complete_listing_proves_that_messages_vanished() {
    let view = view(&[("a", 1, 1, 'd'), ("s", 2, 0, 's'), ("i", 3, 3, 'i'), ("g", 4, 4, 'g')]);
    let ids: Vec<_> = view.iter().map(|entry| entry.id).collect();
    let at = |is_complete| plan(&[], is_complete, &view, &HashMap::new(), &keep("none"), NOW).vanished;
    assert_eq!(at(true), ids[..2]);
    assert_eq!(at(false), []);
}

#[test]
fn every_action_and_reason_has_words_of_its_own() {
    use Reason::*;
    let reasons = [
        New,
        FailedBefore(1),
        FailedBefore(2),
        Reused,
        Unrecognised,
        Unproven,
        NoUniqueId,
        TooLarge,
        OverLimit,
        Unsettled,
        Known,
        Recent,
        AmongNewest,
        Renumbered,
        BackAgain,
        HeldBack,
        Delivered,
        Expired,
        BeyondNewest,
    ];
    let words: std::collections::HashSet<String> = reasons.iter().map(Reason::to_string).collect();
    assert_eq!(words.len(), reasons.len());
    let actions =
        [FETCH, FETCH_DELETE, Action::Delete, Action::Keep, Action::Skip].map(|action| action.to_string());
    assert_eq!(actions, ["fetch", "fetch, then delete", "delete", "keep", "skip"]);
}

fn any_known() -> impl Strategy<Value = (&'static str, u64, u8, char)> {
    let uid = prop::sample::select(vec!["a", "b", "c"]);
    (uid, 1u64..4, 0u8..4, prop::sample::select(vec!['s', 'i', 'd', 'd', 'g']))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The promises behind the plan, whatever is listed, known and answered.
    #[test]
    fn nothing_undelivered_is_deleted_and_no_entry_is_two_messages(
        known in prop::collection::vec(any_known(), 0..6),
        messages in prop::collection::vec((prop::sample::select(vec!["a", "b", "n", ""]), 0u64..4), 0..6),
        answers in prop::collection::vec(0u8..4, 6),
        is_complete in any::<bool>(),
        text in prop::sample::select(vec!["all", "none", "3d", "2"]),
    ) {
        let view = view(&known);
        let messages: Vec<_> = (1..).zip(&messages).map(|(number, &(uid, octets))| (number, uid, octets)).collect();
        let listed = listing(&messages);
        let asked = doubts(&listed, is_complete, &view);
        let answers: HashMap<u32, Option<Identity>> = asked
            .iter()
            .map(|&number| (number, answers[number as usize - 1]))
            .map(|(number, of)| (number, (of > 0).then(|| identity(of)).flatten()))
            .collect();
        let plan = plan(&listed, is_complete, &view, &answers, &keep(text), NOW);
        let mut entries: Vec<_> = plan.steps.iter().filter_map(|step| step.entry).chain(plan.vanished).collect();
        let count = entries.len();
        entries.sort();
        entries.dedup();
        prop_assert_eq!(entries.len(), count, "an entry is one message, or it vanished");
        prop_assert_eq!(plan.steps.len(), listed.len());
        for step in &plan.steps {
            let entry = step.entry.and_then(|id| view.get(id));
            let is_delivered = entry.is_some_and(|entry| matches!(entry.state, State::Delivered | State::Gone(_)));
            if matches!(step.action, Action::Delete | Action::Keep) {
                prop_assert!(is_delivered, "only what was delivered is kept or deleted: {:?}", step);
                if let Some(Some(told)) = answers.get(&step.number) {
                    prop_assert_eq!(entry.and_then(|entry| entry.identity), Some(*told));
                }
            }
            prop_assert!(!(is_delivered && matches!(step.action, Action::Fetch { .. })), "nothing twice: {:?}", step);
        }
    }
}
