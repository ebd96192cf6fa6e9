//! `pop3 demo`: real fetches from an embedded server, so that a new user sees it work before giving it a
//! password.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use pop3::account::{Account, Environment, PasswordSource, TraceTo};
use pop3::auth::Secret;
use pop3::error::{Error, Kind};
use pop3::fetch::Policy;
use pop3::oauth::ProviderProxy;
use pop3::server::{Behaviour, Server, samples};
use pop3::session::Pipelining;
use pop3::store::Spec;
use pop3::transport::{Security, Target, TlsSettings, Way};

use super::args::{ListOptions, MessageArg, Position};
use super::context::Context;
use super::output::human;
use super::report::ExitCode;
use super::{fetch, list, read};

/// Where everything of the demonstration goes.
const FOLDER: &str = "pop3-demo";

/// Marks the folder as one of ours, which may be removed and created again.
const MARK: &str = "made-by-pop3-demo";

/// Serves sample mail on loopback, fetches it twice, and shows the result.
pub(crate) fn run(context: &Context) -> Result<ExitCode> {
    let folder = std::env::current_dir()
        .map_err(|error| Error::io("could not find the current folder", error))?
        .join(FOLDER);
    prepare(&folder)?;
    let behaviour = Behaviour::default();
    let password = Secret::new(behaviour.password.clone());
    let server = Server::start(samples(), behaviour)
        .map_err(|error| Error::io("could not start the server", error))?;
    let context = context.with_environment(Environment::artificial(Some(&folder), []));
    let account = account(&server, password, &folder);

    let say = |text: &str| context.output().note(text);
    say(&format!("This is a POP3 server on {} with {} sample messages.\n", server.addr(), samples().len()));
    for step in
        ["1. pop3 fetch: all of them into a Maildir.", "\n2. pop3 fetch, once more: nothing comes twice."]
    {
        say(step);
        let mut told = context.output().report("demo");
        let fetched = fetch::one(&context, &account, &mut told);
        told.finish()?;
        fetched?;
        say(&format!("   {FOLDER}/Maildir/new contains {}.", human::count(delivered(&folder)?, "message")));
    }
    say("\n3. pop3 list: what is there, and what of it was fetched.");
    list::run(&context, &account, &ListOptions::default())?;
    context.output().flush()?;
    say("\n4. pop3 top first 3: a header, and three lines of the body.");
    read::top(&context, &account, &MessageArg::One(Position::First), 3)?;
    context.output().flush()?;
    say(&format!(
        "\nThe messages are in {FOLDER}/Maildir/new, each octet as the server sent it (with LF for CRLF),"
    ));
    say(&format!("and the journal that records them is {FOLDER}/.local/state/pop3/demo.journal."));
    say("\nWith your own account:");
    say("  pop3 list  -s pop3s://you@pop.example.com");
    say("  pop3 fetch -s pop3s://you@pop.example.com --to maildir:Mail");
    say("\npop3 --help shows the rest.");
    Ok(ExitCode::Done)
}

/// Creates the folder again if it is ours, or for the first time.
fn prepare(folder: &Path) -> Result<(), Error> {
    let shown = folder.display();
    let create = |error| Error::new(Kind::Create, format!("could not create {shown}")).because(error);
    let mark = folder.join(MARK);
    if mark.exists() {
        std::fs::remove_dir_all(folder).map_err(create)?;
    } else if folder.exists() {
        return Err(Error::new(Kind::Create, format!("could not create {shown}"))
            .because("something else with that name exists already")
            .hint("move it away, or run the demo in another folder"));
    }
    std::fs::create_dir(folder).map_err(create)?;
    std::fs::write(mark, "pop3 demo made this folder, and makes it anew each time it runs\n").map_err(create)
}

/// How many messages are in the Maildir.
fn delivered(folder: &Path) -> Result<u64, Error> {
    let entries = std::fs::read_dir(folder.join("Maildir/new"));
    let entries = entries.map_err(|error| Error::io("could not look into the Maildir", error))?;
    Ok(entries.count() as u64)
}

fn account(server: &Server, password: Secret, folder: &Path) -> Account {
    let maildir: PathBuf = folder.join("Maildir");
    let address = server.addr();
    Account {
        name: "demo".to_owned(),
        enabled: true,
        withheld_from: None,
        maildrop: None,
        server: Target::Tcp { host: address.ip().to_string(), port: address.port() },
        way: Way::default(),
        security: Security::None,
        tls: TlsSettings::default(),
        user: "demo".to_owned(),
        oauth: None,
        provider_proxy: ProviderProxy::None,
        password: PasswordSource::Given(password),
        auth: None,
        timeout: Duration::from_secs(10),
        trace: TraceTo::Nowhere,
        pipelining: Pipelining::Auto,
        deliver: Some(Spec::Maildir(maildir)),
        policy: Policy::default(),
        dry_run: false,
        at_once: true,
    }
}
