//! Shows how far a fetch run is ([`super::progress`]), while it runs: as a bar on a terminal that can move its cursor,
//! elsewhere as a line now and then. A run that ends soon shows neither.
//!
//! The run's own thread only counts; another one draws, ten times a second.

use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};
use pop3::fetch::event::{Event, Observer, Source};
use pop3::sys::{Awaited, Wait, Waits};

use super::progress::Progress;
use super::{Settings, USUAL_WIDTH, lock, sanitize};

/// A run that ends sooner shows no bar.
const DELAY: Duration = Duration::from_millis(250);
/// How often a bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// A run that ends sooner says no line.
const FIRST_LINE: Duration = Duration::from_secs(5);
/// How often a line follows.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A shorter wait is not shown.
const SHOWN_WAIT: Duration = Duration::from_secs(3);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Nothing,
    /// Bars on stderr, which is a terminal.
    Bars,
    /// Bars on stderr, whatever it is: of the usual width.
    BarsAnywhere,
    /// A line now and then.
    Lines,
}

impl Shows {
    /// What the options ask for. A dumb terminal cannot move its cursor.
    pub(super) fn new(settings: &Settings, out_is_terminal: bool, err_is_terminal: bool) -> Shows {
        use pop3::account::When;
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match (settings.progress, err_is_terminal) {
            (When::Never, _) => Shows::Nothing,
            (When::Always, true) if !is_dumb => Shows::Bars,
            (When::Always, _) => Shows::BarsAnywhere,
            (When::Auto, _) if settings.quiet => Shows::Nothing,
            // With both on one terminal the objects would break up a bar.
            (When::Auto, true) if settings.json && out_is_terminal => Shows::Nothing,
            (When::Auto, true) if is_dumb => Shows::Lines,
            (When::Auto, true) => Shows::Bars,
            (When::Auto, false) if settings.verbose && !settings.json => Shows::Lines,
            (When::Auto, false) => Shows::Nothing,
        }
    }
}

/// Where the bars of all accounts are drawn.
pub(super) fn stage(shows: Shows) -> MultiProgress {
    MultiProgress::with_draw_target(match shows {
        Shows::Nothing | Shows::Lines => ProgressDrawTarget::hidden(),
        Shows::Bars => ProgressDrawTarget::stderr(),
        Shows::BarsAnywhere => ProgressDrawTarget::term_like(Box::new(Forced(Mutex::new(io::stderr())))),
    })
}

/// stderr, which the drawing thread shares with the run's.
pub(super) type Talk = Arc<Mutex<Box<dyn Write + Send>>>;

/// What one account's run has told, and what it waits for.
#[derive(Debug, Default)]
struct Shown {
    /// Safe to print.
    account: String,
    progress: Progress,
    waits: Waits,
}

impl Shown {
    /// The wait that is shown, and whether anything of the server is waited for.
    fn wait(&self) -> (Option<Wait>, bool) {
        let newest = self.waits.longest(Duration::ZERO);
        let is_for_server = newest.is_some_and(|wait| !matches!(wait.awaited, Awaited::Lock { .. }));
        (self.waits.longest(SHOWN_WAIT), is_for_server)
    }

    fn bar(&mut self, width: usize) -> String {
        let (wait, is_for_server) = self.wait();
        self.progress.bar(&self.account, wait.as_ref(), is_for_server, Instant::now(), width)
    }

    fn sentence(&mut self) -> String {
        let (wait, is_for_server) = self.wait();
        let sentence = self.progress.sentence(wait.as_ref(), is_for_server, Instant::now());
        format!("{}: {}\n", self.account, sanitize::line(sentence.as_bytes()))
    }
}

/// Shows one account's run, until it is dropped.
pub(crate) struct Bar {
    shown: Arc<Mutex<Shown>>,
    bar: ProgressBar,
    /// To the thread that shows it; dropping the sender ends that thread.
    thread: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// Shows this account's run on this stage.
    pub(super) fn new(stage: &MultiProgress, shows: Shows, talk: &Talk, account: &str) -> Self {
        let account = sanitize::line(account.as_bytes()).into_owned();
        let shown = Arc::new(Mutex::new(Shown { account, ..Shown::default() }));
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let (sender, receiver) = mpsc::channel();
        let shows_it: Option<Box<dyn FnOnce() + Send>> = match shows {
            Shows::Nothing => None,
            Shows::Bars | Shows::BarsAnywhere => {
                let (stage, drawn, bar) = (stage.clone(), Arc::clone(&shown), bar.clone());
                Some(Box::new(move || {
                    if receiver.recv_timeout(DELAY) == Err(RecvTimeoutError::Timeout) {
                        let bar = stage.add(bar);
                        bar.set_style(style(drawn, shows));
                        bar.enable_steady_tick(TICK);
                    }
                }))
            }
            Shows::Lines => {
                let (stage, said, talk) = (stage.clone(), Arc::clone(&shown), Arc::clone(talk));
                Some(Box::new(move || {
                    let mut pause = FIRST_LINE;
                    while receiver.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                        let line = lock(&said).sentence();
                        // While a password is asked for, nothing is said.
                        stage.suspend(|| {
                            let mut talk = lock(&talk);
                            let _ = talk.write_all(line.as_bytes()).and_then(|()| talk.flush());
                        });
                        pause = LINE_EVERY;
                    }
                }))
            }
        };
        // If no thread can be started nothing is shown, and the run goes on.
        let thread =
            shows_it.and_then(|show| thread::Builder::new().name("progress".into()).spawn(show).ok());
        Bar { shown, bar, thread: thread.map(|thread| (sender, thread)) }
    }

    /// From now on shows also what is waited for.
    pub(super) fn watch(&mut self, waits: &Waits) {
        lock(&self.shown).waits = waits.clone();
    }

    fn clear(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            // It only draws: a panic of that thread is of no consequence.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

impl Observer for Bar {
    fn event(&mut self, _: Source<'_>, event: &Event) {
        // There are several events a message: where nothing is shown, nothing is counted.
        if self.thread.is_none() {
            return;
        }
        match event {
            Event::Finished(_) => self.clear(),
            event => lock(&self.shown).progress.take(event),
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
        f.debug_struct("Bar").field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// Draws the whole line by [`Progress::bar`], which knows what to leave out.
fn style(shown: Arc<Mutex<Shown>>, shows: Shows) -> ProgressStyle {
    let draw = move |_: &ProgressState, to: &mut dyn fmt::Write| {
        let width = match shows {
            Shows::Bars => super::width_of(io::stderr()),
            _ => USUAL_WIDTH,
        };
        // The trait swallows errors; writing to its String has none.
        let _ = to.write_str(&lock(&shown).bar(width));
    };
    ProgressStyle::with_template("{line}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("line", draw)
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

    const WORK: Source<'_> = Source { account: "work", store: "" };

    fn screen() -> (MultiProgress, Sink) {
        let sink = Sink::open();
        let target = ProgressDrawTarget::term_like(Box::new(Forced(Mutex::new(sink.clone()))));
        (MultiProgress::with_draw_target(target), sink)
    }

    fn bar(stage: &MultiProgress, account: &str) -> Bar {
        let talk: Talk = Arc::new(Mutex::new(Box::new(Sink::open())));
        Bar::new(stage, Shows::BarsAnywhere, &talk, account)
    }

    #[test]
    fn a_quick_run_shows_nothing() {
        let (stage, sink) = screen();
        let mut bar = bar(&stage, "work");
        bar.event(WORK, &Event::Planned { to_fetch: 1, octets: 10, to_delete: 0, known: 0 });
        bar.event(WORK, &Event::Finished(&Summary::default()));
        drop(bar);
        thread::sleep(DELAY + TICK);
        assert_eq!(sink.text(), "");
    }

    #[test]
    fn a_slow_run_shows_account_messages_and_octets() {
        let (stage, sink) = screen();
        let mut bar = bar(&stage, "wo\u{1b}rk");
        bar.event(WORK, &Event::Planned { to_fetch: 3, octets: 4096, to_delete: 0, known: 0 });
        bar.event(WORK, &Event::Started { number: 1, octets: Some(1024), unique_id: None });
        bar.event(WORK, &Event::Received { bytes: 1000 });
        bar.event(WORK, &Event::Fetched { number: 1, bytes: 2048 });
        bar.event(WORK, &Event::Committed { messages: 1 });
        thread::sleep(DELAY + 3 * TICK);
        let seen = sink.text();
        assert!(seen.contains("wo\\x1brk: 1 of 3"), "{seen:?}");
        assert!(seen.contains("2.0 KiB of 5.0 KiB"), "{seen:?}");
        drop(bar);
        let after = sink.text();
        let last = after.rsplit("1 of 3").next().expect("there is a last part");
        assert!(last.contains("\x1b[2K"), "the bar is cleared away: {last:?}");
    }
}
