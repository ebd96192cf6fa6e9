//! The bar of a fetch run: which account, how many messages of how many, octets, rate, time left.
//! A run that ends within a quarter of a second shows no bar. Declared sizes are often wrong, so the bar's
//! length follows the octets that really arrive.

use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};
use pop3::fetch::event::{Event, Observer, Source};

use super::{USUAL_WIDTH, human, sanitize};

/// A run that ends sooner shows no bar.
const DELAY: Duration = Duration::from_millis(250);
/// The spinner's step, and how often rate and time left are updated while nothing arrives.
const TICK: Duration = Duration::from_millis(100);

/// Where the bars of all accounts are drawn: stderr, or nowhere.
pub(super) fn stage(shows: bool, is_terminal: bool) -> MultiProgress {
    MultiProgress::with_draw_target(match (shows, is_terminal) {
        (false, _) => ProgressDrawTarget::hidden(),
        (true, true) => ProgressDrawTarget::stderr(),
        (true, false) => ProgressDrawTarget::term_like(Box::new(Forced(Mutex::new(io::stderr())))),
    })
}

/// One account's bar: an [`Observer`] that removes the bar when it is dropped.
pub(crate) struct Bar {
    bar: ProgressBar,
    tally: Tally,
    /// To the thread that shows the bar after [`DELAY`]; dropping it keeps the bar hidden.
    curtain: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// A bar for this account on this stage.
    pub(super) fn new(stage: &MultiProgress, account: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
            .with_style(style("{prefix}: {spinner} {msg}"))
            .with_prefix(sanitize::line(account.as_bytes()).into_owned())
            .with_message("connecting");
        let curtain = (!stage.is_hidden()).then(|| raise_later(stage.clone(), bar.clone())).flatten();
        Bar { bar, tally: Tally::default(), curtain }
    }

    fn show_tally(&self) {
        self.bar.set_length(self.tally.length());
        self.bar.set_position(self.tally.position());
    }

    fn show_messages(&self) {
        self.bar.set_message(format!("{} of {}", self.tally.messages, self.tally.planned));
    }

    fn clear(&mut self) {
        if let Some((sender, thread)) = self.curtain.take() {
            drop(sender);
            // It only draws: a panic of that thread is of no consequence.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

impl Observer for Bar {
    fn event(&mut self, _: Source<'_>, event: &Event) {
        // The bar is hidden: there are several events a message, and each would compute an estimate for nothing.
        if self.curtain.is_none() {
            return;
        }
        match *event {
            Event::Connected { .. } => self.bar.set_message("signing in"),
            Event::SignedIn { messages, .. } => {
                self.bar.set_message(format!("looking at {}", human::count(messages, "message")));
            }
            Event::Planned { to_fetch, octets, .. } => {
                self.tally = Tally { planned: to_fetch, ahead: octets, ..Tally::default() };
                if to_fetch > 0 {
                    self.bar.set_style(style("{prefix}: {msg} {wide_bar} {size} {rate} {left}"));
                    self.bar.reset_eta();
                    self.show_messages();
                    self.show_tally();
                }
            }
            Event::Started { octets, .. } => self.tally.start(octets.unwrap_or(0)),
            Event::Received { bytes } => {
                self.tally.arrived += bytes;
                self.show_tally();
            }
            Event::Fetched { bytes, .. } => {
                self.tally.arrived = bytes;
                self.tally.end();
                self.show_messages();
                self.show_tally();
            }
            Event::Failed { .. } => {
                self.tally.end();
                self.show_messages();
                self.show_tally();
            }
            Event::Finished(_) => self.clear(),
            _ => {}
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar").field("tally", &self.tally).finish_non_exhaustive()
    }
}

/// What has arrived and what is still to arrive. Declared sizes are used only for the latter.
#[derive(Debug, Default)]
struct Tally {
    planned: u32,
    /// Messages that are finished: fetched or failed.
    messages: u32,
    /// Bytes of finished messages.
    behind: u64,
    /// Bytes of the message that is arriving, and its declared size.
    arrived: u64,
    declared: u64,
    /// Declared size of the messages not begun.
    ahead: u64,
}

impl Tally {
    fn start(&mut self, octets: u64) {
        self.declared = octets;
        self.arrived = 0;
        self.ahead = self.ahead.saturating_sub(octets);
    }

    fn end(&mut self) {
        self.messages += 1;
        self.behind = self.position();
        self.arrived = 0;
        self.declared = 0;
    }

    fn position(&self) -> u64 {
        self.behind.saturating_add(self.arrived)
    }

    fn length(&self) -> u64 {
        self.behind.saturating_add(self.declared.max(self.arrived)).saturating_add(self.ahead)
    }
}

/// Adds the bar to the stage after [`DELAY`], unless the sender was dropped. If no thread can be started
/// there is no bar, and the run goes on without it.
fn raise_later(stage: MultiProgress, bar: ProgressBar) -> Option<(mpsc::Sender<()>, JoinHandle<()>)> {
    let (sender, receiver) = mpsc::channel();
    let raise = move || {
        if receiver.recv_timeout(DELAY) == Err(RecvTimeoutError::Timeout) {
            stage.add(bar).enable_steady_tick(TICK);
        }
    };
    let thread = thread::Builder::new().name("progress".into()).spawn(raise).ok()?;
    Some((sender, thread))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸ ")
        .with_key("size", |state: &ProgressState, to: &mut dyn fmt::Write| {
            let total = state.len().unwrap_or(0);
            // The trait swallows errors; writing to its String has none.
            let _ = write!(to, "{:>8} of {:<8}", human::size(state.pos()), human::size(total));
        })
        .with_key("rate", |state: &ProgressState, to: &mut dyn fmt::Write| {
            let rate = state.per_sec().clamp(0.0, 1e18);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let _ = write!(to, "{:>10}/s", human::size(rate as u64));
        })
        .with_key("left", |state: &ProgressState, to: &mut dyn fmt::Write| {
            let _ = write!(to, "{:>12} left", human::duration(state.eta()));
        })
}

/// A terminal that does not say it is one (`--progress always`): bars are drawn with the usual
/// escape sequences, at the usual width.
struct Forced<W>(Mutex<W>);

impl<W: Write> Forced<W> {
    fn put(&self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_fmt(text)
    }

    fn step(&self, n: usize, direction: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.put(format_args!("\x1b[{n}{direction}")) }
    }
}

impl<W> fmt::Debug for Forced<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forced")
    }
}

impl<W: Write + Send> TermLike for Forced<W> {
    fn width(&self) -> u16 {
        u16::try_from(USUAL_WIDTH).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.step(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.step(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.step(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.step(n, 'D')
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.put(format_args!("{line}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(format_args!("{text}"))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put(format_args!("\r\x1b[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

#[cfg(test)]
mod tests {
    use pop3::fetch::event::Summary;

    use super::*;
    use crate::cli::output::tests::Sink;

    fn screen() -> (MultiProgress, Sink) {
        let sink = Sink::open();
        let target = ProgressDrawTarget::term_like(Box::new(Forced(Mutex::new(sink.clone()))));
        (MultiProgress::with_draw_target(target), sink)
    }

    #[test]
    fn a_quick_run_shows_nothing() {
        let (stage, sink) = screen();
        let mut bar = Bar::new(&stage, "work");
        bar.event(
            Source { account: "work", store: "" },
            &Event::Planned { to_fetch: 1, octets: 10, to_delete: 0, known: 0 },
        );
        bar.event(Source { account: "work", store: "" }, &Event::Finished(&Summary::default()));
        drop(bar);
        thread::sleep(DELAY + TICK);
        assert_eq!(sink.text(), "");
    }

    #[test]
    fn a_slow_run_shows_account_messages_and_octets() {
        let (stage, sink) = screen();
        let mut bar = Bar::new(&stage, "wo\u{1b}rk");
        bar.event(
            Source { account: "work", store: "" },
            &Event::Planned { to_fetch: 3, octets: 4096, to_delete: 0, known: 0 },
        );
        bar.event(
            Source { account: "work", store: "" },
            &Event::Started { number: 1, octets: Some(1024), unique_id: None },
        );
        bar.event(Source { account: "work", store: "" }, &Event::Received { bytes: 1000 });
        bar.event(Source { account: "work", store: "" }, &Event::Fetched { number: 1, bytes: 2048 });
        thread::sleep(DELAY + 2 * TICK);
        let seen = sink.text();
        assert!(seen.contains("wo\\x1brk: 1 of 3"), "{seen:?}");
        assert!(seen.contains("2.0 KiB of 5.0 KiB"), "{seen:?}");
        drop(bar);
        let after = sink.text();
        let last = after.rsplit("1 of 3").next().expect("there is a last part");
        assert!(last.contains("\x1b[2K"), "the bar is cleared away: {last:?}");
    }

    #[test]
    fn the_length_follows_what_really_arrives() {
        let mut tally = Tally { planned: 3, ahead: 300, ..Tally::default() };
        tally.start(100);
        tally.arrived = 40;
        assert_eq!((tally.position(), tally.length()), (40, 300));
        tally.arrived = 150;
        assert_eq!((tally.position(), tally.length()), (150, 350));
        tally.end();
        tally.start(100);
        tally.arrived = 20;
        tally.end();
        assert_eq!((tally.position(), tally.length()), (170, 270));
        // More than all that was declared, and a message that failed before it began.
        tally.start(u64::MAX);
        tally.end();
        assert_eq!((tally.position(), tally.length(), tally.messages), (170, 170, 3));
    }
}
