//! What a fetch run says to people on stderr: its steps (`--verbose`), a line a message (`-vv`), what is wrong, and at
//! the end a summary in one line. Without a terminal a run that goes well says nothing; what is wrong is always said.

use pop3::error::Error;
use pop3::fetch::event::{Event, Source, Summary};
use pop3::header;

use super::table::fit;
use super::{Output, human, sanitize};
use crate::cli::report;

/// How many columns of a message's line its sender and its subject take at most.
const WIDEST_SENDER: usize = 40;
const WIDEST_SUBJECT: usize = 80;

/// The lines about one account.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    output: &'a Output,
    account: String,
    failures: Failures,
}

impl<'a> Lines<'a> {
    /// No line yet.
    pub(super) fn new(output: &'a Output, account: &str) -> Self {
        Lines { output, account: account.to_owned(), failures: Failures::default() }
    }
}

impl Lines<'_> {
    /// Says what is to be said of an event.
    pub(super) fn event(&mut self, source: Source<'_>, event: &Event) {
        let Source { account, store } = source;
        match *event {
            Event::Failed { number, unique_id, reason } => self.failures.add(number, unique_id, reason),
            Event::Warning { text } => self.output.warn_of(account, text),
            Event::Reconnecting { reason, cautious } => {
                let how = if cautious { ", one command at a time" } else { "" };
                let reason = report::sentence(reason);
                self.output.warn_of(account, &format!("{reason}: going on in a new session{how}"));
            }
            Event::Finished(summary) => {
                self.say_failures();
                let is_wanted = self.output.ends.err_is_terminal || self.output.settings.verbose;
                if is_wanted || summary.failed + summary.held_back > 0 {
                    self.output.note(&format!("{account}: {}", sum_up(summary, store)));
                }
            }
            Event::Adopted { .. } | Event::Elsewhere { .. } => {
                if let Some(step) = step(event, store) {
                    self.output.note(&format!("{account}: {step}"));
                }
            }
            Event::Delivered { .. } if self.output.settings.each_message => {
                if let Some(line) = delivered(event, store) {
                    self.output.detail(&format!("{account}: {line}"));
                }
            }
            // Formatted only if it is printed: there are several for each message.
            _ if self.output.settings.verbose => {
                if let Some(step) = step(event, store) {
                    self.output.detail(&format!("{account}: {step}"));
                }
            }
            _ => {}
        }
    }

    /// Prints which messages failed: those with the same reason in one line.
    pub(super) fn say_failures(&mut self) {
        for line in self.failures.take() {
            self.output.warn_of(&self.account, &line);
        }
    }
}

/// Messages that failed, grouped by reason.
#[derive(Debug, Default)]
struct Failures(Vec<Alike>);

#[derive(Debug)]
struct Alike {
    /// The reason, without the number of the message.
    reason: String,
    /// The first one: number, unique-id, and the whole reason.
    first: (u32, Option<String>, String),
    /// The numbers of the others.
    others: Vec<u32>,
}

/// How many messages with the same reason are named.
const NAMED: usize = 3;

impl Failures {
    fn add(&mut self, number: u32, unique_id: Option<&[u8]>, reason: &Error) {
        let whole = report::sentence(reason);
        let reason = whole.replace(&format!("message {number}"), "message");
        match self.0.iter_mut().find(|alike| alike.reason == reason) {
            Some(alike) => alike.others.push(number),
            None => {
                let unique_id = unique_id.map(|bytes| sanitize::line(bytes).into_owned());
                self.0.push(Alike { reason, first: (number, unique_id, whole), others: Vec::new() });
            }
        }
    }

    /// A line for each reason.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0).into_iter().map(Alike::line).collect()
    }
}

impl Alike {
    fn line(self) -> String {
        let Alike { reason, first: (number, unique_id, whole), others } = self;
        if others.is_empty() {
            let unique_id =
                unique_id.map(|unique_id| format!(" (unique-id {unique_id})")).unwrap_or_default();
            return format!("message {number}{unique_id}: {whole}");
        }
        let named: Vec<String> =
            [number].iter().chain(&others).take(NAMED).map(ToString::to_string).collect();
        let more = match (others.len() + 1).saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{} messages ({}{more}): {reason}", others.len() + 1, named.join(", "))
    }
}

/// A message that was delivered, in words, for `-vv`. What its sender wrote stays one line, and harmless, also in a
/// log.
fn delivered(event: &Event, store: &str) -> Option<String> {
    let Event::Delivered { number, bytes, from, subject } = *event else { return None };
    let cut = |text: String, widest| fit(&sanitize::line(text.trim().as_bytes()), widest).into_owned();
    let sender = cut(from.map(header::address::name).unwrap_or_default(), WIDEST_SENDER);
    let subject = cut(subject.map(header::text).unwrap_or_default(), WIDEST_SUBJECT);
    let sender = if sender.is_empty() { "(no sender)".to_owned() } else { sender };
    let subject = if subject.is_empty() { "(no subject)".to_owned() } else { format!("\"{subject}\"") };
    Some(format!("message {number} from {sender}, {subject}, {}, into {store}", human::size(bytes)))
}

/// A step of the run in words, for `--verbose`.
fn step(event: &Event, store: &str) -> Option<String> {
    let messages = |n: u32| human::count(n, "message");
    Some(match *event {
        Event::Connected { server } => format!("connected to {server}"),
        Event::SignedIn { messages: n, octets } => {
            format!("signed in, {} of {} in the maildrop", messages(n), human::size(octets))
        }
        Event::Settled { delivered, again } => {
            format!(
                "an earlier run was interrupted: {} complete, {again} to fetch again",
                messages(delivered)
            )
        }
        Event::Planned { to_fetch, octets, to_delete, known } => format!(
            "{} of {} to fetch, {to_delete} to delete, {known} known",
            messages(to_fetch),
            human::size(octets)
        ),
        Event::Committed { messages: n } => format!("{} delivered into {store}", messages(n)),
        Event::Adopted { origin } => origin.to_string(),
        Event::Elsewhere { messages: n, store } => {
            format!("{} were fetched before, into {store}; --refetch fetches them again", messages(n))
        }
        Event::Deleted { messages: n } => format!("{} deleted on the server", messages(n)),
        _ => return None,
    })
}

/// The summary of a run, in one line: first what was done, then what was not.
fn sum_up(summary: &Summary, store: &str) -> String {
    let mut parts = Vec::new();
    if summary.fetched > 0 {
        parts.push(format!(
            "{} fetched into {store} ({} in {})",
            human::count(summary.fetched, "message"),
            human::size(summary.bytes),
            human::duration(summary.elapsed)
        ));
    } else if summary.failed
        + summary.put_off
        + summary.skipped_too_large
        + summary.over_limit
        + summary.recovered
        == 0
    {
        parts.push("nothing new".into());
    } else {
        parts.push("nothing fetched".into());
    }
    let asides = [
        (summary.recovered, "recovered from an interrupted run"),
        (summary.failed, "failed, to be retried"),
        (summary.put_off, "failed before, to be retried later"),
        (summary.deleted, "deleted on the server"),
        (summary.held_back, "not deleted, more than --max-delete allows"),
        (summary.skipped_too_large, "too large"),
        (summary.over_limit, "left for the next run"),
        (summary.known, "known"),
    ];
    parts.extend(asides.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pop3::error::Kind;
    use pop3::fetch::event::Observer;

    use super::*;
    use crate::cli::output::Settings;
    use crate::cli::output::tests::{captured, on_terminal};

    const WORK: Source<'_> = Source { account: "work", store: "the Maildir /in" };

    fn quiet_day() -> Summary {
        Summary { known: 340, ..Summary::default() }
    }

    fn busy_day() -> Summary {
        let elapsed = Duration::from_millis(1_400);
        Summary { fetched: 12, bytes: 3_355_443, deleted: 5, known: 340, elapsed, ..Summary::default() }
    }

    #[test]
    fn cron_hears_nothing_of_a_quiet_day() {
        let (output, out, err) = captured(Settings::default());
        let mut report = output.report("work");
        report.event(WORK, &Event::Connected { server: "h:995" });
        report.event(WORK, &Event::Planned { to_fetch: 0, octets: 0, to_delete: 0, known: 340 });
        report.event(WORK, &Event::Finished(&quiet_day()));
        report.finish().expect("nothing was printed that could fail");
        assert_eq!((out.text(), err.text()), (String::new(), String::new()));
    }

    #[test]
    fn a_busy_account_is_one_line_where_somebody_asks_for_it() {
        let (output, out, err) = captured(Settings { verbose: true, ..Settings::default() });
        let mut report = output.report("work");
        report.event(WORK, &Event::Finished(&busy_day()));
        assert_eq!(
            err.text(),
            "work: 12 messages fetched into the Maildir /in (3.2 MiB in 1.4 s), 5 deleted on the server, \
             340 known\n"
        );
        assert_eq!(out.text(), "");
        let (output, _, err) = captured(Settings::default());
        output.report("work").event(WORK, &Event::Finished(&busy_day()));
        assert_eq!(err.text(), "", "without a terminal nothing is said of what went well");
    }

    #[test]
    fn a_person_always_gets_the_line() {
        let (output, _, err) = on_terminal(Settings::default());
        output.report("work").event(WORK, &Event::Finished(&quiet_day()));
        assert_eq!(err.text(), "work: nothing new, 340 known\n");
    }

    #[test]
    fn quiet_hears_neither_summary_nor_warning() {
        let (output, _, err) = on_terminal(Settings { quiet: true, ..Settings::default() });
        let mut report = output.report("work");
        report.event(WORK, &Event::Warning { text: "odd" });
        report.event(WORK, &Event::Finished(&busy_day()));
        assert_eq!(err.text(), "");
    }

    #[test]
    fn a_failed_message_is_named_and_guarded() {
        let reason = Error::new(Kind::Refused, "could not fetch it").because("-ERR \x1b[31mno");
        let failed = Event::Failed { number: 3, unique_id: Some(b"a\x1b"), reason: &reason };
        let (output, _, err) = on_terminal(Settings::default());
        let mut report = output.report("work");
        report.event(WORK, &failed);
        report.finish().expect("nothing was printed that could fail");
        assert_eq!(
            err.text(),
            "warning: work: message 3 (unique-id a\\x1b): could not fetch it: -ERR \\x1b[31mno\n"
        );
    }

    #[test]
    fn fifty_failures_alike_are_one_line() {
        let (output, _, err) = captured(Settings::default());
        let mut report = output.report("work");
        for number in 1..=50 {
            let reason =
                Error::new(Kind::Refused, format!("could not retrieve message {number}")).because("no");
            report.event(WORK, &Event::Failed { number, unique_id: Some(b"u"), reason: &reason });
        }
        let summary = Summary { failed: 50, ..Summary::default() };
        report.event(WORK, &Event::Finished(&summary));
        assert_eq!(
            err.text(),
            "warning: work: 50 messages (1, 2, 3 and 47 more): could not retrieve message: no\n\
             work: nothing fetched, 50 failed, to be retried\n"
        );
    }

    #[test]
    fn verbose_says_the_steps() {
        let (output, out, err) = captured(Settings { verbose: true, ..Settings::default() });
        let mut report = output.report("work");
        report.event(WORK, &Event::Connected { server: "h:995" });
        report.event(WORK, &Event::SignedIn { messages: 1, octets: 2048 });
        report.event(WORK, &Event::Received { bytes: 7 });
        report.event(WORK, &Event::Committed { messages: 2 });
        report.event(WORK, &Event::Finished(&quiet_day()));
        assert_eq!(
            err.text(),
            "work: connected to h:995\n\
             work: signed in, 1 message of 2.0 KiB in the maildrop\n\
             work: 2 messages delivered into the Maildir /in\n\
             work: nothing new, 340 known\n"
        );
        assert_eq!(out.text(), "");
    }

    #[test]
    fn each_message_is_a_line_where_that_is_asked_for() {
        let settings = Settings { verbose: true, each_message: true, ..Settings::default() };
        let say = |from: Option<&[u8]>, subject: Option<&[u8]>| {
            let (output, out, err) = captured(settings);
            output.report("work").event(WORK, &Event::Delivered { number: 7, bytes: 9_626, from, subject });
            assert_eq!(out.text(), "");
            err.text()
        };
        assert_eq!(
            say(
                Some(b" =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\n"),
                Some(b" =?utf-8?q?two_l?=\r\n =?utf-8?q?=0Aines?=")
            ),
            "work: message 7 from J\u{fc}rgen, \"two l\\nines\", 9.4 KiB, into the Maildir /in\n"
        );
        assert_eq!(
            say(None, Some(b" \r\n")),
            "work: message 7 from (no sender), (no subject), 9.4 KiB, into the Maildir /in\n"
        );
        let long = say(Some(b"a@b"), Some(&[b'x'; 400]));
        assert!(long.contains("xx…\"") && long.len() < 160, "{long}");
        let (output, _, err) = captured(Settings { verbose: true, ..Settings::default() });
        let delivered = Event::Delivered { number: 7, bytes: 1, from: None, subject: None };
        output.report("work").event(WORK, &delivered);
        assert_eq!(err.text(), "", "once is not enough");
    }

    #[test]
    fn a_summary_that_is_wider_than_the_terminal_ends_its_lines_between_words() {
        let (mut output, _, err) = on_terminal(Settings::default());
        output.ends.err_width = 60;
        output.report("work").event(WORK, &Event::Finished(&busy_day()));
        assert_eq!(
            err.text(),
            "work: 12 messages fetched into the Maildir /in (3.2 MiB in\n  1.4 s), 5 deleted on the server, 340 known\n"
        );
    }

    #[test]
    fn the_summary_leaves_out_what_did_not_happen() {
        let summary = Summary { failed: 1, held_back: 4, skipped_too_large: 2, ..Summary::default() };
        assert_eq!(
            sum_up(&summary, "x"),
            "nothing fetched, 1 failed, to be retried, 4 not deleted, more than --max-delete allows, 2 too large"
        );
        assert_eq!(sum_up(&Summary::default(), "x"), "nothing new");
    }
}
