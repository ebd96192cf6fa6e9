//! A small disk that only the runs of one test see: a tmpfs in a mount namespace of its own, which ends with
//! the process that holds it.

use super::{is_root, tool};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Mounts a tmpfs of size `$1` on the folder `$0`, says so, and waits until its standard input is closed.
const HOLD: &str = r#"mount -t tmpfs -o "size=$1,mode=755" tmpfs "$0" && echo mounted && read -r _"#;

/// See the module.
pub(crate) struct PrivateDisk {
    holder: Child,
    folder: PathBuf,
}

impl PrivateDisk {
    /// Mounts a disk of that size (as mount(8) writes sizes) on a folder.
    pub(crate) fn on(folder: PathBuf, size: &str) -> PrivateDisk {
        assert!(is_root(), "these tests mount a small disk: tests/run skips them for others than root");
        fs::create_dir_all(&folder).unwrap();
        let mut holder = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", HOLD])
            .arg(&folder)
            .arg(size)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "mounted\n");
        PrivateDisk { holder, folder }
    }

    /// The folder, as a run inside the namespace names it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What runs a program inside the namespace, in front of that program's name and arguments. Its working
    /// folder is the root.
    pub(crate) fn wrapper(&self) -> [String; 2] {
        ["nsenter".to_owned(), format!("--mount=/proc/{}/ns/mnt", self.holder.id())]
    }

    /// A path on the disk, as the test itself reaches it.
    pub(crate) fn seen(&self, name: &str) -> PathBuf {
        let inside = self.folder.join(name);
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(inside.strip_prefix("/").unwrap())
    }

    /// Changes the size of the disk; what is on it stays.
    pub(crate) fn resize(&self, size: &str) {
        let [nsenter, namespace] = self.wrapper();
        let options = format!("remount,size={size}");
        tool(Command::new(nsenter).arg(namespace).args(["mount", "-o", &options]).arg(&self.folder));
    }
}

impl Drop for PrivateDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
