use std::io::Write;
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::transport::memory::{self, Far};

const LONG: Duration = Duration::from_secs(5);
/// A time-out that tests wait for.
const SHORT: Duration = Duration::from_millis(60);

/// A connection over which the server has sent `bytes` and which it has closed.
fn after(bytes: &[u8]) -> Connection {
    let (connection, far) = talking(bytes, LONG);
    drop(far);
    connection
}

/// A connection over which the server has sent `bytes` and which is still open.
fn talking(bytes: &[u8], timeout: Duration) -> (Connection, Far) {
    let (near, mut far) = memory::pair();
    far.write_all(bytes).unwrap();
    (Connection::new(near, timeout, None), far)
}

fn line(connection: &mut Connection) -> Vec<u8> {
    connection.line(Phase::Reply).unwrap().octets().to_vec()
}

fn listing(connection: &mut Connection) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut take = |line: &[u8]| {
        lines.push(line.to_vec());
        Ok(())
    };
    connection.listing(&mut take).unwrap();
    lines
}

fn body(connection: &mut Connection, declared: Option<u64>) -> (Vec<u8>, End) {
    let mut text = Vec::new();
    let body = connection.body_of(declared, |chunk| text.extend_from_slice(chunk)).unwrap();
    assert_eq!(body.octets, text.len() as u64);
    (text, body.end)
}

/// Says each of these after a pause, from another thread.
fn drip(mut far: Far, pause: Duration, drops: impl IntoIterator<Item = Vec<u8>> + Send + 'static) {
    thread::spawn(move || {
        for drop in drops {
            thread::sleep(pause);
            if far.write_all(&drop).is_err() {
                return;
            }
        }
        thread::sleep(LONG);
    });
}

#[test]
fn reads_lines_listings_and_bodies_in_turn() {
    let mut connection = after(b"+OK hi\r\n+OK\r\n1 a\r\n..2\r\n.\r\n+OK\r\n..x\r\n\r\n.\r\n-ERR no\r\n");
    assert_eq!(line(&mut connection), b"+OK hi");
    assert_eq!(line(&mut connection), b"+OK");
    assert_eq!(listing(&mut connection), [b"1 a".to_vec(), b".2".to_vec()]);
    line(&mut connection);
    assert_eq!(body(&mut connection, None), (b".x\r\n\r\n".to_vec(), End::Proper));
    assert!(connection.has_unread());
    assert_eq!(line(&mut connection), b"-ERR no");
    assert!(!connection.has_unread());
}

#[test]
fn a_truncated_message_is_an_error() {
    for cut in [
        &b"+OK\r\nhalf"[..],
        b"+OK\r\nhalf\r\n",
        b"+OK\r\nhalf\r\n.",
        b"+OK\r\nhalf\r\n.\r",
        b"+OK\r\na\n.\r\n",
    ] {
        let mut connection = after(cut);
        line(&mut connection);
        assert_eq!(connection.body(|_| ()).unwrap_err().kind(), Kind::ConnectionLost);
    }
}

#[test]
fn a_line_without_end_is_bounded() {
    let mut connection = after(&vec![b'x'; 1 << 20]);
    assert_eq!(connection.line(Phase::Reply).unwrap_err().kind(), Kind::Protocol);
}

#[test]
fn a_message_without_end_is_bounded() {
    let text = b"line\r\n".repeat(100_000);
    let error = after(&text).body_within(Some(9), 100_000, |_| ()).unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol);
    assert!(error.ends_the_session() && error.to_string().contains("did not end after 1"), "{error}");
    let whole = after(&[&text[..], b".\r\n"].concat()).body_within(Some(9), 600_000, |_| ());
    assert_eq!(whole.unwrap().octets, 600_000);
}

#[test]
fn a_message_may_have_a_first_line_longer_than_the_buffer() {
    let text = [vec![b'x'; 3 * MAX_LINE], b"\r\n".to_vec()].concat();
    let mut connection = after(&[&text[..], b".\r\n"].concat());
    assert_eq!(body(&mut connection, None), (text, End::Proper));
}

#[test]
fn lines_across_the_end_of_the_buffer_are_read_whole() {
    let long = [vec![b'y'; 40_000], b"\r\n".to_vec()].concat();
    let mut connection = after(&[&b"+OK\r\n"[..], &long, &long, &long, b".\r\n"].concat());
    line(&mut connection);
    assert_eq!(listing(&mut connection).iter().map(Vec::len).collect::<Vec<_>>(), [40_000; 3]);
}

#[test]
fn a_timeout_names_its_phase() {
    let (mut connection, _far) = talking(b"", SHORT);
    let error = connection.line(Phase::Greeting).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::Greeting));
    assert_eq!(error.to_string(), "gave up after 0.06 s of waiting for the greeting");
}

#[test]
fn a_slow_line_ends_at_the_timeout() {
    let (mut connection, far) = talking(b"+OK", SHORT * 2);
    drip(far, SHORT / 3, std::iter::repeat_n(b"x".to_vec(), 200));
    let begun = Instant::now();
    assert_eq!(connection.line(Phase::Reply).unwrap_err().kind(), Kind::Timeout(Phase::Reply));
    assert!(begun.elapsed() < SHORT * 30, "the drops go on for longer");
}

#[test]
fn slow_listings_and_messages_end_soon() {
    for what in ["listing", "body"] {
        let (mut connection, far) = talking(b"", SHORT * 2);
        drip(far, SHORT / 3, std::iter::repeat_n(b"1\r\n".to_vec(), 200));
        let begun = Instant::now();
        let error = match what {
            "listing" => connection.listing(|_| Ok(())).unwrap_err(),
            _ => connection.body(|_| ()).unwrap_err(),
        };
        assert!(matches!(error.kind(), Kind::Timeout(_)), "{what}");
        assert!(begun.elapsed() < SHORT * 30, "{what}: the drops go on for longer");
    }
}

#[test]
fn data_that_arrives_fast_enough_may_take_longer_than_the_timeout() {
    // A tenth of a second for each line that takes a fraction of that to come.
    let padded = [vec![b'x'; 100], b"\r\n".to_vec()].concat();
    for what in ["listing", "body"] {
        let (mut connection, far) = talking(b"", SHORT * 10);
        let lines = std::iter::repeat_n(padded.clone(), 40).chain([b".\r\n".to_vec()]);
        drip(far, SHORT / 3, lines.collect::<Vec<_>>());
        match what {
            "listing" => assert_eq!(listing(&mut connection).len(), 40),
            _ => assert_eq!(connection.body(|_| ()).unwrap(), 40 * 102),
        }
    }
}

#[test]
fn the_lines_of_a_phase_share_one_timeout() {
    let (mut connection, far) = talking(b"", SHORT * 8);
    drip(far, SHORT / 2, std::iter::repeat_n(b"+ \r\n".to_vec(), 200));
    connection.begin_phase();
    let answered = (0..200).take_while(|_| connection.line(Phase::Reply).is_ok()).count();
    assert!(answered < 50, "{answered}");
    connection.end_phase();
    connection.line(Phase::Reply).unwrap();
}

#[test]
fn time_spent_by_the_receiver_does_not_count() {
    let (mut connection, mut far) = talking(b"a\r\n", SHORT);
    let mut far_end = Some(b"b\r\n.\r\n");
    let octets = connection.body(|_| {
        thread::sleep(SHORT * 3);
        far_end.take().map_or(Ok(()), |rest| far.write_all(rest)).unwrap();
    });
    assert_eq!(octets.unwrap(), 6);
}

#[test]
fn a_stop_ends_a_wait_and_names_it() {
    let (near, _far) = memory::pair();
    let stop = Stop::new();
    let mut connection = Connection::new(near, LONG * 12, None).with_stop(stop.clone());
    let signal = thread::spawn(move || {
        thread::sleep(SHORT);
        stop.request();
        stop.request();
    });
    let begun = Instant::now();
    let error = connection.body(|_| ()).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted);
    assert_eq!(error.to_string(), "stopped while waiting for more of a message");
    assert!(begun.elapsed() < LONG);
    signal.join().unwrap();
}

#[test]
fn a_message_with_lf_ends_at_once_at_its_declared_size() {
    let (mut connection, mut far) = talking(b"+OK\r\nFrom: x\n\nhi\n.\r\n", LONG * 12);
    line(&mut connection);
    assert_eq!(
        body(&mut connection, Some(12)),
        (b"From: x\n\nhi\n".to_vec(), End::BareLf { is_exact: true })
    );
    // From now on it is known.
    far.write_all(b"+OK\r\na: b\n\n..hi\n.\r\n+OK\r\na: b\r\n\r\nx\n.y\r\n.\r\n").unwrap();
    line(&mut connection);
    assert_eq!(body(&mut connection, None), (b"a: b\n\n.hi\n".to_vec(), End::Proper));
    line(&mut connection);
    assert_eq!(body(&mut connection, None), (b"a: b\r\n\r\nx\n.y\r\n".to_vec(), End::Proper), "a proper one");
}

#[test]
fn a_message_with_lf_and_unknown_size_ends_after_a_silence() {
    let (mut connection, _far) = talking(b"a: b\n\n..hi\n.\r\n", SHORT);
    assert_eq!(
        body(&mut connection, Some(99)),
        (b"a: b\n\n..hi\n".to_vec(), End::BareLf { is_exact: false })
    );
    let (mut connection, _far) = talking(b"a: b\n\n..hi\n.\r\n", SHORT);
    assert_eq!(connection.body(|_| ()).unwrap_err().kind(), Kind::Protocol, "a dot too many");
    let (mut connection, _far) = talking(b"a: b\n\nhi\n.\r\n", SHORT);
    assert_eq!(connection.body(|_| ()).unwrap(), 9);
}

#[test]
fn crlf_lines_before_a_message_with_lf_are_handled_on_the_second_retrieval() {
    let (mut connection, mut far) = talking(b"Received: x\r\na: b\n\n..hi\n.\r\n", SHORT);
    assert_eq!(body(&mut connection, None).1, End::BareLf { is_exact: false });
    far.write_all(b"Received: x\r\na: b\n\n..hi\n.\r\n").unwrap();
    assert_eq!(body(&mut connection, None), (b"Received: x\r\na: b\n\n.hi\n".to_vec(), End::Proper));
}

#[test]
fn data_during_the_silence_continues_the_message() {
    let (mut connection, far) = talking(b"a\r\nb\n.\r\n", LONG);
    drip(far, SHORT, [b"c\r\n".to_vec(), b".\r\n".to_vec()]);
    assert_eq!(body(&mut connection, None), (b"a\r\nb\n.\r\nc\r\n".to_vec(), End::Proper));
}

proptest! {
    /// Bare LFs and dots inside mail lose nothing, wherever the pauses are.
    #[test]
    fn proper_messages_are_read_whole_in_any_chunks(
        parts in prop::collection::vec("(\n|\\.|\r\n|\r|a|\n\\.\r\n){0,4}", 0..8),
        cut in 0usize..40,
    ) {
        let text = parts.concat().into_bytes();
        let mut wire = Vec::new();
        for line in text.split_inclusive(|byte| *byte == b'\n').collect::<Vec<_>>() {
            let begins = wire.is_empty() || wire.ends_with(b"\r\n");
            if begins && line.starts_with(b".") {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
        }
        wire.extend_from_slice(b"\r\n.\r\n");
        let (first, rest) = wire.split_at(cut.min(wire.len()));
        let (mut connection, mut far) = talking(first, LONG);
        let server = { let rest = rest.to_vec(); thread::spawn(move || { far.write_all(&rest).unwrap(); far }) };
        let (got, end) = body(&mut connection, None);
        prop_assert_eq!(end, End::Proper);
        prop_assert_eq!(got, [&text[..], b"\r\n"].concat());
        prop_assert!(!connection.has_unread());
        drop(server.join());
    }
}
