//! How to get there: a SOCKS proxy, a tunnel, an address of our own, one version of IP.

use crate::support::dovecot::{self, Line, OnDovecot};
use crate::support::pop3::{Home, Outcome, Pop3, Running};
use crate::support::scripted::{Answer, Scripted};
use crate::support::socks::{ONLY_THERE, Socks};
use crate::support::stage::{STORES, Stage, Store, at_once, letters, padded};
use crate::support::{Maildrop, corpus, tool};
use pop3::server::{Behaviour, Fault, Pipelining};
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

const LINES: [Line; 3] = [Line::Plain, Line::Stls, Line::Tls];

/// `stat` on that line, by a way that the arguments choose.
fn stat(home: &Home, maildrop: &OnDovecot, line: Line, way: &[&str]) -> Pop3 {
    Pop3::new(home)
        .args(["stat"])
        .args(maildrop.flags(line))
        .args(way)
        .env("POP3_PASSWORD", maildrop.password())
}

/// A server that nothing is known of but that it listens, and turns everybody away.
fn turning_away(address: &str, words: &'static str) -> SocketAddr {
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(words.as_bytes());
        }
    });
    address
}

fn noop(home: &Home, server: &str, way: &[&str]) -> Pop3 {
    Pop3::new(home)
        .args(["noop", "--tls", "none", "--server", server])
        .args(way)
        .env("POP3_PASSWORD", "hunter2")
}

#[test]
fn a_proxy_leads_to_the_server_on_every_line_with_and_without_sign_in() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let (open, guarded) = (Socks::open(), Socks::guarded("me", "sesame"));
    at_once(LINES, |line| {
        for scheme in ["socks5h", "socks5"] {
            stat(&Home::new(), &maildrop, line, &["--proxy", &open.url(scheme, "")])
                .run()
                .exits(0)
                .has_line(&["1"]);
            let proxy = guarded.url(scheme, "me@");
            let home = Home::new();
            let run = stat(&home, &maildrop, line, &["--proxy", &proxy, "--trace"]);
            let outcome = run.env("POP3_PROXY_PASSWORD", "sesame").run().exits(0);
            assert!(!outcome.stderr.contains("sesame"), "{}", outcome.stderr);
        }
    });
    let connected = |socks: &Socks| socks.log().matches("connected to").count();
    assert_eq!((connected(&open), connected(&guarded)), (6, 6), "not all went through the proxies");
}

#[test]
fn the_proxy_resolves_the_name_and_the_certificate_is_checked_against_it() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    let socks = Socks::open();
    let url = format!("pop3s://{}@{ONLY_THERE}:{}", maildrop.user(), maildrop.server.tls.port());
    let run = |proxy: (&str, &str), more: &[&str]| {
        Pop3::new(&Home::new())
            .args(["stat", "--server", &url, "--ca-file"])
            .args([&maildrop.server.certificates.authority])
            .args(more)
            .env(proxy.0, proxy.1)
            .env("POP3_PASSWORD", maildrop.password())
            .run()
    };
    let (there, here) = (socks.url("socks5h", ""), socks.url("socks5", ""));
    let localhost = ["--tls-host", "localhost"];
    run(("POP3_PROXY", &there), &localhost).exits(0).has_line(&["1"]);
    assert!(socks.log().contains(ONLY_THERE), "{}", socks.log());
    // The name we asked for counts, whatever address the proxy found for it.
    run(("POP3_PROXY", &there), &[]).exits(76).says(&format!("but {ONLY_THERE} was asked for"));
    run(("POP3_PROXY", &here), &localhost).exits(68).says(ONLY_THERE);
    // The proxy of the whole system is used as well, unless told otherwise.
    run(("ALL_PROXY", &there), &localhost).exits(0).has_line(&["1"]);
    run(("all_proxy", &there), &[&localhost[..], &["--proxy", "none"]].concat()).exits(68);
    run(("ALL_PROXY", "http://127.0.0.1:1"), &localhost).exits(68);
}

#[test]
fn what_a_proxy_refuses_is_told_by_its_reason() {
    let (open, guarded) = (Socks::open(), Socks::guarded("me", "sesame"));
    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let nowhere = format!("pop3://me@{closed}");
    let refused = |server: &str, proxy: &str, password: &str| {
        let outcome = noop(&Home::new(), server, &["--proxy", proxy])
            .env("POP3_PROXY_PASSWORD", password)
            .run()
            .exits(69);
        assert!(!outcome.stderr.contains("wrong"), "{}", outcome.stderr);
        outcome.says("through the proxy")
    };
    refused(&nowhere, &open.url("socks5h", ""), "").says("refused the proxy's connection");
    refused("pop3://me@nowhere.test", &open.url("socks5h", ""), "").says("check how the host is spelt");
    refused(&nowhere, &guarded.url("socks5h", ""), "").says("POP3_PROXY_PASSWORD");
    refused(&nowhere, &guarded.url("socks5h", "me@"), "").says("POP3_PROXY_PASSWORD");
    refused(&nowhere, &guarded.url("socks5h", "me@"), "wrong").says("refused user and password");
    refused(&nowhere, &format!("socks5h://{closed}"), "").says("check the proxy's host and port");
}

#[test]
fn a_proxy_that_is_none_or_is_hostile_is_an_error_and_no_hang() {
    let greets = |greeting: &'static str| Scripted::start(greeting, |_| Answer::Silence);
    let flood: &'static str = Box::leak("x".repeat(1 << 20).into_boxed_str());
    let table = [
        (greets("+OK POP3 ready\r\n"), 69, "not SOCKS5"),
        (greets("HTTP/1.1 400 Bad Request\r\n\r\n"), 69, "HTTP"),
        (greets(flood), 69, "not SOCKS5"),
        (greets("\u{5}\0\u{5}\0\0\u{7f}"), 69, "makes no sense"),
        (greets("\u{5}\0\u{5}\u{2}\0\u{1}"), 69, "rules do not allow"),
        (greets(""), 75, "the proxy did not answer in time"),
        (greets("\u{5}\0"), 75, "the proxy did not answer in time"),
        (greets("\u{5}\0\u{5}\0\0\u{3}\u{7f}abc"), 75, "the proxy did not answer in time"),
    ];
    at_once(table, |(proxy, code, words)| {
        let proxy = format!("socks5h://{}", proxy.address);
        let way = ["--proxy", &proxy, "--timeout", if code == 75 { "1s" } else { "60s" }];
        noop(&Home::new(), "pop3://me@pop.example.test", &way).run().exits(code).says(words);
    });
}

#[test]
fn ways_that_contradict_themselves_are_wrong_usage() {
    let (unix, tcp) = ("pop3+unix://me@/run/pop3", "pop3://me@127.0.0.1");
    for (server, way, variables) in [
        (unix, &["--proxy", "socks5h://h"][..], &[][..]),
        (unix, &["-4"], &[]),
        (unix, &["--tunnel", "cat"], &[]),
        (tcp, &["--tunnel", "cat", "--proxy", "socks5h://h"], &[]),
        (tcp, &["--source-ip", "::1", "-4"], &[]),
        (tcp, &["--source-ip", "127.0.0.1"], &[("POP3_TUNNEL", "cat")]),
        (tcp, &[], &[("POP3_TUNNEL", "cat"), ("POP3_PROXY", "socks5h://h")]),
        (tcp, &["--proxy", "http://h:3128"], &[]),
        (tcp, &["--proxy", "socks5h://me:hunter2@h"], &[]),
    ] {
        let home = Home::new();
        let run = variables.iter().fold(noop(&home, server, way), |run, (name, value)| run.env(name, value));
        let outcome = run.run().exits(64);
        assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    }
}

#[test]
fn a_command_is_the_line_also_under_tls() {
    let mut maildrop = dovecot::maildrop();
    maildrop.put(&corpus::simple("one"));
    at_once(LINES, |line| {
        stat(&Home::new(), &maildrop, line, &["--tunnel", "socat - TCP:%h:%p"])
            .run()
            .exits(0)
            .has_line(&["1"]);
        // From the environment; a shell that stays; a host that nobody here knows.
        let (scheme, address) = match line {
            Line::Tls => ("pop3s", maildrop.server.tls),
            _ => ("pop3", maildrop.server.plain),
        };
        let mut flags = maildrop.flags(line);
        flags[1] = format!("{scheme}://{}@behind.test:{}", maildrop.user(), address.port());
        Pop3::new(&Home::new())
            .args(["stat", "--tls-host", "localhost"])
            .args(flags)
            .env("POP3_TUNNEL", "socat - TCP:127.0.0.1:%p; exit 7")
            .env("POP3_PASSWORD", maildrop.password())
            .run()
            .exits(0)
            .has_line(&["1"]);
    });
}

/// A tunnel that does nothing useful.
fn lost(tunnel: &str, security: &str, timeout: &str) -> Outcome {
    let way = ["--tunnel", tunnel, "--timeout", timeout];
    Pop3::new(&Home::new())
        .args(["noop", "--server", "pop3://me@behind.test", "--tls", security])
        .args(way)
        .env("POP3_PASSWORD", "hunter2")
        .run()
}

#[test]
fn a_tunnel_that_leads_nowhere_says_how_it_ended() {
    let table = [
        ("exit 3", "exit status: 3"),
        ("true", "exit status: 0"),
        ("echo hello", "exit status: 0"),
        ("kill -9 $$", "signal: 9"),
        ("/nonexistent/ssh --key secret", "tunnel command ssh ended with exit status: 127"),
        ("yes", "no greeting"),
    ];
    at_once(table, |(tunnel, words)| {
        for security in ["none", "stls", "implicit"] {
            let outcome = lost(tunnel, security, "60s").exits(69).says("through the tunnel").says(words);
            assert!(!outcome.stderr.contains("--key secret\n"), "{}", outcome.stderr);
        }
    });
    lost("sleep 600", "none", "1s").exits(75).says("terminal");
    lost("exec cat", "none", "1s").exits(75);
}

/// Waits until that holds.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < patience, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A tunnel to the stage's server that writes its process id into its home.
fn through_a_tunnel(stage: &Stage, more: &[&str]) -> Running {
    let tunnel = format!("echo $$ >tunnel.pid; exec socat - TCP:{}", stage.server.addr());
    stage.fetching(&["--tunnel", &tunnel]).args(more).start()
}

fn tunnel_id(stage: &Stage) -> String {
    fs::read_to_string(stage.home.join("tunnel.pid")).unwrap().trim().to_owned()
}

#[test]
fn a_tunnel_killed_in_mid_message_loses_nothing() {
    at_once(STORES, |store| {
        let messages: Vec<_> = (1..=3).map(|number| padded(number, 100_000)).collect();
        // Unannounced: else it would be tried again at once, one at a time.
        let alone = Behaviour { pipelining: Pipelining::Unannounced, ..Behaviour::default() };
        let stalled = alone.with_fault(Fault::stall_in(2, 50_000));
        let stage = Stage::new(store, messages.clone(), stalled);
        let running = through_a_tunnel(&stage, &["--timeout", "5s"]);
        wait_until("no RETR 2", || stage.server.count("RETR 2") > 0);
        std::thread::sleep(Duration::from_millis(200)); // what is on its way gets there
        tool(Command::new("kill").args(["-9", &tunnel_id(&stage)]));
        // The message that was coming in hangs in later sessions, too; the others come.
        running.wait().exits(75).says("the tunnel command echo ended with signal: 9");
        stage.ends_well(&messages);
    });
}

#[test]
fn ctrl_c_leaves_the_tunnel_alone_until_the_session_has_ended() {
    let slow = Fault::delay_at("RETR 2", Duration::from_millis(600));
    let alone = Behaviour { pipelining: Pipelining::Unannounced, ..Behaviour::default() };
    let stage = Stage::new(Store::Maildir, letters(3), alone.with_fault(slow));
    let running = through_a_tunnel(&stage, &["--keep", "none"]);
    wait_until("no RETR 2", || stage.server.count("RETR 2") > 0);
    // The terminal signals the whole group, as here.
    tool(Command::new("kill").args(["-s", "INT", "--", &format!("-{}", running.id())]));
    running.wait().exits(130);
    assert_eq!(stage.said().last().map(String::as_str), Some("QUIT"));
    stage.holds([1, 2]);
    let process = format!("/proc/{}", tunnel_id(&stage));
    assert!(!std::path::Path::new(&process).exists(), "the tunnel outlives the run");
    stage.ends_well(&letters(3));
}

#[test]
fn the_server_sees_the_source_address_that_was_chosen() {
    let maildrop = dovecot::maildrop();
    stat(&Home::new(), &maildrop, Line::Plain, &["--source-ip", "127.0.0.7"]).run().exits(0);
    let log = || maildrop.server.log();
    let signed_in = format!("user=<{}>", maildrop.user());
    wait_until("no such sign-in", || {
        log().lines().any(|line| line.contains(&signed_in) && line.contains("rip=127.0.0.7"))
    });
    stat(&Home::new(), &maildrop, Line::Plain, &["--source-ip", "192.0.2.1"])
        .run()
        .exits(69)
        .says("--source-ip");
    stat(&Home::new(), &maildrop, Line::Plain, &["--source-ip", "::1"])
        .run()
        .exits(68)
        .says("no IPv6 address");
}

#[test]
fn one_version_of_ip_can_be_asked_for() {
    let four = turning_away("127.0.0.1:0", "-ERR this is four\r\n");
    turning_away(&format!("[::1]:{}", four.port()), "-ERR this is six\r\n");
    let home = Home::new();
    let hosts = home.write("hosts", "127.0.0.1 both.test four.test\n::1 both.test\n", 0o644);
    let knowing = "mount --bind \"$1\" /etc/hosts; shift; exec \"$@\"";
    let run = |host: &str, way: &[&str]| {
        let as_root: &[&str] = if crate::support::is_root() { &[] } else { &["--map-root-user"] };
        let wrapper =
            [&["unshare"], as_root, &["--mount", "sh", "-ec", knowing, "sh", hosts.to_str().unwrap()]];
        Pop3::under(&home, &wrapper.concat())
            .args(["noop", "--tls", "none", "--server", &format!("pop3://me@{host}:{}", four.port())])
            .args(way)
            .env("POP3_PASSWORD", "hunter2")
            .run()
    };
    run("both.test", &["-4"]).exits(69).says("this is four");
    run("both.test", &["-6"]).exits(69).says("this is six");
    run("[::1]", &["-6"]).exits(69).says("this is six");
    run("four.test", &["-6"]).exits(68).says("no IPv6 address");
}
