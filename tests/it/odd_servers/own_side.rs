//! What is wrong on this side of the wire.

use crate::support::odd::{Account, Healthy, at_both, letters};
use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};

/// Another process that holds a file by fcntl.
struct Holder(Child);

impl Holder {
    fn of(path: &std::path::Path) -> Holder {
        let script = "import fcntl,sys,time\nf=open(sys.argv[1],'a')\nfcntl.lockf(f,fcntl.LOCK_EX)\n\
                      print('held',flush=True)\ntime.sleep(170)";
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(path).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut word = [0; 4];
        child.stdout.as_mut().unwrap().read_exact(&mut word).unwrap();
        Holder(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `mbox-locked`: it is the mbox that is busy, and nobody's connection is lost.
#[test]
fn an_mbox_that_another_program_holds_is_tried_later_and_not_called_a_lost_connection() {
    at_both(|has_pipelining| {
        let account = Account::new("mbox-locked", letters(5), has_pipelining, Healthy).into("mbox:in");
        fs::write(account.home.join("in"), "").unwrap();
        let holder = Holder::of(&account.home.join("in"));
        let runs = [account.fetch()];
        assert_eq!(runs[0].outcome.code, 75, "{}", account.told(&runs));
        let said = runs[0].outcome.stderr.to_lowercase();
        let is_astray =
            ["lost", "dropped", "connection", "one at a time"].iter().any(|words| said.contains(words));
        assert!(!is_astray, "{said}");
        for number in 1..=5 {
            assert!(account.server.count(&format!("RETR {number}")) <= 1, "{}", account.server.told());
        }
        assert!(account.server.sign_ins() <= 1, "{}", account.server.told());
        assert_eq!(account.server.count("DELE"), 0);
        drop(holder);
        account.brings(2, 1..=5);
    });
}
