//! Both streams of an [`Output`] caught in memory, for the tests of every file beside this one.

use std::sync::Arc;

use indicatif::ProgressDrawTarget;

use super::*;

/// What was written; `None` is a pipe whose reader has gone.
#[derive(Debug, Clone)]
pub(crate) struct Sink(Arc<Mutex<Option<Vec<u8>>>>);

impl Sink {
    pub(crate) fn open() -> Self {
        Sink(Arc::new(Mutex::new(Some(Vec::new()))))
    }

    pub(crate) fn close(&self) {
        *lock(&self.0) = None;
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        lock(&self.0).clone().unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).expect("text was printed")
    }
}

impl Write for Sink {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        match &mut *lock(&self.0) {
            Some(bytes) => bytes.extend_from_slice(chunk),
            None => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn with(settings: Settings, is_terminal: bool, has_color: bool) -> (Output, Sink, Sink) {
    let (out, err) = (Sink::open(), Sink::open());
    let output = Output {
        settings,
        ends: Ends {
            out_is_terminal: is_terminal,
            err_is_terminal: is_terminal,
            out_has_color: has_color,
            err_has_color: has_color,
            width: USUAL_WIDTH,
            err_width: 2 * USUAL_WIDTH,
        },
        out: Mutex::new(Box::new(out.clone())),
        err: Arc::new(Mutex::new(Box::new(err.clone()))),
        bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
        shows: bar::Shows::Nothing,
        account: Mutex::default(),
        signals: OnceLock::new(),
    };
    (output, out, err)
}

/// An output without a terminal, with what it says on stdout and stderr.
pub(crate) fn captured(settings: Settings) -> (Output, Sink, Sink) {
    with(settings, false, false)
}

/// The same on a terminal without colours.
pub(crate) fn on_terminal(settings: Settings) -> (Output, Sink, Sink) {
    with(settings, true, false)
}

#[test]
fn a_line_is_guarded_on_a_terminal_and_verbatim_in_a_pipe() {
    let (output, out, _) = on_terminal(Settings::default());
    output.line(b"uid\x1b\xff").expect("the sink takes everything");
    assert_eq!(out.text(), "uid\\x1b\\xff\n");
    let (output, out, _) = captured(Settings::default());
    output.line(b"uid\x1b\xff").expect("the sink takes everything");
    assert_eq!(out.bytes(), b"uid\x1b\xff\n");
}

#[test]
fn a_message_goes_byte_for_byte_into_a_pipe() {
    let message = b"Subject: \xff\r\n\r\n\x1b[31m\r\nbare\rcr\0 \x1b";
    let (output, out, _) = captured(Settings::default());
    let mut to = output.message();
    message.chunks(3).for_each(|chunk| to.write_all(chunk).expect("the sink takes everything"));
    to.finish().expect("the sink takes everything");
    assert_eq!(out.bytes(), message);
    let (output, out, _) = on_terminal(Settings::default());
    let mut to = output.message();
    message.chunks(3).for_each(|chunk| to.write_all(chunk).expect("the sink takes everything"));
    to.finish().expect("the sink takes everything");
    assert_eq!(out.text(), "Subject: \\xff\n\n\\x1b[31m\nbare\\rcr\\x00 \\x1b");
}

#[test]
fn a_closed_pipe_is_an_error_of_stdout_and_nothing_worse() {
    let (output, out, err) = captured(Settings::default());
    out.close();
    err.close();
    let error = output.line("x").expect_err("nobody reads");
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(report::exit_code(&error.into()), report::ExitCode::Done);
    output.note("nobody hears this");
    output.error(&anyhow::anyhow!("nor this"));
}

#[test]
fn an_error_is_a_sentence_and_a_hint() {
    let error = pop3::error::Error::new(pop3::error::Kind::SignIn, "could not sign in as me")
        .because("the server said: \x1b]0;evil\x07no")
        .hint("try the other password");
    let error = anyhow::Error::from(error).context("could not fetch work");
    let (output, out, err) = on_terminal(Settings { quiet: true, ..Settings::default() });
    output.error(&error);
    assert_eq!(
        err.text(),
        "pop3: could not fetch work: could not sign in as me: the server said: \\x1b]0;evil\\x07no\n\
         hint: try the other password\n"
    );
    assert_eq!(out.text(), "");
    let (output, _, err) = with(Settings::default(), true, true);
    output.error(&error);
    assert!(err.text().starts_with("\x1b[1m\x1b[31mpop3:\x1b[0m could not"), "{:?}", err.text());
}

#[test]
fn talk_follows_quiet_and_verbose() {
    let said = |settings| {
        let (output, _, err) = captured(settings);
        output.note("note");
        output.detail("detail");
        output.warn("odd");
        output.trace("10:33:00.123", b"C: PASS [hidden]");
        err.text()
    };
    let base = Settings::default();
    assert_eq!(said(base), "note\nwarning: odd\n10:33:00.123 C: PASS [hidden]\n");
    assert_eq!(
        said(Settings { verbose: true, ..base }),
        "note\ndetail\nwarning: odd\n10:33:00.123 C: PASS [hidden]\n"
    );
    assert_eq!(said(Settings { quiet: true, ..base }), "10:33:00.123 C: PASS [hidden]\n");
}

#[test]
fn a_table_has_a_heading_for_people_only() {
    let cells = [
        Cell::number(1u32),
        Cell::size(Some(2048)),
        Cell::time(None),
        Cell::text("new"),
        Cell::text("a"),
        Cell::text("b"),
    ];
    let print = |(output, out, _): (Output, Sink, Sink)| {
        let columns = ["#", "size", "date", "state", "from", "subject"];
        let columns = columns.map(|name| table::Column(name, table::Width::Share(1), table::Align::Left));
        let table = Table::new(&columns, output.width());
        output.heading(&table).expect("the sink takes everything");
        output.row(&table, &cells).expect("the sink takes everything");
        output.flush().expect("the sink takes everything");
        out.text()
    };
    assert_eq!(print(captured(Settings::default())), "1\t2048\t\tnew\ta\tb\n");
    assert_eq!(print(on_terminal(Settings::default())).lines().count(), 2);
}

#[test]
fn an_emphasis_is_seen_on_a_terminal_with_colours_only() {
    let table = Table::new(&[table::Column("a", table::Width::Share(1), table::Align::Left)], 40);
    let print = |(output, out, _): (Output, Sink, Sink)| {
        for emphasis in [Emphasis::None, Emphasis::Bold, Emphasis::Dim] {
            output.row_in(emphasis, &table, &[Cell::text("x")]).expect("the sink takes everything");
        }
        output.closing("3 rows").expect("the sink takes everything");
        out.text()
    };
    assert_eq!(
        print(with(Settings::default(), true, true)),
        "x\n\u{1b}[1mx\u{1b}[0m\n\u{1b}[2mx\u{1b}[0m\n3 rows\n"
    );
    assert_eq!(print(on_terminal(Settings::default())), "x\nx\nx\n3 rows\n");
    assert_eq!(print(on_terminal(Settings { quiet: true, ..Settings::default() })), "x\nx\nx\n");
    assert_eq!(print(captured(Settings::default())), "x\nx\nx\n");
}
