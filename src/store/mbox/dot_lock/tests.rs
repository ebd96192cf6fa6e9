//! Taking the dot-lock, and passing one that nobody holds any more.

use std::time::{Duration, SystemTime};

use super::*;
use crate::error::{Kind, Phase};
use crate::sys::{Stop, host};

const MOMENT: Duration = Duration::from_millis(30);

fn mbox() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let mbox = home.path().join("mbox");
    let lock = home.path().join("mbox.lock");
    (home, mbox, lock)
}

/// A wait that nobody interrupts.
fn wait(timeout: Duration) -> Wait {
    Wait::new(timeout, &Stop::new())
}

/// Puts a lock there and says whether we get past it.
fn passes(text: &str, age: Duration) -> bool {
    let (home, mbox, lock) = mbox();
    fs::write(&lock, text).unwrap();
    let file = File::options().write(true).open(&lock).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
    let taken = DotLock::take(&mbox, &mut wait(MOMENT));
    let passed = taken.is_ok();
    drop(taken);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), usize::from(!passed));
    passed
}

#[test]
fn is_held_until_dropped() {
    let (_home, mbox, lock) = mbox();
    let held = DotLock::take(&mbox, &mut wait(MOMENT)).unwrap().unwrap();
    assert_eq!(fs::read_to_string(&lock).unwrap(), Owner::this().text());
    let error = DotLock::take(&mbox, &mut wait(MOMENT)).unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout(Phase::Lock));
    assert_eq!(error.advice(), Some(&Run::RemoveDotLock(lock.clone()).into()));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.starts_with(&format!("process {} (", std::process::id())), "{cause}");
    drop(held);
    assert!(!lock.exists());
    DotLock::take(&mbox, &mut wait(MOMENT)).unwrap().unwrap();
}

#[test]
fn whoever_sees_the_lock_sees_its_owner_too() {
    let (_home, mbox, lock) = mbox();
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| {
            for _ in 0..300 {
                drop(DotLock::take(&mbox, &mut wait(MOMENT)).unwrap());
            }
        });
        while !holder.is_finished() {
            if let Ok(text) = fs::read_to_string(&lock) {
                assert_eq!(text, Owner::this().text());
            }
        }
    });
}

#[test]
fn a_file_system_that_cannot_name_a_file_later_has_a_lock_all_the_same() {
    let (_home, _, lock) = mbox();
    drop(create_and_write(&lock).unwrap());
    assert_eq!(fs::read_to_string(&lock).unwrap(), Owner::this().text());
    assert_eq!(create_and_write(&lock).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn waits_for_its_release() {
    let (_home, mbox, _) = mbox();
    let held = DotLock::take(&mbox, &mut wait(MOMENT)).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| DotLock::take(&mbox, &mut wait(Duration::from_secs(20))));
        std::thread::sleep(MOMENT);
        drop(held);
        assert!(waiting.join().unwrap().unwrap().is_some());
    });
}

#[test]
fn only_forgotten_locks_are_passed() {
    let (now, old) = (Duration::ZERO, Duration::from_secs(400));
    let (me, host) = (std::process::id(), host::name());
    for (text, age, expected) in [
        (format!("{me}:{host}\n"), now, false),
        (format!("{}:{host}\n", i32::MAX), now, true),
        (format!("{me}:elsewhere.example\n"), now, false),
        (String::new(), now, false),
        (String::new(), old, true),
        // Left by this very process: nobody holds it.
        (Owner::this().text(), now, true),
    ] {
        assert_eq!(passes(&text, age), expected, "{text:?} {age:?}");
    }
}

/// In another container with this machine's name nobody sees the holder's process, but the kernel is the same.
#[test]
fn a_lock_of_ours_that_is_held_is_never_passed_whatever_its_text_says() {
    let (_home, mbox, lock) = mbox();
    let held = DotLock::take(&mbox, &mut wait(MOMENT)).unwrap().unwrap();
    fs::write(&lock, format!("{}:{}\n", i32::MAX, host::name())).unwrap();
    assert!(DotLock::take(&mbox, &mut wait(MOMENT)).is_err());
    drop(held);
    assert!(!lock.exists());
}

#[test]
fn a_forgotten_lock_goes_once_however_many_find_it() {
    let (home, mbox, lock) = mbox();
    for _ in 0..50 {
        fs::write(&lock, format!("{}:{}\n", i32::MAX, host::name())).unwrap();
        let held = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let taken = DotLock::take(&mbox, &mut wait(Duration::from_secs(20))).unwrap();
                    assert_eq!(held.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                    held.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    drop(taken);
                });
            }
        });
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_lock_that_became_anothers_is_left() {
    let (_home, mbox, lock) = mbox();
    let held = DotLock::take(&mbox, &mut wait(MOMENT)).unwrap();
    fs::rename(&lock, lock.with_extension("away")).unwrap();
    fs::write(&lock, "another").unwrap();
    drop(held);
    assert_eq!(fs::read(&lock).unwrap(), b"another");
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let error = DotLock::take(Path::new("/nowhere/mbox"), &mut wait(MOMENT)).unwrap_err();
    assert_eq!(error.to_string(), "could not create /nowhere/mbox.lock");
}
