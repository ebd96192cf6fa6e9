//! What the tests stand on: real servers, mail of all hard kinds, and the binary in a box.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

pub(crate) mod authority;
pub(crate) mod bound;
pub(crate) mod browser;
pub(crate) mod certificates;
pub(crate) mod corpus;
pub(crate) mod cyrus;
pub(crate) mod delivered;
pub(crate) mod dovecot;
pub(crate) mod keyring;
pub(crate) mod mounts;
pub(crate) mod odd;
pub(crate) mod oidc;
pub(crate) mod peers;
pub(crate) mod pop3;
pub(crate) mod popa3d;
pub(crate) mod raw;
pub(crate) mod schema;
pub(crate) mod scripted;
pub(crate) mod search;
pub(crate) mod socks;
pub(crate) mod stage;
pub(crate) mod trust;
pub(crate) mod web;

/// A maildrop on a real server, seen from both sides: as a client reaches it and as the server stores it.
pub(crate) trait Maildrop {
    /// Where to connect without encryption.
    fn address(&self) -> SocketAddr;
    fn user(&self) -> &str;
    fn password(&self) -> &str;
    /// Lays a message into the maildrop, behind those already there.
    fn put(&mut self, message: &[u8]);
    /// How many messages the server still stores.
    fn left(&self) -> usize;

    /// The flags with which the binary reaches this maildrop in the clear.
    fn plain(&self) -> Vec<String> {
        vec!["--server".into(), self.url("pop3"), "--tls".into(), "none".into()]
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}@{}", self.user(), self.address())
    }
}

/// Runs the same test against each real server, under a name that says which.
macro_rules! on_each_server {
    ($(fn $name:ident($maildrop:ident: &mut dyn Maildrop) $body:block)+) => {
        $(fn $name($maildrop: &mut dyn $crate::support::Maildrop) $body)+

        mod on_dovecot {
            $(#[test] fn $name() { super::$name(&mut $crate::support::dovecot::maildrop()); })+
        }

        mod on_popa3d {
            $(#[test] fn $name() { super::$name(&mut $crate::support::popa3d::Popa3d::start()); })+
        }
    };
}
pub(crate) use on_each_server;

/// Runs a tool that the tests cannot do without, and fails with what it said.
pub(crate) fn tool(command: &mut std::process::Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("could not run {command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Opens a folder or a program to the server's own users: temporary folders are private to the one who made them.
pub(crate) fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Calls `test` with each case, on as many threads as the machine has processors.
pub(crate) fn in_parallel<T: Send>(cases: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    let cases: Mutex<VecDeque<T>> = Mutex::new(cases.into_iter().collect());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = cases.lock().unwrap().pop_front();
                    let Some(case) = next else { return };
                    test(case);
                }
            });
        }
    });
}

/// An address on loopback that nobody listens at.
pub(crate) fn free_address() -> SocketAddr {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

/// Whether the tests run as root, who may give files away and start servers as other users.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
