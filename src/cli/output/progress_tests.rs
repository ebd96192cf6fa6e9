//! Lines of a run as they are drawn, whole.

use pop3::sys::{Awaited, Waits};

use super::*;

fn told(events: &[Event]) -> Progress {
    let mut progress = Progress::default();
    events.iter().for_each(|event| progress.take(event));
    progress
}

const PLANNED: Event = Event::Planned { to_fetch: 50, octets: 500 << 10, to_delete: 0, known: 0 };

fn started(number: u32) -> Event<'static> {
    Event::Started { number, octets: Some(10 << 10), unique_id: None }
}

/// 23 of 50 messages have come, 20 of them are delivered, and it has taken ten seconds.
fn halfway() -> (Progress, Instant) {
    let mut progress = told(&[PLANNED]);
    let begun = Instant::now();
    progress.bar("work", None, true, begun, 80);
    for number in 1..=23 {
        progress.take(&started(number));
        progress.take(&Event::Fetched { number, bytes: 10 << 10 });
    }
    progress.take(&Event::Committed { messages: 20 });
    (progress, begun + Duration::from_secs(10))
}

#[test]
fn a_narrow_terminal_loses_the_rate_first_then_the_sizes_then_the_time_then_the_bar() {
    let shown = |width| {
        let (mut progress, now) = halfway();
        progress.bar("work", None, true, now, width)
    };
    let expected = [
        (
            100,
            format!(
                "work: 20 of 50 {}╸{} 230 KiB of 500 KiB  23.0 KiB/s    12 s left",
                "━".repeat(17),
                " ".repeat(22)
            ),
        ),
        (60, "work: 20 of 50 ━━━━╸        230 KiB of 500 KiB    12 s left".to_owned()),
        (40, "work: 20 of 50 ━━━━╸          12 s left".to_owned()),
        (30, "work: 20 of 50 ━━━━━╸        ".to_owned()),
        (12, "wo…: 20 of…".to_owned()),
    ];
    for (width, line) in expected {
        assert_eq!(shown(width), line, "{width}");
    }
    for width in 1..200 {
        assert!(shown(width).width() < width.max(2), "{width}: {}", shown(width));
    }
}

#[test]
fn what_is_delivered_counts_and_a_store_that_is_behind_is_named() {
    let (mut progress, now) = halfway();
    let later = now + Duration::from_secs(1);
    let doing = |progress: &mut Progress, is_for_server| {
        progress.pace.sample(now, progress.position());
        progress.doing(later, is_for_server)
    };
    assert_eq!(doing(&mut progress, true), "20 of 50", "the server is slow");
    assert_eq!(doing(&mut progress, false), "delivering 20 of 50", "the store is slow");
    for number in 24..=50 {
        progress.take(&started(number));
        progress.take(&Event::Fetched { number, bytes: 10 << 10 });
    }
    assert_eq!(doing(&mut progress, true), "delivering 20 of 50", "all have come");
    progress.take(&Event::Delivering { messages: 3 });
    assert_eq!(doing(&mut progress, false), "delivering 23 of 50");
    progress.take(&Event::Committed { messages: 29 });
    let error = pop3::error::Error::new(pop3::error::Kind::Refused, "no");
    progress.take(&Event::Failed { number: 7, unique_id: None, reason: &error });
    assert_eq!(doing(&mut progress, false), "50 of 50");
}

#[test]
fn a_wait_is_said_with_its_time_at_any_width() {
    let (waits, begun) = (Waits::default(), Instant::now());
    let later = begun + Duration::from_secs(31);
    let minute = Duration::from_secs(60);
    let _connecting = waits.begin_at(begun, Awaited::Doing("connecting"), minute);
    let wait = waits.longest(Duration::ZERO);
    let mut progress = told(&[]);
    assert_eq!(progress.bar("work", wait.as_ref(), true, later, 100), "work: connecting, 31 s of 60 s");
    assert_eq!(progress.sentence(wait.as_ref(), true, later), "connecting, 31 s of 60 s");
    let waits = Waits::default();
    let _answer = waits.begin_at(begun, Awaited::Answer { verb: "RETR", number: Some(7) }, 5 * minute);
    let wait = waits.longest(Duration::ZERO);
    let (mut progress, _) = halfway();
    let mut bar = |width| progress.bar("work", wait.as_ref(), true, later, width);
    assert_eq!(bar(100), "work: waiting for the answer to RETR 7, 31 s of 5 min 0 s");
    assert_eq!(bar(60), "work: waiting for the answer to RETR 7, 31 s of 5 min 0 s");
    assert_eq!(bar(40), "work: waiting for R…, 31 s of 5 min 0 s");
    assert_eq!(
        progress.sentence(wait.as_ref(), true, later),
        "20 of 50 messages, waiting for the answer to RETR 7, 31 s of 5 min 0 s"
    );
}

#[test]
fn a_log_gets_sentences() {
    let (mut progress, now) = halfway();
    assert_eq!(
        progress.sentence(None, true, now),
        "20 of 50 messages, 230 KiB of 500 KiB, 23.0 KiB/s, 12 s left"
    );
    let looking = Event::SignedIn { messages: 1, octets: 9 };
    assert_eq!(told(&[looking]).sentence(None, true, now), "looking at 1 message");
}

#[test]
fn the_length_follows_what_really_arrives() {
    let planned = Event::Planned { to_fetch: 3, octets: 300, to_delete: 0, known: 0 };
    let mut progress = told(&[planned]);
    let start = |octets| Event::Started { number: 1, octets: Some(octets), unique_id: None };
    progress.take(&start(100));
    progress.take(&Event::Received { bytes: 40 });
    assert_eq!((progress.position(), progress.length()), (40, 300));
    progress.take(&Event::Received { bytes: 110 });
    assert_eq!((progress.position(), progress.length()), (150, 350));
    progress.take(&Event::Fetched { number: 1, bytes: 150 });
    progress.take(&start(100));
    progress.take(&Event::Fetched { number: 2, bytes: 20 });
    assert_eq!((progress.position(), progress.length()), (170, 270));
    // More than all that was declared, and a message that failed before it began.
    progress.take(&start(u64::MAX));
    let error = pop3::error::Error::new(pop3::error::Kind::Refused, "no");
    progress.take(&Event::Failed { number: 3, unique_id: None, reason: &error });
    assert_eq!((progress.position(), progress.length(), progress.ended), (170, 170, 3));
}
