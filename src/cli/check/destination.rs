//! Where an account delivers to: whether it could be written to, and whether a command's program is there.
//! Nothing is created, opened for writing or locked.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pop3::account::Account;
use pop3::error::{Error, Kind};
use pop3::store::Spec;
use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use super::finding::Finding;

/// The folders of a Maildir.
const PARTS: [&str; 3] = ["cur", "new", "tmp"];

/// The findings about an account's destination; none if it has no destination.
///
/// # Errors
/// [`Kind::Create`]: nothing could be delivered there.
pub(super) fn examine(account: &Account) -> Result<Vec<Finding>, Error> {
    match &account.deliver {
        None => Ok(Vec::new()),
        Some(Spec::Maildir(path)) => maildir(path).map(|finding| vec![finding]),
        Some(Spec::Mbox(path)) => mbox(path),
        Some(Spec::Command(line)) => command(line).map(|finding| vec![finding]),
    }
}

fn good(says: String) -> Finding {
    Finding::good("destination", says)
}

fn unusable(path: &Path, why: io::Error) -> Error {
    Error::new(Kind::Create, format!("could not deliver into {}", path.display())).because(why)
}

/// Fails unless this user has that access to a file or a folder.
fn may(path: &Path, what: Access) -> Result<(), Error> {
    access(path, what).map_err(|errno| unusable(path, errno.into()))
}

fn maildir(path: &Path) -> Result<Finding, Error> {
    let shown = path.display();
    if !exists(path)? {
        may_be_created(path)?;
        return Ok(good(format!("maildir:{shown} is not there yet: fetch creates it")));
    }
    if !path.is_dir() {
        return Err(unusable(path, Errno::NOTDIR.into()));
    }
    if PARTS.iter().all(|part| path.join(part).is_dir()) {
        ["tmp", "new"]
            .iter()
            .try_for_each(|part| may(&path.join(part), Access::WRITE_OK | Access::EXEC_OK))?;
        return Ok(good(format!("maildir:{shown} can be written to")));
    }
    for entry in fs::read_dir(path).map_err(|error| unusable(path, error))? {
        let name = entry.map_err(|error| unusable(path, error))?.file_name();
        if !PARTS.iter().any(|part| name == *part) {
            let why = io::Error::other("the folder contains other files, and no cur, new and tmp");
            return Err(unusable(path, why).hint("name an empty or a new folder"));
        }
    }
    may(path, Access::WRITE_OK | Access::EXEC_OK)?;
    Ok(good(format!("maildir:{shown} is an empty folder: fetch makes a Maildir of it")))
}

fn mbox(path: &Path) -> Result<Vec<Finding>, Error> {
    let shown = path.display();
    if !exists(path)? {
        may_be_created(path)?;
        return Ok(vec![good(format!("mbox:{shown} is not there yet: fetch creates it"))]);
    }
    if path.is_dir() {
        return Err(unusable(path, Errno::ISDIR.into()).hint(format!("for a Maildir write maildir:{shown}")));
    }
    may(path, Access::READ_OK | Access::WRITE_OK)?;
    let mut findings = vec![good(format!("mbox:{shown} can be written to"))];
    if let Some(holder) = lock_on(path) {
        let says = format!("mbox:{shown} is locked just now, by {holder}");
        findings.push(Finding::warning("destination", says).hint(
            "a fetch waits for it, and tries again later; if no other program uses the mbox, remove the lock",
        ));
    }
    Ok(findings)
}

/// What holds a lock on an mbox at this moment.
fn lock_on(path: &Path) -> Option<String> {
    let mut dot_lock = path.as_os_str().to_owned();
    dot_lock.push(".lock");
    let dot_lock = PathBuf::from(dot_lock);
    if dot_lock.symlink_metadata().is_ok() {
        return Some(format!("the file {}", dot_lock.display()));
    }
    // Only asks who holds the lock. Opening a FIFO would wait for its writer.
    let file = path.is_file().then(|| File::open(path).ok())??;
    let holder = fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).ok()??;
    Some(match holder.pid {
        Some(process) => format!("process {}", process.as_raw_nonzero()),
        None => "another program".to_owned(),
    })
}

/// The program of a command, looked up by the shell as for a delivery.
fn command(line: &str) -> Result<Finding, Error> {
    // Assignments to variables come first, and may contain a secret.
    let word = line.split_whitespace().find(|word| !word.contains('='));
    let is_plain =
        |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._+-~".contains(&byte));
    let Some(program) = word.filter(is_plain).filter(|word| !word.starts_with('~')) else {
        return Ok(Finding::note(
            "destination",
            "the command was not looked at: the shell makes something of it",
        ));
    };
    let found = Command::new("sh")
        .args(["-c", r#"command -v -- "$1""#, "sh", program])
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let failed = |why: io::Error| {
        Error::new(Kind::Create, format!("could not find the program {program} of the command")).because(why)
    };
    match found {
        Ok(status) if status.success() => Ok(good(format!("the command's program {program} is there"))),
        Ok(_) => Err(failed(io::Error::other("it is not in PATH")).hint("is it installed, and in PATH?")),
        Err(error) => Err(failed(error)),
    }
}

/// Whether something exists there.
fn exists(path: &Path) -> Result<bool, Error> {
    path.try_exists().map_err(|error| unusable(path, error))
}

/// Fails unless the nearest existing folder above `path` can be written to.
fn may_be_created(path: &Path) -> Result<(), Error> {
    let path = std::path::absolute(path).map_err(|error| unusable(path, error))?;
    for folder in path.ancestors().skip(1) {
        if !exists(folder)? {
            continue;
        }
        if !folder.is_dir() {
            return Err(unusable(folder, Errno::NOTDIR.into()));
        }
        return may(folder, Access::WRITE_OK | Access::EXEC_OK);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_delivered_into_is_told_from_what_cannot() {
        let home = tempfile::tempdir().expect("a folder");
        let path = |name: &str| home.path().join(name);
        fs::write(path("file"), "").expect("a file");
        fs::create_dir_all(path("other/things")).expect("a folder");
        PARTS.iter().for_each(|part| fs::create_dir_all(path("md").join(part)).expect("a folder"));
        let says = |finding: Result<Finding, Error>| {
            finding.map(|finding| finding.says).map_err(|error| error.kind())
        };
        let (maildir, mbox) =
            (|name| says(maildir(&path(name))), |name| says(mbox(&path(name)).map(|mut all| all.remove(0))));
        assert!(maildir("md").expect("a Maildir").ends_with("can be written to"));
        assert!(maildir("new/folder").expect("nothing yet").contains("not there yet"));
        assert!(mbox("file").expect("a file").ends_with("can be written to"));
        assert!(mbox("new/file").expect("nothing yet").contains("not there yet"));
        for refused in
            [maildir("file"), maildir("other"), maildir("file/below"), mbox("md"), mbox("file/below")]
        {
            assert_eq!(refused, Err(Kind::Create));
        }
    }

    #[test]
    fn a_command_is_judged_by_its_program() {
        let kind = |line| command(line).map(|_| ()).map_err(|error| error.kind());
        for line in
            ["cat", "cat >> ~/all", "LC_ALL=C exec cat", "/bin/sh -c true", "\"$HOME/bin/take\" it", "~/x"]
        {
            assert_eq!(kind(line), Ok(()), "{line}");
        }
        for line in ["no-such-program-at-all -x", "A=b no-such-program-at-all", "/no/such/program"] {
            assert_eq!(kind(line), Err(Kind::Create), "{line}");
        }
    }
}
