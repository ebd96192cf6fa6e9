//! The AUTHORIZATION state: USER and PASS, APOP (RFC 1939 sections 4 and 7), AUTH with PLAIN, LOGIN and
//! CRAM-MD5 (RFC 5034, 4616, 2195), and the result with its response code (RFC 2449, 3206).

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};

use super::behaviour::{Behaviour, InitialResponse, Sasl};
use super::dialogue::{Dialogue, Flow};
use super::transaction::Transaction;

impl Dialogue<'_> {
    /// Executes a command of this state; `None` for other commands. `named` is the name from a USER command
    /// just before.
    pub(super) fn authorization_command(
        &mut self,
        verb: &[u8],
        argument: Option<&[u8]>,
        named: Option<Vec<u8>>,
    ) -> io::Result<Option<Flow>> {
        let behaviour = self.behaviour;
        match (verb, argument) {
            (b"USER", Some(name)) if behaviour.user_pass && !name.is_empty() => {
                self.named = Some(name.to_vec());
                // The reply must not show whether the user exists (RFC 1939 section 13).
                self.ok("send PASS")?;
            }
            (b"PASS", Some(password)) if behaviour.user_pass => {
                let Some(name) = named else {
                    self.err(None, "USER first")?;
                    return Ok(Some(Flow::GoOn));
                };
                let right = name == behaviour.user && password == behaviour.password;
                return self.finish_sign_in(right).map(Some);
            }
            (b"APOP", Some(argument)) if self.stamp.is_some() => {
                let right = self.apop_is_right(argument);
                return self.finish_sign_in(right).map(Some);
            }
            (b"AUTH", Some(argument)) if !behaviour.mechanisms.is_empty() => {
                return self.auth(argument).map(Some);
            }
            _ => return Ok(None),
        }
        Ok(Some(Flow::GoOn))
    }

    fn apop_is_right(&self, argument: &[u8]) -> bool {
        // The digest is the last word; the name may contain spaces.
        let Some(at) = argument.iter().rposition(|&byte| byte == b' ') else { return false };
        let mut hash = Md5::new();
        hash.update(self.stamp.as_deref().unwrap_or_default().as_bytes());
        hash.update(&self.behaviour.password);
        argument[..at] == self.behaviour.user
            && argument[at + 1..] == *HEXLOWER.encode(&hash.finalize()).as_bytes()
    }

    fn auth(&mut self, argument: &[u8]) -> io::Result<Flow> {
        let mut words = argument.splitn(2, |&byte| byte == b' ');
        let name = words.next().unwrap_or_default();
        let initial = words.next();
        let known = |sasl: &&Sasl| sasl.name().as_bytes().eq_ignore_ascii_case(name);
        let Some(&mechanism) = self.behaviour.mechanisms.iter().find(known) else {
            self.err(None, "unknown mechanism")?;
            return Ok(Flow::GoOn);
        };
        let initial = match (initial, self.behaviour.initial_response) {
            (Some(_), InitialResponse::Refused) => {
                self.err(None, "initial response not allowed")?;
                return Ok(Flow::GoOn);
            }
            (None, InitialResponse::Required) => {
                self.err(None, "initial response required")?;
                return Ok(Flow::GoOn);
            }
            // A single equals sign is an empty response (RFC 5034 section 4).
            (Some(b"="), _) => Some(Vec::new()),
            (Some(text), _) => match BASE64.decode(text) {
                Ok(response) => Some(response),
                Err(_) => {
                    self.err(None, "invalid base64")?;
                    return Ok(Flow::GoOn);
                }
            },
            (None, _) => None,
        };
        let right = match mechanism {
            Sasl::Plain => self.plain(initial)?,
            Sasl::Login => self.login(initial)?,
            Sasl::CramMd5 => self.cram_md5(initial)?,
        };
        match right {
            Some(right) => self.finish_sign_in(right),
            None => Ok(Flow::GoOn),
        }
    }

    fn plain(&mut self, initial: Option<Vec<u8>>) -> io::Result<Option<bool>> {
        let response = match initial {
            Some(response) => response,
            None => match self.ask(b"")? {
                Some(response) => response,
                None => return Ok(None),
            },
        };
        let parts: Vec<&[u8]> = response.split(|&byte| byte == 0).collect();
        let Behaviour { user, password, .. } = self.behaviour;
        Ok(Some(match parts[..] {
            [role, name, secret] => (role.is_empty() || role == user) && name == user && secret == password,
            _ => false,
        }))
    }

    fn login(&mut self, initial: Option<Vec<u8>>) -> io::Result<Option<bool>> {
        let name = match initial {
            Some(name) => name,
            None => match self.ask(b"Username:")? {
                Some(name) => name,
                None => return Ok(None),
            },
        };
        let Some(secret) = self.ask(b"Password:")? else { return Ok(None) };
        Ok(Some(name == self.behaviour.user && secret == self.behaviour.password))
    }

    fn cram_md5(&mut self, initial: Option<Vec<u8>>) -> io::Result<Option<bool>> {
        if initial.is_some() {
            // In this mechanism the server starts, so there is nothing to respond to yet.
            self.err(None, "wait for the challenge")?;
            return Ok(None);
        }
        let challenge = self.stamp.clone().unwrap_or_else(|| "<1896.697170952@dewey>".to_owned());
        let Some(response) = self.ask(challenge.as_bytes())? else { return Ok(None) };
        let Ok(mut mac) = Hmac::<Md5>::new_from_slice(&self.behaviour.password) else {
            return Ok(Some(false));
        };
        mac.update(challenge.as_bytes());
        let mut expected = self.behaviour.user.clone();
        expected.push(b' ');
        expected.extend_from_slice(HEXLOWER.encode(&mac.finalize().into_bytes()).as_bytes());
        Ok(Some(response == expected))
    }

    /// Sends a challenge and reads the response; `None` if the client cancelled or sent something invalid,
    /// which was replied to.
    fn ask(&mut self, challenge: &[u8]) -> io::Result<Option<Vec<u8>>> {
        if self.wire.has_input() {
            self.shared.complain("AUTH: a response was sent before its challenge".to_owned());
        }
        let mut line = self.behaviour.challenge.clone();
        line.extend_from_slice(BASE64.encode(challenge).as_bytes());
        line.extend_from_slice(b"\r\n");
        self.wire.write(&line)?;
        let Some(line) = self.wire.line()? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        self.shared.note(&line.bytes);
        if line.bytes == b"*" {
            self.err(None, "authentication cancelled")?;
            return Ok(None);
        }
        match BASE64.decode(&line.bytes) {
            Ok(response) => Ok(Some(response)),
            Err(_) => {
                self.err(None, "invalid base64")?;
                Ok(None)
            }
        }
    }

    /// Ends a complete sign-in: opens the maildrop, or refuses.
    fn finish_sign_in(&mut self, right: bool) -> io::Result<Flow> {
        if let Some(verdict) = &self.behaviour.verdict {
            self.wire.write(verdict)?;
            self.wire.write(b"\r\n")?;
            return Ok(self.after_refusal());
        }
        if !right {
            self.err(Some("AUTH"), "wrong user name or password")?;
            return Ok(self.after_refusal());
        }
        let lease = if self.behaviour.exclusive { self.shared.lease() } else { None };
        if lease.is_none() && self.behaviour.exclusive {
            self.err(Some("IN-USE"), "another session holds the maildrop")?;
            return Ok(self.after_refusal());
        }
        if self.behaviour.loses_input_at_sign_in {
            self.wire.discard_input()?;
        }
        let transaction = Transaction::new(self.shared.snapshot(self.behaviour.window), lease);
        let (count, octets) = transaction.size(self.behaviour.sizes);
        self.transaction = Some(transaction);
        let mut text = self.behaviour.user.clone();
        text.extend_from_slice(format!("'s maildrop has {count} messages ({octets} octets)").as_bytes());
        self.ok(text)?;
        Ok(Flow::GoOn)
    }

    fn after_refusal(&self) -> Flow {
        if self.behaviour.hangs_up_when_refused { Flow::Close } else { Flow::GoOn }
    }
}
