//! Homes that are none, commands that hang, several accounts, and running as the first process of a container.

use std::time::{Duration, Instant};

use crate::support::pop3::{Home, Pop3};
use crate::support::scripted::{Answer, Scripted};
use crate::support::stage::{Stage, Store, delivered, padded};
use pop3::server::Behaviour;

/// A server for `me` with the password `secret` and one message.
fn server() -> Scripted {
    Scripted::start("+OK hello\r\n", |line| {
        Answer::Say(match line {
            "USER me" | "PASS secret" | "DELE 1" | "QUIT" => "+OK\r\n",
            "STAT" | "LIST 1" => "+OK 1 21\r\n",
            "LIST" => "+OK\r\n1 21\r\n.\r\n",
            "UIDL" => "+OK\r\n1 a\r\n.\r\n",
            "UIDL 1" => "+OK 1 a\r\n",
            "RETR 1" => "+OK\r\nSubject: x\r\n\r\nhello\r\n.\r\n",
            _ => "-ERR no\r\n",
        })
    })
}

fn url(server: &Scripted) -> String {
    format!("pop3://me@{}", server.address)
}

fn account(name: &str, server: &Scripted, more: &str) -> String {
    format!(
        "[account.{name}]\nserver = '{}'\ntls = 'none'\ndeliver = 'maildir:~/{name}'\n{more}\n",
        url(server)
    )
}

fn holds(home: &Home, folder: &str) -> usize {
    std::fs::read_dir(home.join(folder).join("new")).map_or(0, Iterator::count)
}

/// A run with that home folder and no XDG folders.
fn at_home(home: &Home, place: &str) -> Pop3 {
    let run = Pop3::new(home).env("HOME", place).env("XDG_CONFIG_HOME", "").env("XDG_STATE_HOME", "");
    run.env("POP3_PASSWORD", "secret")
}

#[test]
fn a_password_command_that_leaves_an_agent_behind_signs_in_at_once() {
    let (home, server) = (Home::new(), server());
    // The agents let go of standard error, which this test reads to its end.
    for command in [
        "sleep 45 2>/dev/null & echo secret",
        "sleep 45 2>/dev/null & printf secret",
        "sleep 45 >/dev/null 2>&1 & echo secret",
        "echo secret; sleep 1; echo more",
        "echo secret; exec 2>/dev/null; exec sleep 45",
    ] {
        let began = Instant::now();
        let run = Pop3::new(&home).args(["stat", "--tls", "none", "--server", &url(&server)]);
        run.args(["--password-command", command]).run().exits(0);
        assert!(began.elapsed() < Duration::from_secs(15), "{command}: {:?}", began.elapsed());
    }
}

#[test]
fn a_password_command_that_hangs_is_ended_and_the_other_account_is_fetched() {
    let (home, server, other) = (Home::new(), server(), server());
    home.configure(&format!(
        "{}{}",
        account("one", &server, "password-command = 'exec sleep 1017'\ntimeout = '2s'"),
        account("two", &other, "password = 'secret'")
    ));
    let began = Instant::now();
    let outcome =
        Pop3::new(&home).args(["fetch"]).run().exits(77).says("one").says("printed nothing within 2s");
    assert!(began.elapsed() < Duration::from_secs(60), "{outcome:?}");
    assert_eq!((holds(&home, "one"), holds(&home, "two")), (0, 1));
}

#[test]
fn no_lock_is_held_while_a_password_command_is_waited_for_and_a_signal_ends_the_command_too() {
    let (home, server) = (Home::new(), server());
    home.configure(&account("work", &server, ""));
    let pid = home.join("pid");
    let command = format!("echo $$ > '{}.new'; mv '{0}.new' '{0}'; exec sleep 1017", pid.display());
    let first = Pop3::new(&home).args(["fetch", "--password-command", &command]).start();
    let began = Instant::now();
    while !pid.exists() {
        assert!(began.elapsed() < Duration::from_secs(30), "the command was not started");
        std::thread::sleep(Duration::from_millis(5));
    }
    Pop3::new(&home).args(["fetch", "--password-command", "echo secret"]).run().exits(0);
    assert_eq!(holds(&home, "work"), 1);
    first.signal("TERM");
    first.wait().exits(143);
    let pid: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    let is_there =
        || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    let began = Instant::now();
    while is_there() {
        assert!(began.elapsed() < Duration::from_secs(20), "the command outlives the run");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_home_that_is_no_folder_needs_no_configuration_and_no_home() {
    let (home, server) = (Home::new(), server());
    let there = ["--tls", "none", "--server", &url(&server)];
    for place in ["/dev/null", "/nonexistent", "/"] {
        at_home(&home, place).args(["stat"]).args(there).run().exits(0);
        let check = at_home(&home, place).args(["config", "check"]).run();
        check.says_not("pop3 config check");
    }
    let state = home.join("state");
    let run = at_home(&home, "/dev/null").env("XDG_STATE_HOME", state.to_str().unwrap());
    run.args(["fetch", "--to", "maildir:m"]).args(there).run().exits(0);
    assert_eq!(holds(&home, "m"), 1);
    let outcome =
        at_home(&home, "/dev/null").args(["fetch", "--to", "maildir:n"]).args(there).run().exits(74);
    outcome.says("XDG_STATE_HOME").says("/dev/null").says_not("config check");
    assert!(!home.join("n").exists());
    let missing = Pop3::new(&home).args(["config", "check", "--config", "/dev/null/c.toml"]).run().exits(78);
    missing.says("--config").says_not("pop3 config check");
}

#[test]
fn without_any_home_a_server_can_be_asked_and_mail_fetched() {
    let (home, server) = (Home::new(), server());
    let there = ["--tls", "none", "--server", &url(&server)];
    let run = |args: &[&str]| {
        let run = Pop3::new(&home).without("HOME").env("POP3_PASSWORD", "secret");
        run.args(args).args(there)
    };
    run(&["stat"]).without("XDG_CONFIG_HOME").without("XDG_STATE_HOME").run().exits(0);
    run(&["fetch", "--to", "maildir:m"]).run().exits(0);
    assert_eq!(holds(&home, "m"), 1);
}

#[test]
fn a_configuration_with_a_byte_order_mark_and_crlf_is_read_and_one_in_utf_16_is_told() {
    let (home, server) = (Home::new(), server());
    let text = account("work", &server, "password = 'secret'").replace('\n', "\r\n");
    let path = home.configure(&format!("\u{feff}{text}"));
    Pop3::new(&home).args(["config", "check"]).run().exits(0);
    Pop3::new(&home).args(["stat"]).run().exits(0);
    let utf_16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(path, utf_16).unwrap();
    for command in [&["config", "check"][..], &["stat"]] {
        Pop3::new(&home).args(command).run().exits(78).says("UTF-8");
    }
}

#[test]
fn without_standard_streams_nothing_gets_into_the_mail() {
    let (home, server) = (Home::new(), server());
    let wrapper = ["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"];
    let run = Pop3::under(&home, &wrapper).args(["fetch", "-v", "--trace", "--to", "maildir:m"]);
    run.args(["--tls", "none", "--server", &url(&server)]).env("POP3_PASSWORD", "secret").run().exits(0);
    let mut mail = std::fs::read_dir(home.join("m/new")).unwrap();
    let path = mail.next().unwrap().unwrap().path();
    assert_eq!(std::fs::read(path).unwrap(), b"Subject: x\n\nhello\n");
    assert!(mail.next().is_none());
}

#[test]
fn on_a_read_only_root_a_command_finds_room_where_tmpdir_says_and_a_maildir_needs_none() {
    // Larger than what is kept in memory for a command.
    let mail = padded(1, 100_000);
    let stage = Stage::new(Store::Maildir, [mail.clone()], Behaviour::default());
    let home = &stage.home;
    std::fs::create_dir(home.join("tmp")).unwrap();
    // All is read-only but the home, in a mount namespace of its own.
    let readonly = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro / && cd \"$0\" && exec \"$@\"";
    let folder = home.path().to_str().unwrap().to_owned();
    let wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", readonly, &folder];
    let fetch = |to: &str| stage.pop3_under(&wrapper, "fetch").args(["--refetch", "--to", to]);
    let (out, tmpdir) = (home.join("out"), home.join("tmp").display().to_string());
    let command = format!("command:cat >> '{}'", out.display());
    assert_ne!(fetch(&command).env("TMPDIR", "/").run().code, 0, "there is no room elsewhere");
    fetch(&command).env("TMPDIR", &tmpdir).run().exits(0);
    assert_eq!(std::fs::read(out).unwrap(), delivered(&mail));
    fetch("maildir:in").run().exits(0);
    stage.holds_messages(&[mail]);
}

#[test]
fn a_proxy_as_gnome_writes_it_is_told_with_the_form_to_write() {
    // Loopback is reached without one.
    let home = Home::new();
    let run = Pop3::new(&home).args(["stat", "--server", "pop3s://me@mail.example.org"]);
    let run = run.env("POP3_PASSWORD", "secret").env("ALL_PROXY", "socks://127.0.0.1:1");
    run.run().exits(64).says("ALL_PROXY").says("socks5h://");
}

#[test]
fn a_home_that_this_user_may_not_write_to_is_told_with_what_to_set() {
    let (home, server) = (Home::new(), server());
    for place in ["/", "/root"] {
        let run = |command: &[&str]| {
            let run = Pop3::by_nobody(&home, &[], &["--clear-groups"])
                .env("HOME", place)
                .env("POP3_PASSWORD", "secret");
            let run = run.env("XDG_CONFIG_HOME", "").env("XDG_STATE_HOME", "");
            run.args(command).args(["--tls", "none", "--server", &url(&server)]).run()
        };
        run(&["stat"]).exits(0);
        run(&["fetch", "--to", "maildir:/tmp/pop3-never-made"]).exits(74).says("XDG_STATE_HOME").says("HOME");
    }
}

#[test]
fn a_path_with_a_variable_or_a_relative_one_is_refused_by_the_check_and_by_a_fetch() {
    let (home, server) = (Home::new(), server());
    for path in ["maildir:$HOME/Mail", "maildir:Mail/inbox"] {
        let text = account("work", &server, "password = 'secret'\nkeep = 'none'");
        home.configure(&text.replace("maildir:~/work", path));
        Pop3::new(&home).args(["config", "check"]).run().exits(78);
        Pop3::new(&home).args(["fetch"]).run().exits(78).says("/ or ~/");
        assert!(!home.join("$HOME").exists() && !home.join("Mail").exists());
    }
    assert_eq!(server.heard().len(), 0);
}

#[test]
fn one_account_without_a_user_or_its_password_file_is_named_and_the_others_are_fetched() {
    let (home, [one, two, three]) = (Home::new(), [server(), server(), server()]);
    let password = "password = 'secret'";
    let without_user = account("two", &two, password).replace("me@", "");
    let without_file = account("two", &two, "password-file = '/nonexistent/secret'");
    let authority = account("two", &two, "password = 'secret'\nca-file = '/nonexistent/authority'");
    let without_authority = authority.replace("pop3://", "pop3s://").replace("tls = 'none'\n", "");
    for (broken, code, told) in [
        (without_user, 78, "user"),
        (without_file, 74, "/nonexistent/secret"),
        (without_authority, 74, "/nonexistent/authority"),
    ] {
        home.configure(&format!(
            "{}{broken}{}",
            account("one", &one, password),
            account("three", &three, password)
        ));
        Pop3::new(&home).args(["fetch"]).run().exits(code).says("pop3: two: ").says(told);
        assert_eq!((holds(&home, "one"), holds(&home, "two"), holds(&home, "three")), (1, 0, 1));
    }
}

#[test]
fn as_the_first_process_of_a_container_it_ends_by_sigterm_while_the_server_is_silent() {
    let home = Home::new();
    let silent = Scripted::start("+OK hello\r\n", |line| match line {
        "STAT" => Answer::Silence,
        "CAPA" => Answer::Say("-ERR\r\n"),
        _ => Answer::Say("+OK\r\n"),
    });
    let wrapper = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let run = Pop3::under(&home, &wrapper).args(["stat", "--tls", "none", "--server", &url(&silent)]);
    let mut running = run.env("POP3_PASSWORD", "secret").start();
    let began = Instant::now();
    while !silent.heard().iter().any(|line| line == "STAT") {
        assert!(running.is_alive() && began.elapsed() < Duration::from_secs(60), "{:?}", silent.heard());
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = running.id();
    let first = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let signalled = Instant::now();
    crate::support::tool(std::process::Command::new("kill").args(["-s", "TERM", first.trim()]));
    let outcome = running.wait().exits(143);
    assert!(signalled.elapsed() < Duration::from_secs(5), "{:?}: {outcome:?}", signalled.elapsed());
}
