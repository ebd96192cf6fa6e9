//! Shows a fetch run: a [`Report`] turns its events into a bar ([`super::bar`]), lines for people
//! ([`super::lines`]) or objects (`--json`).

use std::io;
use std::time::Instant;

use pop3::fetch::event::{Event, Observer, Source};
use pop3::sys::Waits;

use super::Output;
use super::bar::Bar;
use super::json::{self, Run};
use super::lines::Lines;

/// The observer of one account's run. Made by [`Output::report`].
#[derive(Debug)]
pub(crate) struct Report<'a> {
    output: &'a Output,
    account: String,
    /// Whether errors begin with the account's name.
    is_one_of_several: bool,
    bar: Bar,
    lines: Lines<'a>,
    /// When `received` was reported last, for which message, and how many of its bytes have arrived.
    received: (Option<Instant>, u32, u64),
    /// The first failure of stdout: an observer cannot return it when it happens.
    broken: io::Result<()>,
}

impl Output {
    /// The observer for a run over this account, as the global options want it.
    pub(crate) fn report(&self, account: &str) -> Report<'_> {
        Report {
            output: self,
            account: account.to_owned(),
            is_one_of_several: false,
            bar: Bar::new(&self.bars, self.shows, &self.err, account),
            lines: Lines::new(self, account),
            received: (None, 0, 0),
            broken: Ok(()),
        }
    }
}

impl Report<'_> {
    /// Has errors begin with the account's name, where this is one of `several` accounts.
    pub(crate) fn one_of_several(mut self, several: bool) -> Self {
        self.is_one_of_several = several;
        self
    }

    /// Shows also what is waited for.
    pub(crate) fn watching(mut self, waits: &Waits) -> Self {
        self.bar.watch(waits);
        self
    }

    /// The run of this account ended with an error: prints it as every error.
    pub(crate) fn ended_by(&mut self, error: &anyhow::Error) {
        self.lines.say_failures();
        self.output.error_of(&self.account, self.is_one_of_several, error);
    }

    /// Ends the report. Fails if at any time stdout did: then the objects are not complete.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.lines.say_failures();
        self.broken
    }

    fn tell(&mut self, object: &Run<'_>) {
        if self.broken.is_ok() {
            // Programs that read the objects get each of them at once.
            self.broken = self.output.object(object).and_then(|()| self.output.flush());
        }
    }

    fn tell_event(&mut self, source: Source<'_>, event: &Event) {
        let (told_at, number, sum) = &mut self.received;
        match *event {
            Event::Started { number: begun, .. } => (*number, *sum) = (begun, 0),
            Event::Received { bytes } => {
                *sum += bytes;
                if told_at.is_none_or(|told| told.elapsed() >= json::RECEIVED_EVERY) {
                    *told_at = Some(Instant::now());
                    let object = Run::Received { account: source.account, number: *number, bytes: *sum };
                    return self.tell(&object);
                }
            }
            Event::Warning { text } => self.output.warn_of(source.account, text),
            _ => {}
        }
        if let Some(object) = json::event_object(event, source) {
            self.tell(&object);
        }
    }
}

impl Observer for Report<'_> {
    fn event(&mut self, source: Source<'_>, event: &Event) {
        self.bar.event(source, event);
        if self.output.is_json() {
            self.tell_event(source, event);
        } else {
            self.lines.event(source, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use pop3::error::{Error, Kind};

    use super::*;
    use crate::cli::output::Settings;
    use crate::cli::output::tests::captured;

    const WORK: Source<'_> = Source { account: "work", store: "the Maildir /in" };

    #[test]
    fn json_tells_events_on_stdout_and_warnings_on_stderr() {
        let (output, out, err) = captured(Settings { json: true, ..Settings::default() });
        let mut report = output.report("work");
        report.event(WORK, &Event::Started { number: 1, octets: Some(9), unique_id: None });
        for _ in 0..100 {
            report.event(WORK, &Event::Received { bytes: 3 });
        }
        report.event(WORK, &Event::Warning { text: "odd" });
        report.finish().expect("the sink takes everything");
        let warning =
            r#""type":"warning","account":"work","kind":null,"exit":null,"message":"odd","hint":null}"#;
        assert!(err.text().lines().count() == 1 && err.text().contains(warning), "{}", err.text());
        let lines = out.text();
        assert_eq!(lines.lines().count(), 2, "received is told once in a while: {lines}");
        assert!(lines.contains(r#""type":"received","account":"work","number":1,"bytes":3}"#), "{lines}");
    }

    #[test]
    fn json_tells_an_error_on_stderr_and_keeps_the_first_failure_of_stdout() {
        let (output, out, err) = captured(Settings { json: true, ..Settings::default() });
        let mut report = output.report("work");
        report.ended_by(&Error::new(Kind::InUse, "could not open the maildrop").into());
        assert_eq!(out.text(), "");
        let error = r#""type":"error","account":"work","kind":"in_use","exit":75,"message":"could not open the maildrop","hint":"another"#;
        assert!(err.text().contains(error), "{}", err.text());
        out.close();
        report.event(WORK, &Event::Deleted { messages: 1 });
        let broken = report.finish().expect_err("stdout is closed");
        assert_eq!(broken.kind(), io::ErrorKind::BrokenPipe);
    }
}
