//! Oddities of a server: where its answers to listings and to commands that change nothing differ from the
//! RFCs. Nothing is retrieved: some servers hide or delete what was retrieved.

use std::collections::HashSet;

use pop3::error::{Error, Kind};
use pop3::fetch::policy::Keep;
use pop3::protocol::{Capabilities, Maildrop};
use pop3::session::{Session, Transaction};

use super::super::output::human;
use super::finding::Finding;

const ABOUT: &str = "quirk";

/// Lists the maildrop and tries TOP and UIDL for one message.
///
/// # Errors
/// What ends the session, or keeps the maildrop from being listed.
pub(super) fn examine(session: &mut Session<Transaction>, keep: Keep) -> Result<Vec<Finding>, Error> {
    let maildrop = session.maildrop()?;
    let mut findings = vec![size(&maildrop)];
    findings.extend(of_capabilities(session));
    findings.extend(of_listings(&maildrop, keep));
    let Some(first) = maildrop.messages().next() else { return Ok(findings) };
    if !answers(session.top(first.number, 0, |_| ()))? {
        let says = "the server has no TOP: `pop3 list` shows no senders and subjects, and mail whose unique-id \
                    changed is fetched again";
        findings.push(Finding::note(ABOUT, says));
    }
    if maildrop.has_unique_ids() {
        findings.extend(of_one_unique_id(session, &maildrop, first.number)?);
    }
    Ok(findings)
}

fn size(maildrop: &Maildrop) -> Finding {
    let messages = maildrop.len() as u64;
    let says = format!("{}, {}", human::count(messages, "message"), human::size(maildrop.octets()));
    Finding::good("maildrop", says).fact("messages", messages).fact("octets", maildrop.octets())
}

/// Whether a command was carried out; a refusal is an answer too.
fn answers<T>(outcome: Result<T, Error>) -> Result<bool, Error> {
    match outcome {
        Ok(_) => Ok(true),
        Err(error) if error.ends_the_session() => Err(error),
        Err(_) => Ok(false),
    }
}

fn of_capabilities(session: &Session<Transaction>) -> Vec<Finding> {
    let (before, after) = (session.capabilities_before_sign_in(), session.capabilities());
    let Some(after) = after.or(before) else {
        return vec![Finding::note(
            ABOUT,
            "the server has no CAPA: pop3 finds out what it supports by trying, one command at a time",
        )];
    };
    let mut findings = Vec::new();
    if !after.pipelining() {
        let says = "no PIPELINING: a fetch waits a round trip for each message";
        findings.push(
            Finding::note(ABOUT, says)
                .hint("most servers support it anyway; pipelining = \"on\" tries it, and stops if it fails"),
        );
    }
    let is_late = |question: fn(&Capabilities) -> bool| question(after) && !before.is_some_and(question);
    if is_late(Capabilities::pipelining) || is_late(Capabilities::uidl) {
        findings.push(Finding::note(ABOUT, "the server announces some capabilities only after sign-in"));
    }
    findings
}

fn of_listings(maildrop: &Maildrop, keep: Keep) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !maildrop.has_unique_ids() {
        let finding =
            Finding::warning(ABOUT, "the server has no UIDL: messages are recognised by their headers");
        findings.push(match keep {
            Keep::None => finding,
            _ => finding.hint("each run asks for the headers of all messages; with --keep none it need not"),
        });
        return findings;
    }
    let mut seen = HashSet::new();
    let (mut twice, mut improper, mut without) = (0u64, 0u64, 0u64);
    for message in maildrop.messages() {
        match message.unique_id {
            None => without += 1,
            Some(unique_id) => {
                twice += u64::from(!seen.insert(unique_id));
                // RFC 1939 section 7: one to 70 characters from 0x21 to 0x7E.
                improper += u64::from(unique_id.len() > 70 || !unique_id.iter().all(u8::is_ascii_graphic));
            }
        }
    }
    let mut odd = |count: u64, what: &str, means: &str| {
        if count > 0 {
            let says = format!("{} {what}: {means}", human::count(count, "message"));
            findings.push(Finding::warning(ABOUT, says).fact("messages", count));
        }
    };
    odd(twice, "with a unique-id of another", "they are distinguished by their headers");
    odd(improper, "with a unique-id that RFC 1939 does not allow", "it is used nevertheless");
    odd(without, "without a unique-id", "they are fetched when a listing has one");
    let unsized_ = maildrop.messages().filter(|message| message.octets.is_none()).count() as u64;
    odd(unsized_, "without a size", "--max-size does not apply to them");
    findings
}

/// Whether UIDL n agrees with the listing of UIDL.
fn of_one_unique_id(
    session: &mut Session<Transaction>,
    maildrop: &Maildrop,
    number: u32,
) -> Result<Option<Finding>, Error> {
    let listed = maildrop.message(number).and_then(|message| message.unique_id).unwrap_or_default();
    Ok(match session.uidl_one(number) {
        Ok(unique_id) if unique_id == listed => None,
        Ok(_) => {
            Some(Finding::warning(ABOUT, "UIDL for one message gives another unique-id than UIDL for all"))
        }
        Err(error) if error.kind() == Kind::Protocol => {
            Some(Finding::note(ABOUT, "the reply to UIDL for one message lacks its number"))
        }
        Err(error) if error.ends_the_session() => return Err(error),
        Err(_) => Some(Finding::note(ABOUT, "UIDL for one message is refused")),
    })
}
