//! Delivery into a program that fails: the message waits on the server, the others come.

use crate::support::pop3::Outcome;
use crate::support::stage::{STORES, Stage, letters, padded};
use pop3::server::{Behaviour, Fault, Message, Pipelining};

/// A maildrop of three, the second large enough to fill any pipe.
fn stage() -> Stage {
    let messages: [Message; 3] = [padded(1, 0), padded(2, 400_000), padded(3, 0)];
    Stage::new(STORES[0], messages, Behaviour::default())
}

fn fetch(stage: &Stage, command: &str) -> Outcome {
    stage.pop3("fetch").args(["--keep", "none", "--to", &format!("command:{command}")]).run()
}

/// How often each of the three letters stands in what the programs collected.
fn collected(stage: &Stage) -> [usize; 3] {
    let all = std::fs::read_to_string(stage.home.join("all")).unwrap_or_default();
    [1, 2, 3].map(|number| all.matches(&format!("\nend of {number}\n")).count())
}

#[test]
fn a_refused_message_stays_on_the_server_and_comes_once_it_is_taken() {
    for way in ["exit 75", "exit 1", "kill -9 $$"] {
        let stage = stage();
        let command = format!("cat >part; if grep -q 'letter 2' part; then {way}; fi; cat part >>all");
        for _ in 0..2 {
            fetch(&stage, &command).exits(75);
            assert_eq!((collected(&stage), stage.server.maildrop().len()), ([1, 0, 1], 1), "{way}");
        }
        fetch(&stage, "cat >>all").exits(0);
        assert_eq!((collected(&stage), stage.server.maildrop().len()), ([1, 1, 1], 0), "{way}");
    }
}

/// A typing error is no fault of the messages: none has failed, and all are there the next time.
#[test]
fn a_program_that_is_not_there_fails_the_run_and_no_message() {
    let stage = stage();
    let outcome = fetch(&stage, "no-such-program").exits(73);
    assert!(outcome.stderr.contains("is it installed, and in PATH?"), "{outcome:?}");
    assert_eq!((stage.server.count("DELE"), stage.server.maildrop().len()), (0, 3));
    // One message alone that ends so holds up no other.
    let command = "cat >part; if grep -q 'letter 2' part; then exec no-such-program; fi; cat part >>all";
    fetch(&stage, command).exits(75);
    assert_eq!((collected(&stage), stage.server.maildrop().len()), ([1, 0, 1], 1));
    fetch(&stage, "cat >>all").exits(0);
    assert_eq!((collected(&stage), stage.server.maildrop().len()), ([1, 1, 1], 0));
}

/// The session that retrieved a refused message must not end by QUIT where that takes it away; what the
/// program took is deleted all the same, in a session that retrieves nothing.
#[test]
fn a_server_that_takes_away_what_was_retrieved_still_has_what_the_program_refused() {
    let stage = stage();
    stage.server.set_behaviour(Behaviour { pops: true, ..Behaviour::default() });
    let command = "cat >part; if grep -q 'letter 2' part; then exit 75; fi; cat part >>all";
    fetch(&stage, command).exits(75);
    assert_eq!((collected(&stage), stage.server.maildrop().len()), ([1, 0, 1], 1), "{:?}", stage.said());
    assert_eq!((stage.server.count("DELE"), stage.server.count("QUIT")), (2, 1), "{:?}", stage.said());
    fetch(&stage, "cat >>all").exits(0);
    assert_eq!((collected(&stage), stage.server.maildrop().len()), ([1, 1, 1], 0));
}

#[test]
fn a_program_that_reads_nothing_and_fails_blocks_nobody() {
    let stage = stage();
    fetch(&stage, "exit 75").exits(75);
    fetch(&stage, "head -c 10 >/dev/null; exit 1").exits(75);
    fetch(&stage, "exec 0<&-; exit 1").exits(75);
    assert_eq!((stage.server.count("DELE"), stage.server.maildrop().len()), (0, 3));
    fetch(&stage, "cat >>all").exits(0);
    assert_eq!((collected(&stage), stage.server.maildrop().len()), ([1, 1, 1], 0));
}

#[test]
fn a_program_that_reads_little_and_succeeds_has_the_last_word() {
    let stage = stage();
    fetch(&stage, "head -c 10 >>all").exits(0);
    assert_eq!(stage.server.maildrop().len(), 0);
}

#[test]
fn what_a_program_says_is_no_data_of_ours() {
    let stage = stage();
    let outcome = fetch(&stage, "echo aloud; cat >>all").exits(0);
    assert!(outcome.stdout.is_empty(), "{outcome:?}");
    assert!(outcome.stderr.contains("aloud"));
}

#[test]
fn a_message_cut_on_the_wire_never_reaches_the_program() {
    let faulty = Behaviour { pipelining: Pipelining::Unannounced, ..Behaviour::default() };
    let faulty = faulty.with_fault(Fault::cut_in(2, 100));
    let stage = Stage::new(STORES[0], letters(3), faulty);
    let run = |code| stage.pop3("fetch").args(["--to", "command:cat >>all"]).run().exits(code);
    run(75);
    assert_eq!(collected(&stage), [1, 0, 1]);
    stage.heal();
    let to = ["--retry", "all", "--to", "command:cat >>all"];
    stage.pop3("problems").args(to).run().exits(0);
    run(0);
    run(0);
    assert_eq!(collected(&stage), [1, 1, 1]);
}
