//! Oddities and faults.

use super::*;

fn retrieved(server: &Server, number: u32) -> String {
    let mut peer = Peer::signed_in(server);
    peer.say(format!("RETR {number}\r\nQUIT\r\n"));
    peer.hear_the_rest()
}

#[test]
fn closes_the_connection_at_an_octet_of_a_message() {
    let server = start(Behaviour::default().with_fault(Fault::cut_in(2, 10)));
    assert_eq!(retrieved(&server, 2), "+OK 200 octets\r\nSubject: t");
    assert!(retrieved(&server, 1).ends_with("signing off (2 messages left)\r\n"));
}

#[test]
fn closes_the_connection_at_an_octet_of_the_session() {
    let server = of(|server| {
        server.apop = Apop::Absent;
        server.faults = vec![Fault::cut_after(26)];
    });
    let mut peer = Peer::connect(&server);
    peer.say("QUIT\r\n");
    assert_eq!(peer.hear_the_rest(), "+OK POP3 server ready\r\n+OK");
}

#[test]
fn stalls_until_the_client_gives_up() {
    let server = of(|server| {
        server.faults = vec![Fault::stall_in(1, 4)];
        server.patience = Duration::from_millis(300);
    });
    assert_eq!(retrieved(&server, 1), "+OK 120 octets\r\nSubj");
}

#[test]
fn sends_a_configured_reply_and_does_not_execute() {
    let server = start(
        Behaviour::default()
            .with_fault(Fault::answer("RETR 1", "-ERR message is corrupt\r\n"))
            .with_fault(Fault::answer("STAT", "+OK -5 99\r\n"))
            .with_fault(Fault::answer("DELE", "+ERR no\r\n"))
            .with_fault(Fault::hang_up_at("QUIT")),
    );
    let mut peer = Peer::signed_in(&server);
    assert_eq!(peer.ask("RETR 1"), "-ERR message is corrupt\r\n");
    assert_eq!(peer.ask("STAT"), "+OK -5 99\r\n");
    assert_eq!(peer.ask("DELE 1"), "+ERR no\r\n");
    assert_eq!(peer.ask("QUIT"), "");
    assert_eq!(server.maildrop().len(), 2);
}

#[test]
fn a_fault_may_be_over_in_the_second_session() {
    let server = of(|server| {
        server.faults = vec![Fault::hang_up_at("")];
        server.faulty_sessions = Some(1);
    });
    assert_eq!(Peer::connect(&server).hear_the_rest(), "");
    Peer::signed_in(&server);
    assert_eq!(server.sessions(), 2);
    server.set_behaviour(Behaviour::default().with_fault(Fault::answer("", "-ERR too busy\r\n")));
    assert_eq!(Peer::connect(&server).hear_line(), "-ERR too busy\r\n");
}

#[test]
fn lists_in_odd_forms() {
    let server = of(|server| {
        server.listing = Listing { blanks: 3, reversed: true, numberless: true, ..Listing::default() };
        server.sizes = Sizes::RoundedUp(1024);
    });
    let mut peer = Peer::signed_in(&server);
    peer.play(
        "C: UIDL
        S: +OK unique-id listing follows
        S: 2   uid-two
        S: 1   uid-one
        S: .
        C: UIDL 2
        S: +OK uid-two
        C: LIST 1
        S: +OK 1   1024",
    );

    let server = of(|server| server.sizes = Sizes::Always(-1));
    assert_eq!(Peer::signed_in(&server).ask("STAT"), "+OK 2 -2\r\n");
    let server = of(|server| server.sizes = Sizes::LineEndsAsOne);
    assert_eq!(Peer::signed_in(&server).ask("LIST 1"), "+OK 1 117\r\n");
}

#[test]
fn a_listing_may_be_short_or_hold_a_line_of_any_length_or_have_no_end() {
    let server = of(|server| {
        server.listing.limit = Some(1);
        server.listing.end = ListingEnd::LongLine(1_000_000);
    });
    let mut peer = Peer::signed_in(&server);
    peer.say("LIST\r\nQUIT\r\n");
    let listing = peer.hear_the_rest();
    let lengths: Vec<_> = listing.lines().map(str::len).collect();
    assert_eq!(lengths[1..4], [5, 1_000_000, 1]);

    let server = of(|server| server.listing.end = ListingEnd::Never);
    let mut peer = Peer::signed_in(&server);
    peer.say("UIDL\r\n");
    let mut buffer = vec![0; 1 << 20];
    peer.line.read_exact(&mut buffer).unwrap();
    assert!(!buffer.windows(3).any(|bytes| bytes == b"\n.\r"));
}

#[test]
fn mail_arrives_in_the_middle_of_a_session() {
    let server = of(|server| {
        let message = Message::text("Subject: late\n\n").with_unique_id("late");
        server.arrivals = vec![Arrival { after: "STAT".to_owned(), message }];
    });
    let mut peer = Peer::signed_in(&server);
    assert_eq!(peer.ask("STAT"), "+OK 2 320\r\n");
    assert_eq!(peer.ask("STAT"), "+OK 3 337\r\n");
    assert_eq!(peer.ask("UIDL 3"), "+OK 3 late\r\n");
    drop(peer);
    assert_eq!(Peer::signed_in(&server).ask("STAT"), "+OK 3 337\r\n");
}

#[test]
fn frames_wrongly_when_it_is_told_to() {
    let message = || [Message::text("A: b\n\n.dot\nend\n")];
    let with =
        |framing: Framing| Server::start(message(), Behaviour { framing, ..Behaviour::default() }).unwrap();
    let unstuffed = with(Framing { stuffs: false, ..Framing::default() });
    assert!(retrieved(&unstuffed, 1).contains("\r\n.dot\r\nend\r\n.\r\n"));
    let glued = with(Framing { glues_the_dot: true, ..Framing::default() });
    assert!(retrieved(&glued, 1).contains("\r\n..dot\r\nend.\r\n+OK"));
    let bare = with(Framing { bare_lf: true, ..Framing::default() });
    let mut peer = Peer::connect(&bare);
    peer.say("USER demo\r\nPASS tanstaaf\r\nRETR 1\r\nQUIT\r\n");
    let heard = peer.hear_the_rest();
    assert!(heard.contains("\nA: b\n\n..dot\nend\n.\n") && !heard.contains('\r'), "{heard:?}");
}

#[test]
fn replies_to_quit_in_every_wrong_way() {
    for reply in [FarewellReply::Err, FarewellReply::HangUp, FarewellReply::Stall] {
        for removes in [true, false] {
            let server = of(|server| {
                server.farewell = Farewell { removes, reply: reply.clone() };
                server.patience = Duration::from_millis(200);
            });
            let mut peer = Peer::signed_in(&server);
            peer.ask("DELE 1");
            peer.say("QUIT\r\n");
            let heard = peer.hear_the_rest();
            assert_eq!(heard.starts_with("-ERR"), reply == FarewellReply::Err, "{heard}");
            assert_eq!(server.maildrop().len(), if removes { 1 } else { 2 });
        }
    }
}

#[test]
fn loses_commands_sent_too_early() {
    let server = of(|server| server.pipelining = Pipelining::Lost);
    let mut peer = Peer::signed_in(&server);
    peer.say("STAT\r\nNOOP\r\nNOOP\r\n");
    assert_eq!(peer.hear_line(), "+OK 2 320\r\n");
    assert_eq!(peer.ask("LIST 1"), "+OK 1 120\r\n");
}

#[test]
fn shows_a_window_and_pops_what_was_retrieved() {
    let server = of(|server| {
        server.window = Some(1);
        server.pops = true;
    });
    assert!(retrieved(&server, 1).starts_with("+OK 120"));
    assert_eq!(Peer::signed_in(&server).ask("UIDL 1"), "+OK 1 uid-two\r\n");
}

#[test]
fn misbehaves_on_top_and_closes_on_unknown_commands() {
    let server = of(|server| {
        server.top = Top::SaysOkTwice;
        server.hangs_up_on_unknown = true;
    });
    let mut peer = Peer::signed_in(&server);
    peer.say("TOP 1 0\r\nUTF8\r\n");
    assert_eq!(
        peer.hear_the_rest(),
        "+OK top of message follows\r\n+OK top of message follows\r\nSubject: one\r\n\r\n.\r\n\
         -ERR unknown command, or not in this state\r\n"
    );
    let server = of(|server| server.top = Top::Whole);
    let mut peer = Peer::signed_in(&server);
    peer.say("TOP 1 0\r\nQUIT\r\n");
    assert!(peer.hear_the_rest().contains("xxx\r\n.\r\n"));
}

#[test]
fn runs_a_script_and_records_deviations() {
    let first = Script::transcript("S: +OK hi\nC: USER\nS: +OK\nC: PASS tanstaaf\nS: -ERR no");
    let server = Server::play(vec![first, Script::new().say("+OK 2\r\n").hear("").stall()]).unwrap();
    Peer::connect(&server).play("S: +OK hi\nC: USER demo\nS: +OK\nC: PASS tanstaaf\nS: -ERR no");
    assert!(server.complaints().is_empty());
    let mut second = Peer::connect(&server);
    assert_eq!(second.hear_line(), "+OK 2\r\n");
    second.say("anything\r\n");
    drop(second);

    let server = Server::play(vec![Script::new().hear("QUIT")]).unwrap();
    let mut peer = Peer::connect(&server);
    assert!(peer.ask("STAT").starts_with("-ERR"));
    assert_eq!(server.complaints(), ["the script expects QUIT, the client sent STAT"]);
}
