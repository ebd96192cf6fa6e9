//! Password sources, each asked for real.

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::safe::SecretKind;
use crate::transport::Target;

fn server() -> Target {
    Target::Tcp { host: "pop.example.com".to_owned(), port: 995 }
}

fn owner(server: &Target) -> Owner<'_> {
    Owner { account: "work", user: "me", server }
}

fn wanted(server: &Target) -> Wanted<'_> {
    Wanted { owner: owner(server), in_the_clear: false, timeout: LONGEST }
}

/// Asks `source` in the surroundings of `home`, with nobody at a terminal.
fn obtain(source: &PasswordSource, home: &Path) -> Result<Vec<u8>> {
    let environment = Environment::artificial(Some(home), []);
    source.obtain(wanted(&server()), &environment, |_| Ok(None)).map(|secret| secret.expose().to_vec())
}

fn command(text: &str) -> Result<Vec<u8>> {
    obtain(&PasswordSource::Command(text.to_owned()), Path::new("/nonexistent"))
}

/// A file of that content and mode in a fresh folder, which lives as long as the first of the pair.
fn file(name: &str, content: impl AsRef<[u8]>, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

fn told(error: &Error) -> String {
    super::super::values::causes(error)
}

#[test]
fn a_command_gives_its_first_line() {
    assert_eq!(command("echo sesame").unwrap(), b"sesame");
    assert_eq!(command("printf 'open sesame\\r\\nuser: me\\n'").unwrap(), b"open sesame");
    assert_eq!(command("printf '\\344\\377'").unwrap(), b"\xe4\xff");
}

#[test]
fn a_failing_command_is_told_by_its_exit_status_and_not_by_its_text() {
    let error = command("echo hunter2; exit 3").unwrap_err();
    assert_eq!(error.kind(), Kind::NoCredentials);
    assert_eq!(
        told(&error),
        "could not get the password of me@pop.example.com: the password command ended with exit status: 3"
    );
    assert!(told(&command("kill -9 $$").unwrap_err()).contains("signal: 9"));
}

#[test]
fn a_command_that_prints_nothing_has_no_password() {
    for text in ["true", "echo", "printf '\\r\\nsecond line'"] {
        assert_eq!(command(text).unwrap_err().kind(), Kind::NoCredentials, "{text}");
    }
}

#[test]
fn an_endless_command_is_stopped() {
    let error = command("yes").unwrap_err();
    assert_eq!(error.kind(), Kind::Data);
    assert!(told(&error).contains("more than 65536 bytes"));
}

#[test]
fn a_file_gives_its_first_line() {
    let (folder, path) = file("secret", "sesame\nmore\n", 0o600);
    assert_eq!(obtain(&PasswordSource::File(path), folder.path()).unwrap(), b"sesame");
}

#[test]
fn a_file_that_others_may_read_is_refused_with_the_cure() {
    for mode in [0o644, 0o640, 0o604, 0o620] {
        let (folder, path) = file("secret", "hunter2\n", mode);
        let error = obtain(&PasswordSource::File(path.clone()), folder.path()).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert_eq!(error.advice(), Some(&crate::advice::Run::CloseFile(path).into()));
        assert!(!told(&error).contains("hunter2"));
    }
}

#[test]
fn an_empty_a_huge_and_a_missing_file_each_have_their_error() {
    let (folder, path) = file("secret", "", 0o600);
    assert_eq!(obtain(&PasswordSource::File(path), folder.path()).unwrap_err().kind(), Kind::NoCredentials);
    let (folder, path) = file("secret", vec![b'x'; LIMIT + 1], 0o600);
    assert_eq!(obtain(&PasswordSource::File(path), folder.path()).unwrap_err().kind(), Kind::Data);
    let error = obtain(&PasswordSource::File(folder.path().join("absent")), folder.path()).unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    assert!(told(&error).contains("absent: No such file"));
}

#[test]
fn standard_input_gives_its_first_line_and_keeps_the_rest() {
    let mut input: &[u8] = b"sesame\r\nlist\n";
    assert_eq!(from_input(&mut input).unwrap().expose(), b"sesame");
    assert_eq!(input, b"list\n");
    assert_eq!(from_input(&b"no line end"[..]).unwrap().expose(), b"no line end");
    assert_eq!(from_input(&b"\nsecond"[..]).unwrap_err().kind(), Kind::NoCredentials);
    assert_eq!(from_input(io::repeat(b'x')).unwrap_err().kind(), Kind::Data);
}

#[test]
fn netrc_in_the_home_folder_is_searched_when_nothing_was_said() {
    let (folder, _) = file(".netrc", "machine pop.example.com login me password sesame\n", 0o600);
    assert_eq!(obtain(&PasswordSource::Search, folder.path()).unwrap(), b"sesame");
}

#[test]
fn what_is_kept_counts_before_netrc_and_is_refused_where_others_may_read_it() {
    let (folder, _) = file(".netrc", "machine pop.example.com login me password sesame\n", 0o600);
    let environment = Environment::artificial(Some(folder.path()), []);
    let safe = environment.safe().unwrap();
    owner(&server()).keep(&safe, &Secret::new("kept")).unwrap();
    assert_eq!(obtain(&PasswordSource::Search, folder.path()).unwrap(), b"kept");
    let path = folder.path().join(".local/state/pop3/work.secret");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(obtain(&PasswordSource::Search, folder.path()).unwrap_err().kind(), Kind::Config);
    safe.remove("work", SecretKind::Password).unwrap();
    assert_eq!(obtain(&PasswordSource::Search, folder.path()).unwrap(), b"sesame");
}

#[test]
fn a_password_that_is_kept_for_another_server_leaves_netrc_and_is_told_without_one() {
    let (folder, path) = file(".netrc", "machine pop.example.com login me password sesame\n", 0o600);
    let safe = Environment::artificial(Some(folder.path()), []).safe().unwrap();
    let other = Target::Tcp { host: "other.example.com".to_owned(), port: 995 };
    owner(&other).keep(&safe, &Secret::new("hunter2")).unwrap();
    assert_eq!(obtain(&PasswordSource::Search, folder.path()).unwrap(), b"sesame");
    fs::remove_file(path).unwrap();
    let error = obtain(&PasswordSource::Search, folder.path()).unwrap_err();
    assert!(told(&error).contains("the password that is kept is for me@other.example.com"), "{error:?}");
    let advice = SignIn::StoreSignIn { account: Some("work".to_owned()) };
    assert_eq!(error.advice(), Some(&advice.into()));
}

#[test]
fn a_netrc_open_to_others_matters_only_when_it_has_our_password() {
    let (folder, path) = file(".netrc", "machine pop.example.com login me password hunter2\n", 0o644);
    let error = obtain(&PasswordSource::Search, folder.path()).unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(error.advice(), Some(&crate::advice::Run::CloseFile(path).into()));
    let (folder, _) = file(".netrc", "machine elsewhere password hunter2\n", 0o644);
    assert_eq!(obtain(&PasswordSource::Search, folder.path()).unwrap_err().kind(), Kind::NoCredentials);
}

#[test]
fn a_broken_entry_of_ours_in_netrc_is_told_by_its_line_with_the_form() {
    let (folder, _) = file(".netrc", "machine pop.example.com\nlogin me password \"hunter2\n", 0o600);
    let error = obtain(&PasswordSource::Search, folder.path()).unwrap_err();
    assert!(told(&error).contains("broken off in line 2"), "{}", told(&error));
    assert_eq!(error.advice(), Some(&SignIn::WriteNetrcEntry.into()));
    assert!(!told(&error).contains("hunter2"));
}

#[test]
fn a_home_that_is_no_folder_has_no_netrc_and_nothing_stored() {
    for home in ["/dev/null", "/proc/self/fdinfo"] {
        let error = obtain(&PasswordSource::Search, Path::new(home)).unwrap_err();
        assert_eq!(error.kind(), Kind::NoCredentials, "{error:?}");
    }
}

#[test]
fn netrc_is_not_sent_in_the_clear_to_another_computer() {
    let netrc =
        "machine pop.example.com login me password hunter2\nmachine 127.0.0.1 login me password here\n";
    let (folder, _) = file(".netrc", netrc, 0o600);
    let environment = Environment::artificial(Some(folder.path()), []);
    let obtain = |server: &Target| {
        let wanted = Wanted { in_the_clear: true, ..wanted(server) };
        PasswordSource::Search.obtain(wanted, &environment, |_| Ok(None))
    };
    let error = obtain(&server()).unwrap_err();
    assert_eq!(error.kind(), Kind::NoCredentials);
    assert!(told(&error).contains("not sent in the clear"), "{}", told(&error));
    assert_eq!(error.advice(), Some(&SignIn::NetrcNeedsTls.into()));
    assert!(!told(&error).contains("hunter2"));
    let here = Target::Tcp { host: "127.0.0.1".to_owned(), port: 110 };
    assert_eq!(obtain(&here).unwrap().expose(), b"here");
}

#[test]
fn a_byte_order_mark_and_a_carriage_return_are_no_part_of_a_password() {
    for text in ["sesame\r", "\u{feff}sesame", "\u{feff}sesame\r\nmore"] {
        let (folder, path) = file("secret", text, 0o600);
        assert_eq!(obtain(&PasswordSource::File(path), folder.path()).unwrap(), b"sesame", "{text:?}");
    }
    let (folder, path) = file("secret", "\u{feff}\r\n", 0o600);
    assert_eq!(obtain(&PasswordSource::File(path), folder.path()).unwrap_err().kind(), Kind::NoCredentials);
}

#[test]
fn a_command_that_hangs_is_told_with_what_may_help() {
    let server = server();
    let wanted = Wanted { timeout: Duration::from_millis(500), ..wanted(&server) };
    let source = PasswordSource::Command("exec sleep 1017".to_owned());
    let error = source.obtain(wanted, &Environment::artificial(None, []), |_| Ok(None)).unwrap_err();
    assert_eq!(error.kind(), Kind::NoCredentials);
    assert!(told(&error).contains("printed nothing within 500ms"), "{}", told(&error));
    assert_eq!(error.advice(), Some(&SignIn::PasswordCommandTooSlow { may_extend: true }.into()));
}

#[test]
fn without_password_and_terminal_it_says_so_at_once() {
    let error = obtain(&PasswordSource::Search, Path::new("/nonexistent")).unwrap_err();
    assert_eq!(error.kind(), Kind::NoCredentials);
    assert_eq!(error.advice(), Some(&SignIn::GivePassword.into()));
    assert!(error.source().is_some_and(|cause| cause.to_string().contains("no terminal")));
}

#[test]
fn a_person_is_asked_for_the_right_account_and_may_type_nothing() {
    let environment = Environment::artificial(None, []);
    let asked = PasswordSource::Search.obtain(wanted(&server()), &environment, |question| {
        assert_eq!(question, "Password of me@pop.example.com: ");
        Ok(Some("typed".to_owned()))
    });
    assert_eq!(asked.unwrap().expose(), b"typed");
    let silent = PasswordSource::Search.obtain(wanted(&server()), &environment, |_| Ok(Some(String::new())));
    let error = silent.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (Kind::NoCredentials, Some(&SignIn::TypePassword.into())));
}

#[test]
fn a_given_password_shows_in_no_debug_form() {
    let source = PasswordSource::Given(Secret::new("hunter2"));
    assert!(!format!("{source:?} {}", source.describe()).contains("hunter2"));
}
