//! How far a fetch run is, and how that is shown in one line: as a bar that fits the terminal, or as a sentence for a
//! log. Pure: events, times and waits come in, texts come out.
//!
//! What counts is what is delivered. Declared sizes are often wrong, so the bar's length follows the octets that
//! really arrive.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use pop3::fetch::event::Event;
use pop3::sys::Wait;
use unicode_width::UnicodeWidthStr;

use super::human;
use super::table::fit;

/// A shorter bar tells nothing.
const SHORTEST_BAR: usize = 10;

/// Over how long the rate is taken.
const RATE_OVER: Duration = Duration::from_secs(10);
/// The shortest time between two samples of it.
const SAMPLE_EVERY: Duration = Duration::from_millis(250);

/// Where nothing arrives for so long, and the server is not waited for, the store is at work.
const IDLE: Duration = Duration::from_millis(400);

const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// What a run does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Connecting,
    Listing,
    Looking(u32),
    Fetching,
}

/// How far a run is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stage: Stage,
    planned: u32,
    /// Messages that have come, or failed.
    ended: u32,
    failed: u32,
    delivered: u32,
    /// Messages of the batch at hand that are delivered, and not yet counted in `delivered`.
    in_batch: u32,
    /// Octets of messages that have come.
    behind: u64,
    /// Octets of the message that is arriving, and its declared size.
    arrived: u64,
    declared: u64,
    /// Declared octets of the messages not begun.
    ahead: u64,
    pace: Pace,
}

impl Progress {
    /// Takes note of an event.
    pub(super) fn take(&mut self, event: &Event) {
        match *event {
            Event::Connected { .. } => self.stage = Stage::Listing,
            Event::SignedIn { messages, .. } => self.stage = Stage::Looking(messages),
            Event::Planned { to_fetch, octets, .. } => {
                let stage = if to_fetch > 0 { Stage::Fetching } else { self.stage };
                *self = Progress { stage, planned: to_fetch, ahead: octets, ..Progress::default() };
            }
            Event::Started { octets, .. } => {
                self.declared = octets.unwrap_or(0);
                self.arrived = 0;
                self.ahead = self.ahead.saturating_sub(self.declared);
            }
            Event::Received { bytes } => self.arrived = self.arrived.saturating_add(bytes),
            Event::Fetched { bytes, .. } => {
                self.arrived = bytes;
                self.end();
            }
            Event::Failed { .. } => {
                self.failed += 1;
                self.end();
            }
            Event::Delivering { messages } => self.in_batch = messages,
            Event::Committed { messages } => {
                self.delivered += messages;
                self.in_batch = 0;
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        self.ended += 1;
        self.behind = self.position();
        (self.arrived, self.declared) = (0, 0);
    }

    fn position(&self) -> u64 {
        self.behind.saturating_add(self.arrived)
    }

    fn length(&self) -> u64 {
        self.behind.saturating_add(self.declared.max(self.arrived)).saturating_add(self.ahead)
    }

    /// Messages that nothing more is to be done for.
    fn finished(&self) -> u32 {
        self.delivered.saturating_add(self.in_batch).saturating_add(self.failed).min(self.planned)
    }

    /// The rate, and how long the rest takes; nothing once all have come.
    fn rate_and_left(&self) -> (Option<u64>, Option<String>) {
        match self.ended >= self.planned {
            true => (None, None),
            false => self.pace.rate_and_left(self.length().saturating_sub(self.position())),
        }
    }

    /// What is being done. `is_for_server`: the server is waited for at this moment.
    fn doing(&self, now: Instant, is_for_server: bool) -> String {
        match self.stage {
            Stage::Connecting => "connecting".to_owned(),
            Stage::Listing => "listing messages".to_owned(),
            Stage::Looking(messages) => format!("looking at {}", human::count(messages, "message")),
            Stage::Fetching => {
                let is_behind = self.ended.min(self.planned) > self.finished();
                let has_all = self.ended >= self.planned;
                let is_idle = !is_for_server && self.pace.is_idle(now);
                let how = if is_behind && (has_all || is_idle) { "delivering " } else { "" };
                format!("{how}{} of {}", self.finished(), self.planned)
            }
        }
    }

    /// The line for a terminal of `width` columns. `wait` is one that has lasted long enough to be shown. Must be
    /// called a few times a second: it takes the rate from that.
    pub(super) fn bar(
        &mut self,
        account: &str,
        wait: Option<&Wait>,
        is_for_server: bool,
        now: Instant,
        width: usize,
    ) -> String {
        let position = self.position();
        self.pace.sample(now, position);
        // The last column stays free: some terminals go to the next line after it.
        let width = width.saturating_sub(1);
        let account = fit(account, width / 3);
        let doing = self.doing(now, is_for_server);
        if let Some(wait) = wait {
            return waiting_line(&account, wait, now, width);
        }
        if self.stage != Stage::Fetching {
            return fit(&format!("{account}: {} {doing}", self.pace.frame()), width).into_owned();
        }
        let head = format!("{account}: {doing}");
        let length = self.length();
        let total = human::size(length);
        let size = format!("{:>wide$} of {total}", human::size(position), wide = total.width().max(7));
        let (rate, left) = self.rate_and_left();
        let rate = rate.map_or(String::new(), |rate| format!("{}/s", human::size(rate)));
        let left = left.map_or(String::new(), |left| format!("{left} left"));
        let (rate, left) = (format!("{rate:>11}"), format!("{left:>12}"));
        for parts in [&[&size, &rate, &left][..], &[&size, &left], &[&left], &[]] {
            let taken = head.width() + parts.iter().map(|part| part.width() + 1).sum::<usize>() + 1;
            if let Some(room) = width.checked_sub(taken).filter(|room| *room >= SHORTEST_BAR) {
                let rest: String = parts.iter().map(|part| format!(" {part}")).collect();
                return format!("{head} {}{rest}", bar(position, length, room));
            }
        }
        fit(&head, width).into_owned()
    }

    /// The same in words, for a log. Called every few seconds.
    pub(super) fn sentence(&mut self, wait: Option<&Wait>, is_for_server: bool, now: Instant) -> String {
        let position = self.position();
        self.pace.sample(now, position);
        let mut doing = self.doing(now, is_for_server);
        if self.stage != Stage::Fetching {
            return wait.map_or(doing, |wait| waiting(wait, now));
        }
        doing.push_str(" messages");
        if let Some(wait) = wait {
            return format!("{doing}, {}", waiting(wait, now));
        }
        let length = self.length();
        let (rate, left) = self.rate_and_left();
        let mut parts = vec![doing, format!("{} of {}", human::size(position), human::size(length))];
        parts.extend(rate.map(|rate| format!("{}/s", human::size(rate))));
        parts.extend(left.map(|left| format!("{left} left")));
        parts.join(", ")
    }
}

/// A wait in words: `connecting, 12 s of 60 s`.
fn waiting(wait: &Wait, now: Instant) -> String {
    format!("{}{}", wait.awaited, waited(wait, now))
}

fn waited(wait: &Wait, now: Instant) -> String {
    let seconds = |time: Duration| match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        _ => human::duration(time),
    };
    let limit = Duration::from_secs(wait.limit.as_secs_f64().round() as u64);
    format!(", {} of {}", seconds(now.saturating_duration_since(wait.since)), seconds(limit))
}

/// A wait on a terminal: what it is for is cut short, not how long it lasts.
fn waiting_line(account: &str, wait: &Wait, now: Instant, width: usize) -> String {
    let waited = waited(wait, now);
    let room = width.saturating_sub(account.width() + 2 + waited.width());
    let mut awaited = wait.awaited.to_string();
    if awaited.width() > room {
        awaited = awaited.replace("the answer to ", "");
    }
    let awaited = super::sanitize::line(awaited.as_bytes());
    format!("{account}: {}{waited}", fit(&awaited, room))
}

fn bar(position: u64, length: u64, room: usize) -> String {
    let share = if length == 0 { 0.0 } else { position as f64 / length as f64 };
    let filled = ((share * room as f64) as usize).min(room);
    let head = if filled < room && filled > 0 { "╸" } else { "" };
    let line = "━".repeat(filled.saturating_sub(usize::from(!head.is_empty())));
    format!("{line}{head}{}", " ".repeat(room - line.width() - head.width()))
}

/// How fast octets come.
#[derive(Debug, Default)]
struct Pace {
    samples: VecDeque<(Instant, u64)>,
    /// The position that was seen last, and when it was new.
    last: Option<(Instant, u64)>,
    drawn: usize,
}

impl Pace {
    fn sample(&mut self, now: Instant, position: u64) {
        self.drawn = self.drawn.wrapping_add(1);
        if self.last.is_none_or(|(_, last)| last != position) {
            self.last = Some((now, position));
        }
        let since = |(then, _): &(Instant, u64)| now.saturating_duration_since(*then);
        if self.samples.back().is_none_or(|last| since(last) >= SAMPLE_EVERY) {
            self.samples.push_back((now, position));
        }
        while self.samples.len() > 2 && self.samples.get(1).is_some_and(|next| since(next) > RATE_OVER) {
            self.samples.pop_front();
        }
    }

    fn is_idle(&self, now: Instant) -> bool {
        self.last.is_some_and(|(since, _)| now.saturating_duration_since(since) >= IDLE)
    }

    /// Octets a second, and how long the rest takes at that rate.
    fn rate_and_left(&self, rest: u64) -> (Option<u64>, Option<String>) {
        let (Some((from, first)), Some((to, last))) = (self.samples.front(), self.samples.back()) else {
            return (None, None);
        };
        let seconds = to.saturating_duration_since(*from).as_secs_f64();
        if seconds < 0.2 || last <= first {
            return (None, None);
        }
        let rate = (last - first) as f64 / seconds;
        let left = (rest as f64 / rate).min(1e7);
        let left = human::duration(Duration::from_secs_f64(left.max(1.0).round()));
        (Some(rate as u64), Some(left.replace(".0 s", " s")))
    }

    fn frame(&self) -> char {
        FRAMES[self.drawn % FRAMES.len()]
    }
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
