//! Whether the server is as odd as it says, seen with the eyes of a socket.

use super::catalogue::{
    self, Odd, Which, ahead, cut_then_err, in_use, line_feeds, login_delay, on_quit, pipelining_cut,
    poison_cut, poison_reset, round_trip, session_cut, unstuffed,
};
use super::{Mail, OddServer, Oddity, PASSWORD, Step, USER, letters};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A client that sends what it likes.
struct Client(TcpStream);

impl Client {
    fn connected(server: &OddServer) -> Client {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Client(stream);
        client.hears("ready\r\n");
        client
    }

    fn signed_in(server: &OddServer) -> Client {
        let mut client = Client::connected(server);
        client.asks(&format!("USER {USER}\r\n"), "+OK\r\n");
        client.asks(&format!("PASS {PASSWORD}\r\n"), "+OK\r\n");
        client
    }

    fn sends(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).unwrap();
    }

    /// Reads until it ends so.
    fn hears(&mut self, end: &str) -> String {
        let (mut all, mut octet) = (Vec::new(), [0]);
        while !all.ends_with(end.as_bytes()) {
            let text = String::from_utf8_lossy(&all);
            assert_eq!(self.0.read(&mut octet).unwrap(), 1, "no {end:?} in {text:?}");
            all.push(octet[0]);
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    fn asks(&mut self, command: &str, end: &str) -> String {
        self.sends(command);
        self.hears(end)
    }

    /// All that comes until the connection ends, and whether it ended by a reset.
    fn ends(&mut self) -> (String, bool) {
        let (mut all, mut chunk) = (Vec::new(), [0; 512]);
        loop {
            match self.0.read(&mut chunk) {
                Ok(0) => return (String::from_utf8_lossy(&all).into_owned(), false),
                Ok(count) => all.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    return (String::from_utf8_lossy(&all).into_owned(), true);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn server(oddity: impl Oddity + 'static) -> OddServer {
    OddServer::start(letters(3), true, oddity)
}

#[test]
fn by_the_rules_it_deletes_at_quit_and_only_then() {
    let server = server(catalogue::healthy());
    let mail = &letters(3)[1];
    let mut client = Client::signed_in(&server);
    let octets: usize = letters(3).iter().map(|mail| mail.bytes.len()).sum();
    assert_eq!(client.asks("STAT\r\n", "\r\n"), format!("+OK 3 {octets}\r\n"));
    assert_eq!(client.asks("UIDL\r\n", ".\r\n"), "+OK\r\n1 uid0001\r\n2 uid0002\r\n3 uid0003\r\n.\r\n");
    assert_eq!(client.asks("LIST 2\r\n", "\r\n"), format!("+OK 2 {}\r\n", mail.bytes.len()));
    let text = client.asks("RETR 2\r\n", "\r\n.\r\n");
    assert!(text.ends_with(&format!("{}.\r\n", String::from_utf8(mail.stuffed()).unwrap())));
    assert!(text.contains("\r\n..a line"));
    assert!(client.asks("TOP 2 0\r\n", "\r\n.\r\n").ends_with("\r\n\r\n.\r\n"));
    client.asks("DELE 2\r\n", "+OK\r\n");
    assert!(client.asks("UIDL 2\r\n", "\r\n").starts_with("-ERR"));
    drop(client);
    let mut client = Client::signed_in(&server);
    client.asks("DELE 1\r\nRSET\r\nDELE 3\r\n", "+OK\r\n+OK\r\n+OK\r\n");
    assert_eq!(server.mails().len(), 3);
    client.asks("QUIT\r\n", "+OK\r\n");
    assert_eq!(client.ends(), (String::new(), false));
    assert!(server.has(1) && server.has(2) && !server.has(3));
    assert_eq!((server.sessions(), server.sign_ins()), (2, 2));
}

#[test]
fn the_stray_error_follows_the_dot_and_no_answer_is_sooner_than_a_round_trip() {
    let later = Duration::from_millis(5);
    let server = server(vec![cut_then_err(Which::Only(3), later), round_trip(30)]);
    let mut client = Client::signed_in(&server);
    let began = Instant::now();
    let text = client.asks("RETR 3\r\nNOOP\r\n", "\r\n.\r\n");
    assert!(began.elapsed() >= Duration::from_millis(30), "{:?}", began.elapsed());
    assert!(text.ends_with("This is letter 0003 of \r\n.\r\n"), "cut within a line: {text}");
    let error = client.hears("\r\n");
    // Since the question: on a busy machine the text itself is seen late.
    let since = began.elapsed();
    assert!(
        error.starts_with("-ERR Failed") && since >= Duration::from_millis(30) + later,
        "{error} {since:?}"
    );
    client.hears("+OK\r\n");
}

#[test]
fn only_what_is_sent_behind_a_retrieve_closes_the_connection() {
    let server = server(pipelining_cut());
    let mut client = Client::signed_in(&server);
    client.asks("RETR 1\r\n", "\r\n.\r\n");
    client.asks("NOOP\r\nRETR 2\r\n", "\r\n.\r\n");
    client.sends("RETR 1\r\nRETR 2\r\n");
    assert_eq!(client.ends(), (String::new(), false));
}

#[test]
fn what_is_sent_ahead_is_swallowed_after_sign_in_and_not_before() {
    let server = server(ahead(Step::Swallow));
    let mut client = Client::connected(&server);
    client.asks(&format!("USER {USER}\r\nPASS {PASSWORD}\r\n"), "+OK\r\n+OK\r\n");
    client.asks("STAT\r\nUIDL\r\nLIST\r\n", "\r\n");
    client.asks("NOOP\r\n", "+OK\r\n");
    assert_eq!(server.count("(lost) "), 2, "{}", server.told());
}

#[test]
fn connections_end_properly_or_by_a_reset_as_asked() {
    let server = server(vec![poison_cut(Which::Only(1)), poison_reset(Which::Only(2)), session_cut(1)]);
    for (number, starts, by_reset) in [(1, "+OK\r\nFrom: x", false), (2, "+OK", true), (3, "", false)] {
        let mut client = Client::signed_in(&server);
        client.sends(&format!("RETR {number}\r\n"));
        let (text, was_reset) = client.ends();
        // What a reset overtakes may be lost.
        assert!(was_reset == by_reset && (by_reset || text.starts_with(starts)), "{number}: {text}");
    }
}

#[test]
fn sign_ins_that_come_too_soon_are_refused_until_the_time_is_over() {
    let time = Duration::from_millis(400);
    for (oddity, word) in [(login_delay(time), "LOGIN-DELAY"), (in_use(time), "IN-USE")] {
        let server = server(oddity);
        drop(Client::signed_in(&server));
        // The server has seen by then that the client is gone.
        std::thread::sleep(Duration::from_millis(100));
        let mut client = Client::connected(&server);
        let sign_in = format!("USER {USER}\r\nPASS {PASSWORD}\r\n");
        client.sends(&sign_in);
        client.hears("+OK\r\n");
        assert!(client.hears("\r\n").starts_with(&format!("-ERR [{word}]")));
        std::thread::sleep(time);
        client.asks(&sign_in, "+OK\r\n+OK\r\n");
    }
}

#[test]
fn a_quit_can_act_without_an_answer_and_answer_without_an_act() {
    for (steps, is_done) in [(vec![Step::Act, Step::Close], true), (vec![Step::Close], false)] {
        let server = server(on_quit(steps));
        let mut client = Client::signed_in(&server);
        client.asks("DELE 1\r\n", "+OK\r\n");
        client.sends("QUIT\r\n");
        assert_eq!(client.ends(), (String::new(), false));
        assert_eq!(!server.has(1), is_done);
    }
}

#[test]
fn lines_of_messages_end_in_lf_and_dots_are_not_doubled_as_asked() {
    let mails = [Mail::dotted(1)];
    let lines = OddServer::start(mails.clone(), false, line_feeds(Which::All));
    let text = Client::signed_in(&lines).asks("RETR 1\r\n", "\n.\r\n");
    let body = text.split_once("\r\n").unwrap().1;
    assert!(!body.trim_end_matches(".\r\n").contains('\r') && body.contains("\n..\nmore of it\n"), "{text}");
    let bare = OddServer::start(mails, false, unstuffed(Which::All));
    let text = Client::signed_in(&bare).asks("RETR 1\r\n", "0001\r\n.\r\n");
    assert!(text.contains("\r\n.\r\nmore of it\r\n"), "{text}");
}

/// Whatever is picked, a client gets a greeting, and the server ends when it is dropped.
#[test]
fn each_known_oddity_has_a_name_of_its_own_and_a_server_can_be_built_of_all() {
    let mut names: Vec<&str> = catalogue::all().iter().map(|(name, _)| *name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for (_, oddity) in catalogue::all() {
        drop(Client::signed_in(&server(oddity)));
    }
    let all: Vec<Odd> = catalogue::all().into_iter().map(|(_, oddity)| oddity).collect();
    let began = Instant::now();
    drop(Client::signed_in(&server(all)));
    assert!(began.elapsed() < Duration::from_secs(10));
}
