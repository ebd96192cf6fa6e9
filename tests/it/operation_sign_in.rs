//! Sign-in at servers that answer in odd words, and passwords that are refused again and again.

use crate::support::certificates::Certificates;
use crate::support::pop3::{Home, Pop3};
use crate::support::stage::{at_once, letters};
use pop3::server::{Act, Apop, Behaviour, Capa, End, Fault, Server, Tls};

/// A server, in the clear or under TLS, and a user's home.
struct Peer {
    server: Server,
    home: Home,
    /// The arguments that lead to the server.
    way: Vec<String>,
}

impl Peer {
    fn new(tls: bool, behaviour: Behaviour) -> Peer {
        let home = Home::new();
        let (mut behaviour, mut trust) = (behaviour, ["--tls", "none"].map(str::to_owned).to_vec());
        if tls {
            let certificates = Certificates::make(home.path());
            behaviour.tls = Tls::Implicit(certificates.identity());
            trust = vec!["--ca-file".to_owned(), certificates.authority.display().to_string()];
        }
        let server = Server::start(letters(2), behaviour).unwrap();
        let scheme = if tls { "pop3s" } else { "pop3" };
        trust.extend(["--server".to_owned(), format!("{scheme}://demo@{}", server.addr())]);
        Peer { server, home, way: trust }
    }

    fn stat(&self, password: &str) -> Pop3 {
        Pop3::new(&self.home).args(["stat"]).args(&self.way).env("POP3_PASSWORD", password)
    }
}

fn capabilities(sasl: &str) -> Capa {
    Capa::Lines(
        ["TOP", "UIDL", "USER", &format!("SASL {sasl}")].map(|line| line.as_bytes().to_vec()).to_vec(),
    )
}

/// `auth-unknown` (thunderbird/thunderbird-android#11237).
#[test]
fn a_server_that_does_not_know_auth_has_judged_no_password_and_gets_user_and_pass() {
    let words = ["Unknown command", "unimplemented", "authentication mechanism not supported"];
    let cases = words.into_iter().flat_map(|words| {
        ["PLAIN LOGIN", "CRAM-MD5 PLAIN"]
            .into_iter()
            .flat_map(move |sasl| [true, false].into_iter().map(move |tls| (words, sasl, tls)))
    });
    at_once(cases, |(words, sasl, tls)| {
        let fault = Fault::answer("AUTH", format!("-ERR {words}\r\n"));
        let behaviour = Behaviour { capa: capabilities(sasl), apop: Apop::Absent, ..Behaviour::default() };
        let peer = Peer::new(tls, behaviour.with_fault(fault));
        let outcome = peer.stat("tanstaaf").run();
        if !tls && sasl.starts_with("CRAM") {
            // The password itself leaves in the clear only where nothing better was announced, or on request.
            outcome.exits(77).says("--auth plain");
            peer.stat("tanstaaf").args(["--auth", "user"]).run().exits(0);
            return;
        }
        outcome.exits(0);
        let asked = if words.contains("mechanism") { 2 } else { 1 };
        assert_eq!(peer.server.count("AUTH"), asked, "{words}, {sasl}: {:?}", peer.server.log());
        peer.stat("wrong").run().exits(77);
        assert_eq!(peer.server.count("PASS"), 2, "{:?}", peer.server.log());
        peer.stat("tanstaaf").args(["--auth", "plain"]).run().exits(77).says("--auth");
    });
}

/// `apop-closes` (solid-pop3d).
#[test]
fn a_server_that_closes_after_a_refused_apop_is_asked_again_by_user_and_pass_under_tls() {
    at_once([true, false], |tls| {
        let act = Act::ReplyAndEnd(b"-ERR authentication failed\r\n".to_vec(), End::HangUp);
        let fault = Fault::OnCommand("APOP".to_owned(), act);
        let behaviour = Behaviour { capa: Capa::Absent, mechanisms: Vec::new(), ..Behaviour::default() };
        let peer = Peer::new(tls, behaviour.with_fault(fault));
        peer.stat("tanstaaf").run().exits(if tls { 0 } else { 77 });
        assert_eq!(peer.server.sessions(), if tls { 2 } else { 1 }, "{:?}", peer.server.log());
        assert_eq!(peer.server.count("PASS"), usize::from(tls));
        peer.stat("wrong").run().exits(77).says(if tls { "by user" } else { "by apop" });
        peer.stat("tanstaaf").args(["--auth", "apop"]).run().exits(77).says("authentication failed");
    });
}

/// `words-wait` and `words-password`.
#[test]
fn a_refusal_without_a_response_code_is_understood_by_its_words() {
    let wait = [
        "login frequency limited",
        "Too many connections",
        "Server temporarily unavailable",
        "Mailbox locked",
        "Exceeded the login limit for a 15 minute period. Reduce the frequency of requests to the POP3 server.",
    ];
    let password = [
        "Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, \
         or system is busy. More information at https://example.org/help",
        "Unable to log on",
        "POP3 access is disabled for this account",
    ];
    let cases = wait.map(|words| (words, 75)).into_iter().chain(password.map(|words| (words, 77)));
    at_once(cases, |(words, code)| {
        let verdict = Some(format!("-ERR {words}").into_bytes());
        let peer = Peer::new(false, Behaviour { verdict, ..Behaviour::ancient() });
        peer.stat("tanstaaf").run().exits(code).says(words).says("hint:");
        assert_eq!(peer.server.count("PASS"), 1);
    });
}

/// `words-later` (jstedfast/MailKit#88).
#[test]
fn a_refused_stat_uidl_or_list_is_understood_by_its_words() {
    let words = [
        "Server Unavailable. 21",
        "Exceeded the login limit for a 15 minute period. Reduce the frequency of requests to the POP3 server.",
        "maildrop lock busy",
    ];
    let cases = ["STAT", "UIDL", "LIST"]
        .into_iter()
        .flat_map(|command| words.into_iter().map(move |words| (command, words)));
    at_once(cases, |(command, words)| {
        let fault = Fault::answer(command, format!("-ERR {words}\r\n"));
        let peer = Peer::new(false, Behaviour::default().with_fault(fault));
        let fetch = Pop3::new(&peer.home).args(["fetch", "--to", "maildir:in"]).args(&peer.way);
        let outcome = fetch.env("POP3_PASSWORD", "tanstaaf").run();
        let can_do_without = command != "UIDL" && outcome.code == 0;
        if can_do_without {
            assert_eq!(peer.server.count("RETR"), 2, "{command}, {words}");
        } else {
            outcome.exits(75).says("hint:");
        }
    });
}

/// A server that refuses every password but `tanstaaf`, and an account with the wrong one in a file.
fn with_a_wrong_password() -> Peer {
    let peer = Peer::new(false, Behaviour { uidl: true, ..Behaviour::ancient() });
    peer.home.write("password", "wrong\n", 0o600);
    configure(&peer, "demo");
    peer
}

fn configure(peer: &Peer, user: &str) {
    peer.home.configure(&format!(
        "[account.work]\nserver = \"pop3://{}\"\nuser = \"{user}\"\ntls = \"none\"\n\
         password-file = \"~/password\"\ndeliver = \"maildir:~/in\"\n",
        peer.server.addr()
    ));
}

fn run(peer: &Peer, words: &[&str]) -> crate::support::pop3::Outcome {
    Pop3::new(&peer.home).args(words).run()
}

/// Changes when the last refusal was, in the file that keeps it.
fn let_pass(peer: &Peer, seconds: i64) {
    let folder = peer.home.join(".local/state/pop3");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let path = entries.into_iter().find(|path| path.extension().is_some_and(|end| end == "refused")).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut fields: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    for at in [fields.len() - 2, fields.len() - 1] {
        fields[at] = (fields[at].parse::<i64>().unwrap() - seconds).to_string();
    }
    std::fs::write(path, fields.join(" ") + "\n").unwrap();
}

/// `lockout-brake` (zammad/zammad#2682).
#[test]
fn a_password_that_was_refused_three_times_is_not_offered_by_every_unattended_run() {
    let peer = with_a_wrong_password();
    let runs: Vec<_> = (0..8).map(|_| run(&peer, &["fetch"]).exits(77)).collect();
    assert_eq!(peer.server.count("PASS"), 3, "{:?}", peer.server.log());
    assert_eq!(peer.server.sessions(), 3, "no connection while it waits");
    for run in &runs[..3] {
        assert!(run.stderr.contains("the server says"), "{}", run.stderr);
    }
    assert!(runs[3].stderr.contains("3 times in a row"), "{}", runs[3].stderr);
    assert!(runs[3].stderr.contains("hint: correct the password"), "{}", runs[3].stderr);
    for silent in &runs[4..] {
        assert_eq!(silent.stderr, "", "said once a day");
    }
    run(&peer, &["stat"]).exits(77);
    run(&peer, &["fetch", "-v"]).exits(77).says("3 times in a row");
    run(&peer, &["check"]).exits(77);
    assert_eq!(peer.server.count("PASS"), 3, "other commands wait, too");
    let_pass(&peer, 60 * 60 + 1);
    run(&peer, &["fetch"]).exits(77).says("the server says");
    run(&peer, &["fetch"]).exits(77);
    assert_eq!(peer.server.count("PASS"), 4, "once an hour later");
    let_pass(&peer, 60 * 60 + 1);
    run(&peer, &["fetch"]).exits(77);
    assert_eq!(peer.server.count("PASS"), 4, "two hours after that");
    let_pass(&peer, 24 * 60 * 60);
    run(&peer, &["stat"]).exits(77);
    assert_eq!(peer.server.count("PASS"), 5);
}

/// `lockout-corrected`.
#[test]
fn a_corrected_password_is_tried_at_once_and_fetches() {
    let peer = with_a_wrong_password();
    (0..5).for_each(|_| drop(run(&peer, &["fetch"]).exits(77)));
    peer.home.write("password", "tanstaaf\n", 0o600);
    run(&peer, &["fetch"]).exits(0);
    assert_eq!(peer.server.count("RETR"), 2);
    peer.home.write("password", "wrong\n", 0o600);
    run(&peer, &["fetch"]).exits(77);
    assert_eq!(peer.server.count("PASS"), 5, "a success has ended the row of refusals");
}

#[test]
fn a_wait_is_not_honoured_with_now_with_server_or_for_another_user() {
    let peer = with_a_wrong_password();
    (0..5).for_each(|_| drop(run(&peer, &["fetch"]).exits(77)));
    assert_eq!(peer.server.count("PASS"), 3);
    run(&peer, &["fetch", "--now"]).exits(77).says("the server says");
    assert_eq!(peer.server.count("PASS"), 4);
    peer.stat("wrong").run().exits(77);
    assert_eq!(peer.server.count("PASS"), 5);
    configure(&peer, "other");
    run(&peer, &["fetch"]).exits(77).says("the server says");
    assert_eq!(peer.server.count("PASS"), 6);
}

#[test]
fn trouble_of_the_server_is_no_refusal_of_the_password() {
    let verdict = Some(b"-ERR [SYS/TEMP] come back".to_vec());
    let peer = with_a_wrong_password();
    peer.server.set_behaviour(Behaviour { verdict, ..Behaviour::ancient() });
    (0..5).for_each(|_| drop(run(&peer, &["stat"]).exits(75)));
    assert_eq!(peer.server.count("PASS"), 5);
}

#[test]
fn a_state_folder_that_cannot_be_written_changes_nothing_for_commands_that_need_none() {
    let peer = with_a_wrong_password();
    peer.home.write(".local/state", "a file where a folder should be", 0o600);
    (0..5).for_each(|_| drop(run(&peer, &["stat"]).exits(77).says("the server says")));
    peer.home.write("password", "tanstaaf\n", 0o600);
    run(&peer, &["stat"]).exits(0);
}
