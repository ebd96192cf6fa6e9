//! Names and networks as people meet them: "no answer" is not "no such name", and what `NO_PROXY` takes out is
//! reached directly.

use crate::support::is_root;
use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::scripted::{Answer, Scripted};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// Runs `stat` where `/etc/$name` is that text.
fn stat_where(name: &str, text: &str, server: &str, environment: &[(&str, &str)]) -> Outcome {
    let home = Home::new();
    let file = home.write(name, text, 0o644);
    let knowing = "mount --bind \"$1\" \"$2\"; shift 2; exec \"$@\"";
    let as_root: &[&str] = if is_root() { &[] } else { &["--map-root-user"] };
    let place = format!("/etc/{name}");
    let shell = ["--mount", "sh", "-ec", knowing, "sh", file.to_str().unwrap(), &place];
    let mut run = Pop3::under(&home, &[&["unshare"], as_root, &shell].concat())
        .args(["stat", "--tls", "none", "--server", server])
        .env("POP3_PASSWORD", "secret");
    for (name, value) in environment {
        run = run.env(name, value);
    }
    run.run()
}

/// A name server at an address of its own; `answer` makes the reply to a query, if there is one.
fn name_server(address: &str, answer: fn(Vec<u8>) -> Option<Vec<u8>>) -> String {
    assert!(is_root(), "these tests listen at port 53: tests/run skips them for others than root");
    let socket = UdpSocket::bind((address, 53)).unwrap();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            if let Some(reply) = answer(query[..length].to_vec()) {
                let _ = socket.send_to(&reply, from);
            }
        }
    });
    format!("nameserver {address}\noptions timeout:1 attempts:2\n")
}

#[test]
fn without_a_network_the_name_is_not_called_unknown() {
    let nobody = "nameserver 127.0.53.1\noptions timeout:1 attempts:2\n";
    stat_where("resolv.conf", nobody, "pop3://me@pop.example.com", &[])
        .exits(75)
        .says("temporary failure in name resolution")
        .says("check this computer's network")
        .says_not("spelt");
}

#[test]
fn a_name_server_that_never_answers_is_a_temporary_failure() {
    let silent = name_server("127.0.53.2", |_| None);
    let begun = Instant::now();
    stat_where("resolv.conf", &silent, "pop3://me@pop.example.com", &[]).exits(75).says_not("spelt");
    assert!(begun.elapsed() < Duration::from_secs(30), "the resolver gives up before the 60 s of --timeout");
}

#[test]
fn a_name_that_does_not_exist_is_told_as_such() {
    // NXDOMAIN (RFC 1035 section 4.1.1): a response, recursion desired and available, no such name.
    let knows_nothing = name_server("127.0.53.3", |mut reply| {
        reply.get_mut(2..4)?.copy_from_slice(&[0x81, 0x83]);
        Some(reply)
    });
    stat_where("resolv.conf", &knows_nothing, "pop3://me@pop.example.com", &[])
        .exits(68)
        .says("its name is not known")
        .says("check how the host is spelt");
}

#[test]
fn what_no_proxy_takes_out_is_reached_directly_by_name_port_and_domain() {
    let server = Scripted::start("+OK ready\r\n", |line| match line {
        "STAT" => Answer::Say("+OK 1 100\r\n"),
        "CAPA" => Answer::Say("-ERR unknown\r\n"),
        _ => Answer::Say("+OK\r\n"),
    });
    let port = server.address.port();
    let url = format!("pop3://me@pop.corp.test:{port}");
    let stat = |none: &str| {
        let environment = [("ALL_PROXY", "socks5h://127.0.0.1:1"), ("NO_PROXY", none)];
        stat_where("hosts", "127.0.0.1 pop.corp.test\n", &url, &environment)
    };
    for none in
        [&format!("pop.corp.test:{port}"), ".corp.test", "*.corp.test", &format!("*.corp.test:{port}")]
    {
        stat(none).exits(0);
    }
    for none in ["", "pop.corp.test:1", "other.test", "*.pop.corp.test"] {
        stat(none).exits(69).says("through the proxy");
    }
}
