//! Which messages are retried, in which session, and which of them count as failed.

use super::*;
use crate::fetch::event::{Silent, Source};
use crate::fetch::journal::{Fact, Failing, Journal};
use crate::fetch::plan::{Reason, Step};

const NOW: i64 = 1_700_000_000;
const HOUR: i64 = 60 * 60;

/// A journal in which these messages failed so often, in order, at that time.
fn view(failures: &[(&str, Cause, u32)], at: i64, facts: &[FactKind]) -> View {
    let folder = tempfile::tempdir().expect("a folder");
    let opened = Journal::open(&folder.path().join("a.journal"), at).expect("a new journal");
    let mut journal = opened.settled(&[], &[]).expect("settled");
    for (unique_id, cause, times) in failures {
        let failing = Failing { cause: *cause, reason: "no", from: None, subject: None };
        for _ in 0..*times {
            journal.failed(unique_id.as_bytes(), Some(1 << 20), &failing).expect("noted");
        }
    }
    for kind in facts {
        journal.learn(Fact { kind: *kind, until: at + 20 * DAY, value: 1 }).expect("noted");
    }
    journal.view().clone()
}

/// A plan that has a step for each failed message, and one for a new message where that is wanted.
fn plan(view: &View, has_new: bool) -> Plan {
    let fetch = Action::Fetch { then_delete: true };
    let step = |number, entry, reason| Step { number, octets: Some(1 << 20), entry, action: fetch, reason };
    let failed = view.failures().map(|(id, failure)| step(1, Some(id), Reason::FailedBefore(failure.count)));
    let mut steps: Vec<Step> = failed.collect();
    steps.extend(has_new.then(|| step(9, None, Reason::New)));
    Plan { steps, ..Plan::default() }
}

fn begun(retries: &mut Retries, task: Task) -> Vec<usize> {
    let mut begun: Vec<usize> = retries.begin(task).into_iter().map(EntryId::index).collect();
    begun.sort_unstable();
    begun
}

fn failed(unique_id: &'static str, cause: Cause, kind: Kind) -> Failed<'static> {
    let unique_id = unique_id.as_bytes().into();
    Failed {
        number: 1,
        unique_id,
        octets: None,
        cause,
        error: Error::new(kind, "no"),
        from: None,
        subject: None,
    }
}

#[test]
fn the_refused_are_tried_together_and_those_that_broke_a_session_in_another_one() {
    use Cause::{Broke, Refused, Rejected};
    let view = view(&[("a", Broke, 1), ("b", Refused, 1), ("c", Broke, 1), ("d", Rejected, 1)], NOW, &[]);
    let mut retries = Retries::default();
    retries.plan(&plan(&view, true), &view, None, NOW);
    assert!(retries.has_refused() && retries.has_broken());
    assert_eq!(begun(&mut retries, Task::Refused), [1, 3]);
    assert_eq!(begun(&mut retries, Task::Broken), [0, 2]);
    assert!(!retries.has_refused() && !retries.has_broken());
    retries.plan(&plan(&view, true), &view, None, NOW);
    assert_eq!(begun(&mut retries, Task::Refused), [0usize; 0], "each once a run");
    let all = view.failures().map(|(id, _)| id);
    let mut asked_for = Retries::only(all);
    asked_for.plan(&plan(&view, true), &view, None, NOW);
    let tried = asked_for.begin(Task::Broken);
    assert_eq!(tried.len(), 2);
    asked_for.continue_with(&tried, &view);
    assert_eq!(begun(&mut asked_for, Task::Broken), [0, 2], "those not reached, in the next session");
}

#[test]
fn what_is_not_due_waits_unless_the_clock_was_never_set() {
    let thrice = |at| view(&[("a", Cause::Refused, 3)], at, &[]);
    for (at, now, is_tried) in [
        (NOW, NOW, false),
        (NOW, NOW + 6 * HOUR - 1, false),
        (NOW, NOW + 6 * HOUR, true),
        // A clock that begins at 1970 with each boot: nobody knows how long ago it failed.
        (NOW, 100, true),
        (90, 100, true),
    ] {
        let view = thrice(at);
        let mut retries = Retries::default();
        retries.plan(&plan(&view, false), &view, None, now);
        assert_eq!(retries.has_refused(), is_tried, "failed at {at}, now {now}");
    }
}

#[test]
fn what_found_no_room_waits_for_it_and_is_tried_all_the_same_once_a_day_or_when_asked_for() {
    let view = view(&[("a", Cause::NoRoom, 1)], NOW, &[]);
    let enough = (1 << 20) + ROOM_BESIDES;
    for (room, now, is_tried) in [
        (None, NOW, true),
        (Some(enough), NOW, true),
        (Some(enough - 1), NOW, false),
        // The server may declare more octets than the message has.
        (Some(0), NOW + DAY, true),
    ] {
        let mut retries = Retries::default();
        retries.plan(&plan(&view, false), &view, room, now);
        assert_eq!(retries.has_refused(), is_tried, "{room:?}");
        let mut silent = Silent;
        let mut teller = Teller::new(Source { account: "", store: "" }, &mut silent);
        assert_eq!(retries.finish(&view, &mut teller).without_room, u32::from(!is_tried));
        let mut asked_for = Retries::only(view.failures().map(|(id, _)| id));
        asked_for.plan(&plan(&view, false), &view, room, now);
        assert!(asked_for.has_refused(), "{room:?}, asked for");
    }
}

#[test]
fn new_mail_comes_first_but_where_the_server_lets_nobody_sign_in_twice() {
    let of = |cause, facts: &[FactKind]| view(&[("a", cause, 1)], NOW, facts);
    let one = &[FactKind::OneSession][..];
    for (cause, facts, has_new, days, expected) in [
        (Cause::Refused, &[][..], true, 2, Task::New),
        (Cause::Refused, &[], false, 0, Task::Refused),
        (Cause::Broke, &[], false, 0, Task::Broken),
        (Cause::Refused, one, true, 0, Task::New),
        (Cause::Refused, one, true, 1, Task::Refused),
        (Cause::Broke, one, true, 1, Task::Broken),
    ] {
        let view = of(cause, facts);
        let (plan, now) = (plan(&view, has_new), NOW + days * DAY);
        let mut retries = Retries::default();
        retries.plan(&plan, &view, None, now);
        assert_eq!(retries.task(&plan, &view, now), expected, "{cause:?} {facts:?} {has_new} {days}");
    }
    let nothing = Plan::default();
    assert_eq!(Retries::default().task(&nothing, &View::default(), NOW), Task::New);
    assert_eq!(Retries::only([]).task(&nothing, &View::default(), NOW), Task::Refused, "never new mail");
}

#[test]
fn what_broke_a_session_for_the_first_time_is_tried_once_more_in_the_same_run() {
    let view = view(&[("a", Cause::Broke, 1)], NOW, &[]);
    let entry = view.failures().map(|(id, _)| id).next();
    let mut retries = Retries::default();
    retries.note(failed("a", Cause::Broke, Kind::ConnectionLost), entry);
    retries.plan(&plan(&view, true), &view, None, NOW);
    assert_eq!(begun(&mut retries, Task::Broken), [0]);
    retries.note(failed("a", Cause::Broke, Kind::ConnectionLost), entry);
    retries.plan(&plan(&view, true), &view, None, NOW);
    assert!(!retries.has_broken());
    retries.note(failed("b", Cause::Refused, Kind::NeedsUtf8), entry);
    assert!(!retries.has_refused(), "it was tried");
    let mut silent = Silent;
    let mut teller = Teller::new(Source { account: "", store: "" }, &mut silent);
    assert_eq!(retries.finish(&view, &mut teller).failed, 1, "one message, however often it failed");
    retries.put_off();
    assert!(!retries.has_broken() && !retries.has_refused());
}

#[test]
fn a_message_without_a_name_that_broke_a_session_is_left_out_of_the_next_one() {
    let mut retries = Retries::default();
    let fetch = Action::Fetch { then_delete: true };
    let step = |number| Step { number, octets: None, entry: None, action: fetch, reason: Reason::New };
    retries.note(failed("", Cause::Refused, Kind::Refused), None);
    assert!(!retries.has_broken_nameless(&step(1)));
    retries.note(failed("", Cause::Broke, Kind::ConnectionLost), None);
    assert!(retries.has_broken_nameless(&step(1)) && !retries.has_broken_nameless(&step(2)));
}
