//! Secrets as services, containers and other programs lay them, and where they may go.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use crate::support::mounts::PrivateDisk;
use crate::support::pop3::{Home, Pop3};
use crate::support::scripted::{Answer, Scripted};
use crate::support::tool;

/// A server for `me` with the password `secret`, by USER and by PLAIN.
fn server() -> Scripted {
    Scripted::start("+OK hello\r\n", |line| {
        Answer::Say(match line {
            "CAPA" => "+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n",
            "USER me" | "PASS secret" | "AUTH PLAIN AG1lAHNlY3JldA==" | "QUIT" => "+OK\r\n",
            "STAT" => "+OK 1 10\r\n",
            _ => "-ERR [AUTH] no\r\n",
        })
    })
}

fn url(server: &Scripted) -> String {
    format!("pop3://me@{}", server.address)
}

fn stat(home: &Home, server: &Scripted) -> Pop3 {
    Pop3::new(home).args(["stat", "--tls", "none", "--server", &url(server)])
}

/// `stat` with a password file on a read-only memory disk, as another user with a group more.
fn stat_of_service(
    disk: &PrivateDisk,
    home: &Home,
    server: &Scripted,
    file: &Path,
    credentials: bool,
) -> Pop3 {
    let run = Pop3::by_nobody(home, &disk.wrapper(), &["--groups", "2000"]);
    let run = if credentials {
        run.env("CREDENTIALS_DIRECTORY", file.parent().unwrap().to_str().unwrap())
    } else {
        run
    };
    let file = file.to_str().unwrap();
    run.env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("XDG_STATE_HOME", "/nonexistent")
        .args(["stat", "--tls", "none", "--server", &url(server), "--password-file", file])
}

fn remount_read_only(disk: &PrivateDisk) {
    let [nsenter, namespace] = disk.wrapper();
    tool(Command::new(nsenter).arg(namespace).args(["mount", "-o", "remount,ro"]).arg(disk.folder()));
}

fn put(disk: &PrivateDisk, name: &str, group: u32, mode: u32) -> std::path::PathBuf {
    let seen = disk.seen(name);
    std::fs::write(&seen, "secret\n").unwrap();
    chown(&seen, Some(0), Some(group)).unwrap();
    std::fs::set_permissions(&seen, std::fs::Permissions::from_mode(mode)).unwrap();
    disk.folder().join(name)
}

/// Lets nobody read a file, as systemd does for `LoadCredential=` with `User=`.
fn allow_nobody_by_list(path: &Path) {
    let script = "import os, struct, sys\n\
        none = 0xffffffff\n\
        entries = [(1, 4, none), (2, 4, 65534), (4, 0, none), (16, 4, none), (32, 0, none)]\n\
        acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries)\n\
        os.setxattr(sys.argv[1], 'system.posix_acl_access', acl)\n";
    tool(Command::new("python3").args(["-c", script]).arg(path));
}

#[test]
fn a_credential_of_systemd_and_a_secret_of_kubernetes_or_docker_are_read() {
    let (home, server) = (Home::new(), server());
    let disk =
        PrivateDisk::on(std::env::temp_dir().join(format!("pop3-credentials-{}", std::process::id())), "1m");
    let systemd = put(&disk, "systemd", 0, 0o400);
    allow_nobody_by_list(&disk.seen("systemd"));
    let mode = std::fs::metadata(disk.seen("systemd")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o440, "the mask of the list shows as the bits of the group");
    let kubernetes = put(&disk, "kubernetes", 2000, 0o440);
    let docker = put(&disk, "docker", 0, 0o444);
    // By the list and by the group alone; what everybody may read is refused where it could be changed.
    for file in [&systemd, &kubernetes] {
        stat_of_service(&disk, &home, &server, file, false).run().exits(0);
    }
    let refused = stat_of_service(&disk, &home, &server, &docker, false).run().exits(78);
    refused.says("--password-command 'cat ").says_not("config check");
    stat_of_service(&disk, &home, &server, &docker, true).run().exits(0);
    remount_read_only(&disk);
    for file in [&systemd, &kubernetes, &docker] {
        stat_of_service(&disk, &home, &server, file, false).run().exits(0);
        stat_of_service(&disk, &home, &server, file, true).run().exits(0);
    }
    std::fs::remove_dir(disk.folder()).ok();
}

#[test]
fn ones_own_password_file_that_others_may_read_is_refused() {
    let (home, server) = (Home::new(), server());
    for mode in [0o644, 0o640, 0o604] {
        let file = home.write("password", "secret\n", mode);
        let outcome = stat(&home, &server).args(["--password-file"]).args([&file]).run().exits(78);
        outcome.says("chmod 600").says_not("config check");
    }
    assert_eq!(server.heard().len(), 0);
}

#[test]
fn a_password_file_written_on_windows_gives_the_password() {
    let (home, server) = (Home::new(), server());
    for text in ["secret\r\n", "secret\r", "\u{feff}secret\r\n"] {
        let file = home.write("password", text, 0o600);
        stat(&home, &server).args(["--password-file"]).args([&file]).run().exits(0);
    }
}

#[test]
fn one_line_end_comes_off_what_a_variable_holds() {
    let (home, server) = (Home::new(), server());
    let config = home.write("other.toml", "[account.a]\nserver = 'pop3://h'\n", 0o600);
    for end in ["\n", "\r\n"] {
        for auth in ["user", "plain"] {
            let run = Pop3::new(&home).args(["stat", "--tls", "none", "--auth", auth]);
            run.env("POP3_SERVER", &format!("pop3://{}{end}", server.address))
                .env("POP3_USER", &format!("me{end}"))
                .env("POP3_PASSWORD", &format!("secret{end}"))
                .env("POP3_TLS", &format!("none{end}"))
                .env("POP3_QUIET", &format!("1{end}"))
                .env("POP3_COLOR", &format!("never{end}"))
                .env("POP3_CONFIG", &format!("{}{end}", config.display()))
                .run()
                .exits(0);
        }
    }
    let before = server.heard().len();
    let run =
        Pop3::new(&home).args(["stat", "--tls", "none", "--server", &format!("pop3://{}", server.address)]);
    run.env("POP3_USER", "me\n\n").env("POP3_PASSWORD", "secret").run().exits(64).says("POP3_USER");
    assert_eq!(server.heard().len(), before, "nothing was sent");
}

#[test]
fn a_domain_with_a_tab_in_it_is_refused_by_the_check_and_by_every_command_before_anything_is_sent() {
    let (home, server) = (Home::new(), server());
    let configure = |user: &str| {
        let address = server.address;
        home.configure(&format!(
            "[account.work]\nserver = 'pop3://{address}'\ntls = 'none'\nuser = {user}\n"
        ));
    };
    configure("\"CORP\\tim\"");
    let check = Pop3::new(&home).args(["config", "check"]).run().exits(78).text();
    assert!(check.contains(":4:") && check.contains("single quotes"), "{check}");
    configure("\"CORP\\smith\"");
    let check = Pop3::new(&home).args(["config", "check"]).run().exits(78).text();
    assert!(check.contains(":4:"), "{check}");
    configure("\"CORP\\tim\"");
    for command in [&["stat"][..], &["fetch", "--to", "maildir:m"], &["list"], &["check"], &["auth", "login"]]
    {
        let outcome = Pop3::new(&home).args(command).env("POP3_PASSWORD", "secret").run().exits(78);
        outcome.says("control character").says("single quotes");
    }
    let flag = Pop3::new(&home).args(["stat", "--user", "CORP\tim"]).env("POP3_PASSWORD", "secret").run();
    assert_eq!((flag.code, server.heard().len()), (64, 0), "{}", flag.stderr);
    configure("'CORP\\tim'");
    Pop3::new(&home).args(["stat"]).env("POP3_PASSWORD", "secret").run();
    assert!(
        server.heard().iter().any(|line| line == "AUTH PLAIN AENPUlBcdGltAHNlY3JldA=="),
        "{:?}",
        server.heard()
    );
}

#[test]
fn a_netrc_that_is_shared_with_other_programs_gives_our_password() {
    let (home, server) = (Home::new(), server());
    let ours = "machine 127.0.0.1\n  login me\n  password secret\n";
    let heroku = "machine api.heroku.com\n  login me\n  password x\n  method interactive\n";
    for text in [
        format!("{heroku}{ours}"),
        format!("{ours}{heroku}"),
        format!("\u{feff}{ours}"),
        format!("{heroku}{ours}").replace('\n', "\r\n"),
        format!("# mine\n{ours}  account x\n"),
    ] {
        home.write(".netrc", &text, 0o600);
        stat(&home, &server).run().exits(0);
    }
    home.write(".netrc", heroku, 0o600);
    stat(&home, &server).run().exits(77).says_not("makes no sense");
}

#[test]
fn a_netrc_gives_a_password_only_where_host_and_login_are_there_and_fit() {
    let (home, server) = (Home::new(), server());
    for text in [
        "default login me password secret\n",
        "machine 127.0.0.1 password secret\n",
        "machine 127.0.0.1 login you password secret\n",
        "machine 127.0.0.2 login me password secret\n",
    ] {
        home.write(".netrc", text, 0o600);
        stat(&home, &server).run().exits(77);
    }
    assert!(!server.heard().iter().any(|line| line.starts_with("PASS") || line.starts_with("AUTH")));
}

#[test]
fn an_accounts_secrets_do_not_go_to_another_server_that_is_named_beside_it() {
    let (home, server) = (Home::new(), server());
    let own = "pop3s://mail.example.invalid";
    home.configure(&format!(
        "[account.work]\nserver = '{own}'\nuser = 'me'\npassword = 'secret'\n\
         [account.command]\nserver = '{own}'\nuser = 'me'\npassword-command = 'echo secret'\n\
         [account.token]\nserver = '{own}'\nuser = 'me'\nauth = 'xoauth2'\npassword-command = 'echo ya29'\n"
    ));
    let elsewhere = format!("pop3://{}", server.address);
    for name in ["work", "command", "token"] {
        let run = Pop3::new(&home).args(["stat", "--tls", "none", "-a", name, "-s", &elsewhere]);
        run.run().exits(77).says("only to its own server");
        let run = Pop3::new(&home).args(["stat", "--tls", "none"]);
        run.env("POP3_ACCOUNT", name)
            .env("POP3_SERVER", &elsewhere)
            .run()
            .exits(77)
            .says("only to its own server");
    }
    assert!(!server.heard().iter().any(|line| line.starts_with("PASS") || line.starts_with("AUTH")));
    // What is said for this run goes along, with the account's user name.
    let run = Pop3::new(&home).args(["stat", "--tls", "none", "-a", "work", "-s", &elsewhere]);
    run.env("POP3_PASSWORD", "secret").run().exits(0);
}

#[test]
fn a_stored_password_goes_to_no_other_port_of_its_host() {
    let (home, server, other) = (Home::new(), server(), server());
    let login = Pop3::new(&home).args(["auth", "login", "--tls", "none", "--server", &url(&server)]);
    login.env("POP3_PASSWORD", "secret").run().exits(0);
    stat(&home, &server).run().exits(0);
    stat(&home, &other).run().exits(77);
    home.configure(&format!("[account.work]\nserver = '{}'\ntls = 'none'\n", url(&server)));
    Pop3::new(&home).args(["auth", "login"]).env("POP3_PASSWORD", "secret").run().exits(0);
    Pop3::new(&home).args(["stat"]).run().exits(0);
    home.configure(&format!("[account.work]\nserver = '{}'\ntls = 'none'\n", url(&other)));
    Pop3::new(&home).args(["stat"]).run().exits(77).says("pop3 auth login -a work");
    assert!(!other.heard().iter().any(|line| line.starts_with("PASS") || line.starts_with("AUTH")));
}
