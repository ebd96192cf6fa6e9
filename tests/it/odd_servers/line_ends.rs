//! Line ends that are not CRLF.

use crate::support::odd::catalogue::{Odd, Which, line_feeds};
use crate::support::odd::{Account, Command, Oddity, Session, Step, letters};
use crate::support::stage::at_once;

/// LIST and STAT count what is sent: one octet a line less.
struct CountsLineFeeds(Which);

impl CountsLineFeeds {
    fn octets(&self, mail: &crate::support::odd::Mail) -> usize {
        if self.0.has(mail.number) { mail.delivered().len() } else { mail.bytes.len() }
    }
}

impl Oddity for CountsLineFeeds {
    fn answer(&self, command: &Command, session: &mut Session) -> Option<Vec<Step>> {
        let listed: Vec<(usize, usize)> =
            session.listed().iter().map(|(number, mail)| (*number, self.octets(mail))).collect();
        let total: usize = listed.iter().map(|(_, octets)| octets).sum();
        let answer = match (command.verb.as_str(), command.number()) {
            ("STAT", _) => format!("+OK {} {total}\r\n", listed.len()),
            ("LIST", None) => {
                let lines: String =
                    listed.iter().map(|(number, octets)| format!("{number} {octets}\r\n")).collect();
                format!("+OK\r\n{lines}.\r\n")
            }
            ("LIST", Some(number)) => {
                let (_, octets) = listed.iter().find(|(other, _)| *other == number)?;
                format!("+OK {number} {octets}\r\n")
            }
            _ => return None,
        };
        Some(vec![Step::say(&answer)])
    }
}

/// `lf-bodies` (zetacomponents/Mail#40): all messages, or only the second; lock-step. Octets are counted with
/// CRLF, as RFC 1939 has it, or as they are sent.
#[test]
fn a_server_whose_message_lines_end_in_lf_is_emptied() {
    let cases = [(Which::All, true), (Which::All, false), (Which::Only(2), true), (Which::Only(2), false)];
    at_once(cases, |(which, counts_sent)| {
        let mut oddity: Vec<Odd> = vec![line_feeds(which)];
        if counts_sent {
            oddity.push(Box::new(CountsLineFeeds(which)));
        }
        let name = format!("lf-bodies {which:?}, counted as sent: {counts_sent}");
        let account = Account::new(&name, letters(4), false, oddity);
        account.brings(8, 1..=4);
        account.fetch().outcome.exits(0);
    });
}
