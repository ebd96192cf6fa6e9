//! `--json`: every line of every command is an object as the schema says, results on stdout, errors and warnings on
//! stderr. `support/schema.rs` compares the lines of every run with the schema; here is what they tell.

use std::collections::BTreeSet;

use pop3::server::{Behaviour, Fault, Message};
use serde_json::{Value, json};

use crate::support::pop3::{Home, Outcome, Pop3};
use crate::support::schema::{schema, types};
use crate::support::stage::{STORES, Stage, letter, letters};

fn stage(messages: impl IntoIterator<Item = Message>) -> Stage {
    Stage::new(STORES[0], messages, Behaviour::default())
}

fn names(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["type"].as_str().unwrap()).collect()
}

/// The only object of a run that went well and said nothing else.
fn only(outcome: &Outcome) -> Value {
    assert_eq!(outcome.stderr, "");
    let mut objects = outcome.objects();
    assert_eq!(objects.len(), 1, "{objects:?}");
    objects.remove(0)
}

/// The error of a run that printed nothing else.
fn error(outcome: &Outcome) -> Value {
    assert!(outcome.stdout.is_empty(), "{}", outcome.text());
    let mut said = outcome.talk();
    assert_eq!(names(&said), ["error"], "{}", outcome.stderr);
    assert_eq!(said[0]["exit"], outcome.code);
    said.remove(0)
}

#[test]
fn the_schema_is_one_and_describes_every_type_and_member() {
    assert!(jsonschema::meta::is_valid(schema()));
    assert_eq!(schema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let described = |one: &Value, path: &str| {
        assert!(one["description"].as_str().is_some_and(|text| !text.is_empty()), "{path}: no description");
    };
    let each = schema()["oneOf"].as_array().unwrap();
    assert_eq!(each.len(), types().len(), "two types of one name");
    for one in each {
        let name = one["properties"]["type"]["const"].as_str().unwrap();
        described(one, name);
        assert_eq!(one["additionalProperties"], false, "{name}");
        let required: Vec<_> = one["required"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert!(
            ["\"type\"", "\"time\""].iter().all(|member| required.iter().any(|one| one == member)),
            "{name}"
        );
        for (member, one) in one["properties"].as_object().unwrap() {
            if member != "type" && one.get("$ref").is_none() {
                described(one, &format!("{name}.{member}"));
            }
        }
    }
    for (name, one) in schema()["$defs"].as_object().unwrap() {
        described(one, name);
        one["oneOf"].as_array().into_iter().flatten().for_each(|value| described(value, name));
    }
}

#[test]
fn a_member_that_the_schema_does_not_know_is_a_mistake() {
    let stat = json!({"time": "2026-11-27T01:02:03.456Z", "type": "stat", "account": "a", "messages": 1, "octets": null});
    let whole = jsonschema::validator_for(schema()).unwrap();
    assert!(whole.is_valid(&stat));
    for (member, value) in
        [("more", json!(1)), ("octets", json!("1")), ("type", json!("stats")), ("time", Value::Null)]
    {
        let mut wrong = stat.clone();
        wrong[member] = value;
        assert!(!whole.is_valid(&wrong), "{wrong}");
    }
    let mut wrong = stat;
    wrong.as_object_mut().unwrap().remove("octets");
    assert!(!whole.is_valid(&wrong), "{wrong}");
}

#[test]
fn commands_about_mail_print_their_results_and_nothing_else() {
    let stage = stage([letter(1), letter(2).with_unique_id("b")]);
    let octets: usize = [letter(1), letter(2)].iter().map(|letter| letter.bytes().len()).sum();
    let run = |words: &[&str]| stage.asks(words).args(["--json"]).run().exits(0);
    let listed = run(&["list"]).objects();
    assert_eq!(names(&listed), ["list", "list"]);
    assert_eq!(listed[0]["subject"], "letter 1");
    assert_eq!((&listed[0]["from"], &listed[0]["state"]), (&json!("a@example.org"), &json!("new")));
    assert_eq!(listed[0]["date"], "2024-02-05T10:00:00Z");
    let stat = only(&run(&["stat"]));
    assert_eq!((&stat["messages"], &stat["octets"]), (&json!(2), &json!(octets)));
    let uidl = only(&run(&["uidl", "2"]));
    assert_eq!((&uidl["number"], &uidl["unique_id"]), (&json!(2), &json!("b")));
    let capa = run(&["capa"]).objects();
    assert_eq!([&capa[0]["when"], &capa[1]["when"]], ["before_sign_in", "after_sign_in"]);
    assert!(capa[0]["capabilities"].as_array().unwrap().contains(&json!("UIDL")), "{capa:?}");
    let noop = only(&run(&["noop"]));
    assert_eq!((&noop["user"], &noop["encrypted"]), (&json!("demo"), &json!(false)));
    let retr = only(&run(&["retr", "1", "-o", "one.eml"]));
    assert_eq!(retr["number"], 1);
    assert!(retr["file"].as_str().unwrap().ends_with("one.eml"), "{retr}");
    assert_eq!(std::fs::read(stage.home.join("one.eml")).unwrap(), letter(1).bytes());
    assert!(names(&run(&["check"]).objects()).iter().all(|name| *name == "check"));
    let dele = only(&run(&["dele", "2", "--yes"]));
    assert_eq!(dele["numbers"], json!([2]));
    stage.server.set_behaviour(Behaviour { last: true, ..Behaviour::default() });
    assert_eq!(only(&run(&["last"]))["last"], 0);
}

#[test]
fn a_run_tells_each_step_as_it_happens() {
    let stage = stage(letters(2));
    let steps = stage.fetching(&["--dry-run", "--json", "--quiet"]).run().exits(0).objects();
    assert_eq!(names(&steps), ["step", "step"]);
    let run = stage.fetch(&["--json", "--keep", "none"]).exits(0);
    assert_eq!(run.stderr, "");
    let objects = run.objects();
    let names: Vec<_> = names(&objects).into_iter().filter(|name| *name != "received").collect();
    let one = ["started", "fetched"];
    let expected =
        [&["connected", "signed_in", "planned"][..], &one, &one, &["committed", "deleted", "finished"]];
    assert_eq!(names, expected.concat());
    let finished = objects.last().unwrap();
    assert_eq!((&finished["fetched"], &finished["deleted"]), (&json!(2), &json!(2)));
    let account = &objects[0]["account"];
    assert!(objects.iter().all(|object| object["account"] == *account), "{objects:?}");
}

#[test]
fn commands_about_what_is_configured_and_recorded_print_their_results() {
    let stage = stage(letters(2));
    let server = format!("pop3://{}", stage.server.addr());
    stage.home.configure(&format!(
        "[account.work]\nserver = \"{server}\"\nuser = \"demo\"\ntls = \"none\"\ndeliver = \"maildir:~/in\"\n\
         password-command = \"echo tanstaaf\"\n"
    ));
    let run = |words: &[&str]| Pop3::new(&stage.home).args(words).args(["--json"]).run().exits(0);
    let account = only(&run(&["accounts"]));
    assert_eq!((&account["account"], &account["keep"]), (&json!("work"), &json!("all")));
    let settings = run(&["config", "show"]).objects();
    let password = settings.iter().find(|setting| setting["setting"] == "password-command").unwrap();
    assert_eq!([&password["value"], &password["hidden"]], [&Value::Null, &json!(true)]);
    let secret = only(&run(&["auth", "status"]));
    assert_eq!((&secret["secret"], &secret["stored_in"]), (&json!("password"), &Value::Null));
    run(&["fetch"]);
    let recorded = run(&["state", "show"]).objects();
    assert_eq!(names(&recorded), ["state", "state"]);
    assert_eq!(recorded[0]["state"], "delivered");
    assert_eq!(only(&run(&["state", "forget", "--all"]))["messages"], 2);
    for (words, note) in [
        (&["config", "check"][..], "is fine"),
        (&["problems"], "no problems"),
        (&["auth", "logout"], "nothing was kept"),
    ] {
        let outcome = run(words);
        assert_eq!((outcome.text().as_str(), names(&outcome.talk())), ("", vec!["note"]), "{words:?}");
        assert!(outcome.talk()[0]["message"].as_str().unwrap().contains(note), "{}", outcome.stderr);
    }
}

#[test]
fn a_message_that_fails_is_told_retried_and_given_up() {
    let letters = [letter(1), letter(2).with_unique_id(b"\xfe\x01")];
    let refusing =
        Behaviour::default().with_fault(Fault::answer("RETR 2", "-ERR no such \u{9b}31m file\r\n"));
    let stage = Stage::new(STORES[0], letters, refusing);
    let run = stage.fetch(&["--json"]).exits(75);
    let failed = run.objects().into_iter().find(|object| object["type"] == "failed").unwrap();
    assert_eq!((&failed["number"], &failed["kind"]), (&json!(2), &json!("refused")));
    assert_eq!(failed["unique_id_base64"], "/gE=");
    let error = run.talk().pop().unwrap();
    assert_eq!(
        (&error["type"], &error["kind"], &error["exit"]),
        (&"error".into(), &"partial".into(), &json!(75))
    );
    let problem = only(&stage.pop3("problems").args(["--json"]).run().exits(0));
    assert_eq!((&problem["failures"], &problem["unique_id_base64"]), (&json!(1), &json!("/gE=")));
    stage.pop3("problems").args(["--json", "--retry", "all", "--to", "maildir:in"]).run().exits(75);
    let skipped = only(&stage.pop3("problems").args(["--json", "--skip", "all"]).run().exits(0));
    assert_eq!(skipped["messages"], 1);
}

#[test]
fn an_error_is_an_object_with_account_kind_exit_message_and_hint() {
    let stage = stage(letters(1));
    let wrong = stage.pop3("stat").args(["--json"]).env("POP3_PASSWORD", "wrong").run().exits(77);
    let wrong = error(&wrong);
    assert_eq!((&wrong["kind"], &wrong["exit"]), (&json!("sign_in"), &json!(77)));
    assert_eq!(wrong["account"], format!("demo@{}", stage.server.addr()));
    assert!(wrong["message"].as_str().unwrap().starts_with("could not sign in"), "{wrong}");
    assert!(wrong["hint"].as_str().unwrap().contains("password"), "{wrong}");
    let missing = error(&stage.asks(&["uidl", "7", "--json"]).run().exits(66));
    assert_eq!(missing["kind"], "no_such_message");
    let home = Home::new();
    home.configure("[account.work]\nserver = \"pop3s://h\"\nuser = \"me\"\nkep = \"all\"\n");
    let run = |words: &[&str]| Pop3::new(&home).args(words).args(["--json"]).run();
    let mistakes = run(&["config", "check"]).exits(78);
    let mistake = &mistakes.objects()[0];
    assert_eq!((&mistake["type"], &mistake["line"]), (&json!("mistake"), &json!(4)));
    assert_eq!(names(&mistakes.talk()), ["error"]);
    assert_eq!(error(&run(&["stat", "-a", "work"]).exits(78))["kind"], "config");
    assert_eq!(
        error(&run(&["stat", "-s", "pop3s://me@no.such.invalid"]).exits(77))["kind"],
        "no_credentials"
    );
}

#[test]
fn several_accounts_that_fail_have_an_error_each_under_their_names() {
    let home = Home::new();
    let account = |name: &str| {
        format!(
            "[account.{name}]\nserver = \"pop3s://127.0.0.1:9\"\nuser = \"{name}\"\npassword-command = \"echo x\"\n"
        )
    };
    home.configure(&format!("{}{}", account("one"), account("two")));
    let outcome = Pop3::new(&home).args(["fetch", "--json", "--to", "maildir:in"]).run().exits(69);
    let said = outcome.talk();
    let told: Vec<_> = said.iter().map(|one| (&one["account"], &one["kind"])).collect();
    assert_eq!(told, [(&json!("one"), &json!("connect")), (&json!("two"), &json!("connect"))]);
    assert!(said.iter().all(|one| !one["message"].as_str().unwrap().contains("one: ")), "{said:?}");
}

#[test]
fn arguments_that_are_wrong_are_told_as_an_object_too() {
    let home = Home::new();
    for (words, message, hint) in [
        (&["stat", "--json", "--keep-it"][..], "there is no option --keep-it", "pop3 stat --help"),
        (&["--json", "lst"], "there is no command \"lst\"", "did you mean"),
        (&["retr", "--json"], "pop3 retr needs MSG", "usage: pop3 retr"),
        (&["--json"], "pop3 needs a command", "pop3 --help"),
    ] {
        let error = error(&Pop3::new(&home).args(words).run().exits(64));
        assert_eq!((&error["kind"], &error["account"]), (&json!("usage"), &Value::Null), "{error}");
        assert_eq!(error["message"], message);
        assert!(error["hint"].as_str().unwrap().contains(hint), "{error}");
    }
    let by_variable = Pop3::new(&home).args(["lst"]).env("POP3_JSON", "yes").run().exits(64);
    assert_eq!(error(&by_variable)["kind"], "usage");
    Pop3::new(&home).args(["lst"]).env("POP3_JSON", "off").run();
    let plain = Pop3::new(&home).args(["retr", "--", "--json"]).run().exits(64);
    assert!(plain.stderr.starts_with("pop3: "), "behind -- it is no option: {}", plain.stderr);
}

#[test]
fn a_command_without_objects_refuses_json_and_a_configured_json_does_not_disturb_it() {
    let stage = stage(letters(1));
    for words in [&["top", "1"][..], &["retr", "1"], &["retr", "1", "-o", "-"], &["shell"]] {
        let refused = error(&stage.asks(words).args(["--json"]).run().exits(64));
        assert_eq!(refused["kind"], "usage");
        assert_eq!(
            refused["message"].as_str().unwrap().split(':').next().unwrap(),
            format!("could not use --json with {}", words[0])
        );
    }
    for words in [&["demo"][..], &["completions", "bash"], &["generate", "man"]] {
        let refused = error(&Pop3::new(&stage.home).args(words).args(["--json"]).run().exits(64));
        assert!(refused["hint"].is_string(), "{refused}");
    }
    stage.home.configure("json = true\n");
    let message = stage.pop3("retr").args(["1"]).run().exits(0).stdout;
    assert_eq!(message, letter(1).bytes());
    assert!(stage.pop3("retr").args(["9"]).run().exits(66).stderr.starts_with("pop3: "));
    let stat = stage.pop3("stat").run().exits(0).objects();
    assert_eq!(stat[0]["type"], "stat", "the file's setting counts where there are objects");
}

#[test]
fn what_is_said_besides_is_an_object_and_quiet_leaves_errors_alone() {
    let stage = stage(letters(3));
    let talked = stage.fetch(&["--json", "-v", "--trace", "--keep", "none", "--max-delete", "1"]);
    let kinds: BTreeSet<_> = talked.talk().iter().map(|one| one["type"].to_string()).collect();
    assert!(kinds.contains("\"trace\""), "{}", talked.stderr);
    let quiet = stage.pop3("stat").args(["--json", "--quiet"]).env("POP3_PASSWORD", "wrong").run().exits(77);
    assert_eq!(error(&quiet)["kind"], "sign_in");
}
