//! Dialogues with a conforming server.

use super::*;

#[test]
fn speaks_the_dialogue_of_rfc_1939_section_10() {
    let server = of(|server| {
        server.user = b"mrose".to_vec();
        server.apop = Apop::Stamp("<1896.697170952@dbc.mtview.ca.us>".to_owned());
    });
    let [one, two] = two().map(|message| String::from_utf8(message.bytes()).unwrap());
    let body = |text: &str| text.lines().map(|line| format!("S: {line}\n")).collect::<String>();
    Peer::connect(&server).play(&format!(
        "S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK mrose's maildrop has 2 messages (320 octets)
        C: STAT
        S: +OK 2 320
        C: LIST
        S: +OK 2 messages (320 octets)
        S: 1 120
        S: 2 200
        S: .
        C: RETR 1
        S: +OK 120 octets
        {}S: .
        C: DELE 1
        S: +OK message 1 deleted
        C: RETR 2
        S: +OK 200 octets
        {}S: .
        C: DELE 2
        S: +OK message 2 deleted
        C: QUIT
        S: +OK dewey POP3 server signing off (maildrop empty)",
        body(&one),
        body(&two)
    ));
    assert!(server.maildrop().is_empty());
    assert_eq!(server.count("retr"), 2);
    assert_eq!(server.complaints(), Vec::<String>::new());
}

#[test]
fn answers_every_command_of_the_transaction_state() {
    let server = of(|server| server.last = true);
    Peer::signed_in(&server).play(
        "C: LAST
        S: +OK 0
        C: list 2
        S: +OK 2 200
        C: UIDL
        S: +OK unique-id listing follows
        S: 1 uid-one
        S: 2 uid-two
        S: .
        C: UIDL 1
        S: +OK 1 uid-one
        C: TOP 1 0
        S: +OK top of message follows
        S: Subject: one
        S: 
        S: .
        C: DELE 2
        S: +OK message 2 deleted
        C: DELE 2
        S: -ERR no such message
        C: UIDL 2
        S: -ERR no such message
        C: STAT
        S: +OK 1 120
        C: RSET
        S: +OK maildrop has 2 messages (320 octets)
        C: STAT
        S: +OK 2 320
        C: NOOP
        S: +OK 
        C: QUIT
        S: +OK dewey POP3 server signing off (2 messages left)",
    );
    assert_eq!(server.maildrop().len(), 2);
}

#[test]
fn refuses_what_is_wrong() {
    let server = start(Behaviour::default());
    let mut peer = Peer::connect(&server);
    peer.hear_line();
    for command in ["STAT", "RETR 1", "PASS x", "USER", "USER ", "AUTH", "APOP demo", "", "CAPA x", "STLS"] {
        assert!(peer.ask(command).starts_with("-ERR"), "{command}");
    }
    assert!(peer.ask("QUIT").starts_with("+OK"));
    assert_eq!(peer.hear_the_rest(), "");

    let mut peer = Peer::signed_in(&server);
    let wrong = [
        "RETR 0",
        "RETR 3",
        "RETR -1",
        "RETR +1",
        "RETR 1 ",
        "RETR 99999999999999999999",
        "RETR",
        "TOP 1",
        "TOP 1 -1",
        "TOP 1 0 0",
        "LIST 3",
        "LIST x",
        "USER demo",
        "STLS",
        "XTND",
        "LAST",
        "STAT 1",
        "NOOP 1",
    ];
    for command in wrong {
        assert!(peer.ask(command).starts_with("-ERR"), "{command}");
    }
}

#[test]
fn announces_what_it_has_and_nothing_else() {
    let server = of(|server| server.pipelining = Pipelining::AfterSignIn);
    let mut peer = Peer::connect(&server);
    peer.hear_line();
    peer.play(
        "C: CAPA
        S: +OK Capability list follows
        S: TOP
        S: UIDL
        S: USER
        S: SASL CRAM-MD5 PLAIN LOGIN
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: .",
    );
    peer.ask("USER demo");
    peer.ask("PASS tanstaaf");
    peer.say("CAPA\r\n");
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line| line != ".\r\n") {
        lines.push(peer.hear_line());
    }
    assert!(lines.contains(&"PIPELINING\r\n".to_owned()), "{lines:?}");

    let server = start(Behaviour::ancient());
    let mut peer = Peer::signed_in(&server);
    for command in ["CAPA", "UIDL", "UIDL 1", "TOP 1 0"] {
        assert!(peer.ask(command).starts_with("-ERR"), "{command}");
    }
    assert_eq!(peer.ask("LAST"), "+OK 0\r\n");
}

#[test]
fn carries_out_pipelined_commands_in_turn() {
    let server = start(Behaviour::default());
    let mut peer = Peer::signed_in(&server);
    peer.say("CAPA\r\n");
    while peer.hear_line() != ".\r\n" {}
    peer.say("STAT\r\nDELE 1\r\nSTAT\r\nQUIT\r\n");
    assert_eq!(
        peer.hear_the_rest(),
        "+OK 2 320\r\n+OK message 1 deleted\r\n+OK 1 200\r\n\
         +OK dewey POP3 server signing off (1 messages left)\r\n"
    );
    assert!(server.complaints().is_empty(), "{:?}", server.complaints());
}

#[test]
fn records_early_commands_and_invalid_lines() {
    let server = start(Behaviour::default());
    let mut peer = Peer::signed_in(&server);
    peer.say("NOOP\r\nNOOP\r\nSTAT\n");
    for _ in 0..3 {
        peer.hear_line();
    }
    peer.ask(&format!("RETR {}", "1".repeat(300)));
    let complaints = server.complaints().join("; ");
    assert!(complaints.contains("NOOP: more was sent before its reply"), "{complaints}");
    assert!(complaints.contains("STAT: ends in a bare LF"), "{complaints}");
    assert!(complaints.contains("RETR: longer than 255 octets"), "{complaints}");
}

#[test]
fn forgets_the_deletions_of_a_session_that_was_lost() {
    let server = start(Behaviour::default());
    let mut peer = Peer::signed_in(&server);
    peer.ask("DELE 1");
    drop(peer);
    assert_eq!(Peer::signed_in(&server).ask("STAT"), "+OK 2 320\r\n");
}

#[test]
fn removes_with_quit_and_can_bring_back() {
    let server = start(Behaviour::default());
    let mut peer = Peer::signed_in(&server);
    peer.ask("DELE 1");
    peer.ask("QUIT");
    let left: Vec<_> =
        server.maildrop().iter().map(|message| message.unique_id().unwrap().to_vec()).collect();
    assert_eq!(left, [b"uid-two".to_vec()]);
    server.bring_back();
    assert_eq!(server.maildrop().len(), 2);
    server.edit(|messages| messages.push(Message::new("third")));
    assert_eq!(Peer::signed_in(&server).ask("UIDL 3"), "+OK 3 0000000000000003\r\n");
}

#[test]
fn serves_a_hundred_thousand_messages() {
    let server = Server::start(Message::series(100_000, 1), Behaviour::default()).unwrap();
    let mut peer = Peer::signed_in(&server);
    assert!(peer.ask("STAT").starts_with("+OK 100000 "));
    peer.say("UIDL\r\nQUIT\r\n");
    let lines = peer.hear_the_rest();
    assert_eq!(lines.lines().count(), 100_003);
}

#[test]
fn streams_a_message_larger_than_any_buffer() {
    let message = Message::repeated("Subject: large\r\n\r\n", ".23456789012345678", 5_000_000);
    assert_eq!(message.octets(), 100_000_018);
    let server = Server::start([message], Behaviour::default()).unwrap();
    let mut peer = Peer::signed_in(&server);
    assert_eq!(peer.ask("RETR 1"), "+OK 100000018 octets\r\n");
    peer.say("QUIT\r\n");
    let (mut count, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        match peer.line.read(&mut buffer).unwrap() {
            0 => break,
            read => count += read,
        }
    }
    let farewell = "+OK dewey POP3 server signing off (1 messages left)\r\n".len();
    assert_eq!(count, 100_000_018 + 5_000_000 + 3 + farewell);
}

#[test]
fn ends_every_thread_when_it_is_dropped() {
    let server = start(Behaviour::default().with_fault(Fault::stall_at("STAT")));
    let mut waiting = Peer::connect(&server);
    waiting.hear_line();
    let mut stalled = Peer::signed_in(&server);
    stalled.say("STAT\r\n");
    let begin = std::time::Instant::now();
    let address = server.addr();
    drop(server);
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(waiting.hear_the_rest(), "");
    assert_eq!(stalled.hear_the_rest(), "");
    assert!(TcpStream::connect(address).is_err());
}
