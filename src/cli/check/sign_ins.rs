//! Signs in by each mechanism that the server offers and the account has credentials for, each in a session of
//! its own. A refused password is not offered again: providers lock accounts for that.

use anyhow::Result;
use pop3::account::Account;
use pop3::auth::{Credentials, Mechanism, TokenRefused};
use pop3::error::{Error, Kind};
use pop3::protocol::Capabilities;
use pop3::session::{Authorization, Manner, NotCautious, Session, Transaction};
use pop3::transport::Target;

use super::super::context::Context;
use super::super::proof::Proof;
use super::finding::{Finding, Telling, Verdict};
use super::{promises, quirks};

/// Tries them, the strongest first, and with the first that works looks at the maildrop. Returns what was found
/// there; nothing if no mechanism works.
pub(super) fn try_all(
    context: &Context,
    account: &Account,
    proof: &Proof<'_>,
    session: Session<Authorization>,
    telling: &mut Telling<'_>,
) -> Result<Option<Vec<Finding>>> {
    let mut credentials = match proof.credentials(account) {
        Ok(credentials) => credentials,
        Err(error) => {
            telling.fail("sign-in", error)?;
            return Ok(None);
        }
    };
    if let Some(error) = context.repeated_refusal(account, &credentials) {
        telling.fail("sign-in", error)?;
        return Ok(None);
    }
    let mechanisms = match session.mechanisms(&credentials, account.auth) {
        Ok(mechanisms) => {
            let (mechanisms, spared) = worth_it(mechanisms, session.is_encrypted() || is_local(account));
            if !spared.is_empty() {
                telling
                    .tell(&left_out("not tried, since the password would be sent in the clear", &spared))?;
            }
            mechanisms
        }
        Err(error) => {
            telling.fail("sign-in", error)?;
            return Ok(None);
        }
    };
    let mut found = None;
    let mut refusals: Vec<(Mechanism, Error)> = Vec::new();
    let mut next = Some(session);
    let mut renewal = Some(proof);
    for (index, mechanism) in mechanisms.iter().copied().enumerate() {
        let session = match next.take().map_or_else(|| context.dial(account), Ok) {
            Ok(session) => session,
            Err(error) => {
                telling.fail("connect", error)?;
                break;
            }
        };
        // After the secret itself was refused there is no other attempt.
        let mut is_final = false;
        let outcome = match session.sign_in_by(&credentials, &[mechanism]) {
            Err(refused) => {
                is_final = refused.session.is_some_and(|session| session.secret_was_refused());
                match renewal.take_if(|_| TokenRefused::find_in(&refused.error).is_some()) {
                    Some(proof) => {
                        again(context, account, (proof, &mut credentials), mechanism, refused.error)
                    }
                    None => Err(refused.error),
                }
            }
            Ok(session) => Ok(session),
        };
        match outcome {
            Ok(mut session) => {
                let is_private = session.is_encrypted() || is_local(account);
                telling.tell(&accepted(mechanism, account, is_private))?;
                match &found {
                    Some(_) => session.leave(),
                    None => {
                        session.set_pipelining(account.pipelining);
                        let looked = inside(session, account).or_else(|error| {
                            look_again(error, || {
                                let again = context.dial(account)?.sign_in_by(&credentials, &[mechanism]);
                                let mut session = again.map_err(|refused| refused.error)?;
                                session.set_manner(Manner::CAUTIOUS);
                                inside(session, account)
                            })
                        });
                        match looked {
                            Ok(findings) => found = Some(findings),
                            Err(error) => {
                                telling.fail("maildrop", error)?;
                                return Ok(None);
                            }
                        }
                    }
                }
            }
            Err(error) => {
                let is_about_us = error.kind() == Kind::SignIn;
                refusals.push((mechanism, error));
                let rest = &mechanisms[index + 1..];
                if !is_about_us || is_final {
                    if !rest.is_empty() {
                        telling.tell(&left_out("skipped, so that the account is not locked", rest))?;
                    }
                    break;
                }
            }
        }
    }
    judge(refusals, found.is_some(), telling)?;
    Ok(found)
}

/// Once more, by the same mechanism, with a renewed token after the server refused the old one.
fn again(
    context: &Context,
    account: &Account,
    (proof, credentials): (&Proof<'_>, &mut Credentials),
    mechanism: Mechanism,
    refused: Error,
) -> Result<Session<Transaction>, Error> {
    *credentials = proof.after(refused, credentials, context, account)?;
    let signed_in = context.dial(account)?.sign_in_by(credentials, &[mechanism]);
    signed_in.map_err(|refused| proof.advise(refused.error))
}

/// If one mechanism works, a refused one is an oddity of the server; if none does, the refusal of the strongest
/// one is the failure.
fn judge(refusals: Vec<(Mechanism, Error)>, any_works: bool, telling: &mut Telling<'_>) -> Result<()> {
    let mut has_failed = any_works;
    for (mechanism, error) in refusals {
        let passes = matches!(error.kind(), Kind::LoginDelay | Kind::InUse);
        if !has_failed {
            has_failed = true;
            telling.fail("sign-in", error)?;
            continue;
        }
        let verdict = if passes { Verdict::Note } else { Verdict::Warning };
        let finding = Finding::failed("sign-in", &error.into()).only(verdict);
        telling.tell(&finding.fact("mechanism", mechanism.to_string()))?;
    }
    Ok(())
}

fn accepted(mechanism: Mechanism, account: &Account, is_private: bool) -> Finding {
    let says = format!("signed in as {} by {mechanism}", account.user);
    let finding = if mechanism.sends_the_password() && !is_private {
        Finding::warning("sign-in", format!("{says}: the password was sent in the clear"))
            .hint("use TLS: pop3s:// or pop3:// without --tls none")
    } else {
        Finding::good("sign-in", says)
    };
    finding.fact("mechanism", mechanism.to_string())
}

/// The mechanisms to try, and those not to: without encryption none that sends the password itself if others do
/// not.
fn worth_it(mechanisms: Vec<Mechanism>, is_private: bool) -> (Vec<Mechanism>, Vec<Mechanism>) {
    let (hiding, sending): (Vec<_>, Vec<_>) =
        mechanisms.into_iter().partition(|mechanism| is_private || !mechanism.sends_the_password());
    if hiding.is_empty() { (sending, hiding) } else { (hiding, sending) }
}

fn is_local(account: &Account) -> bool {
    matches!(account.server, Target::Unix(_))
}

fn left_out(why: &str, mechanisms: &[Mechanism]) -> Finding {
    let names: Vec<String> = mechanisms.iter().map(ToString::to_string).collect();
    let says = format!("{why}: {}", names.join(", "));
    Finding::note("sign-in", says).fact("mechanisms", names)
}

/// Looks once more, in a new session and in the cautious manner, if the first one broke after something
/// optional; that it did is a finding.
fn look_again(
    broken: Error,
    look: impl FnOnce() -> Result<Vec<Finding>, Error>,
) -> Result<Vec<Finding>, Error> {
    let Some(why) = NotCautious::find_in(&broken).map(ToString::to_string) else { return Err(broken) };
    let Ok(mut findings) = look() else { return Err(broken) };
    findings.push(Finding::warning("quirk", why).hint("pipelining = \"off\" avoids it where it is that"));
    Ok(findings)
}

/// The findings after sign-in.
fn inside(mut session: Session<Transaction>, account: &Account) -> Result<Vec<Finding>, Error> {
    let quirks = quirks::examine(&mut session, account.policy.keep)?;
    let mut findings = Vec::new();
    if let Some(capabilities) = session.capabilities() {
        findings.push(capabilities_after(capabilities));
        findings.extend(promises::examine(capabilities, account.policy.keep));
    }
    findings.extend(quirks);
    session.leave();
    Ok(findings)
}

fn capabilities_after(capabilities: &Capabilities) -> Finding {
    super::connection::capabilities("after sign-in", capabilities)
}
