//! For tests only: conditions that must be real. A disk that is full after 256 KiB; a user whom file modes
//! stop.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

const CHILD: &str = "POP3_TEST_CONDITION_HOLDS";
const DISK: &str = "POP3_TEST_SMALL_DISK";
const NOBODY: u32 = 65534;

/// Runs `body` in a folder where writing soon fails: on a small tmpfs where one may be mounted, else
/// where files may not grow any further. It has a process of its own (the test `name` alone): a
/// program that another test is just starting would hold our files open, and their room with them.
pub(super) fn on_a_small_disk(name: &str, body: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    if std::env::var_os(CHILD).is_some() {
        let disk = std::env::var_os(DISK);
        return body(disk.as_deref().map_or(folder.path(), Path::new));
    }
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .status();
    if mounted.is_ok_and(|status| status.success()) {
        let _mounted = Unmount(folder.path());
        return rerun(Command::new(std::env::current_exe().unwrap()).env(DISK, folder.path()), name);
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 256; exec \"$0\" \"$@\""]);
    rerun(shell.arg(std::env::current_exe().unwrap()), name);
}

/// Runs `body` as an ordinary user: root, whom modes do not stop, has a child do it (the test
/// `name` alone) as nobody.
pub(super) fn without_privileges(name: &str, body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some() || !rustix::process::geteuid().is_root() {
        return body();
    }
    // Nobody may not be let into the folder that the test was built in.
    let folder = tempfile::Builder::new().permissions(mode(0o755)).tempdir().unwrap();
    let program = folder.path().join("test");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::set_permissions(&program, mode(0o755)).unwrap();
    rerun(Command::new(program).uid(NOBODY).gid(NOBODY).current_dir("/"), name);
}

fn mode(bits: u32) -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}

fn rerun(program: &mut Command, name: &str) {
    let output = program.args(["--exact", name]).env(CHILD, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l".as_ref(), self.0.as_os_str()]).status();
    }
}
