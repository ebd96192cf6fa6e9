//! What an oddity may do: see each command, and answer it in place of the rules.

use super::mail::Mail;
use super::session::Session;
use std::time::Duration;

/// A command line as the client sent it.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    /// In capitals.
    pub(crate) verb: String,
    pub(crate) arguments: Vec<String>,
}

impl Command {
    pub(crate) fn parse(line: &str) -> Command {
        let mut words = line.split(' ').map(str::to_owned);
        Command {
            verb: words.next().unwrap_or_default().to_ascii_uppercase(),
            arguments: words.filter(|word| !word.is_empty()).collect(),
        }
    }

    pub(crate) fn is(&self, verb: &str) -> bool {
        self.verb == verb
    }

    /// The message-number it names.
    pub(crate) fn number(&self) -> Option<usize> {
        self.arguments.first()?.parse().ok()
    }
}

/// What a server does for an answer, one step after the other.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Answers by the rules.
    Answer,
    /// Does what the command asks for and says nothing.
    Act,
    Send(Vec<u8>),
    Wait(Duration),
    /// Sends a piece so often, for ever; the function is given the count of those before it.
    Drip(Duration, fn(usize) -> Vec<u8>),
    /// Loses whatever the client sent behind this command.
    Swallow,
    /// Closes the connection properly.
    Close,
    /// Ends it by a reset.
    Reset,
    /// Says nothing any more, and waits until the client ends the connection.
    Silence,
}

impl Step {
    pub(crate) fn say(text: &str) -> Step {
        Step::Send(text.as_bytes().to_vec())
    }
}

/// How all answers travel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delivery {
    /// No answer arrives sooner after its command than this, as if the server were far away.
    pub(crate) round_trip: Duration,
    /// Each octet is a packet.
    pub(crate) is_bytewise: bool,
}

/// One way to be odd. The defaults follow the rules; several are composed by a `Vec` of them, where
/// the first that has an answer gives it.
pub(crate) trait Oddity: Send + Sync {
    /// Changes the lines of the answer to CAPA.
    fn change_capabilities(&self, _lines: &mut Vec<String>) {}

    /// Changes what a session that signs in finds.
    fn change_maildrop(&self, _session: usize, _mails: &mut Vec<Mail>) {}

    fn delivery(&self) -> Delivery {
        Delivery::default()
    }

    /// What is done when a client that signed in is silent for so long.
    fn when_idle(&self) -> Option<(Duration, Vec<Step>)> {
        None
    }

    /// What is done for this command; `None` leaves it to the rules.
    fn answer(&self, _command: &Command, _session: &mut Session) -> Option<Vec<Step>> {
        None
    }
}

/// No oddity at all.
pub(crate) struct Healthy;

impl Oddity for Healthy {}

impl Oddity for Box<dyn Oddity> {
    fn change_capabilities(&self, lines: &mut Vec<String>) {
        (**self).change_capabilities(lines);
    }

    fn change_maildrop(&self, session: usize, mails: &mut Vec<Mail>) {
        (**self).change_maildrop(session, mails);
    }

    fn delivery(&self) -> Delivery {
        (**self).delivery()
    }

    fn when_idle(&self) -> Option<(Duration, Vec<Step>)> {
        (**self).when_idle()
    }

    fn answer(&self, command: &Command, session: &mut Session) -> Option<Vec<Step>> {
        (**self).answer(command, session)
    }
}

impl<T: Oddity> Oddity for Vec<T> {
    fn change_capabilities(&self, lines: &mut Vec<String>) {
        self.iter().for_each(|oddity| oddity.change_capabilities(lines));
    }

    fn change_maildrop(&self, session: usize, mails: &mut Vec<Mail>) {
        self.iter().for_each(|oddity| oddity.change_maildrop(session, mails));
    }

    fn delivery(&self) -> Delivery {
        let join = |one: Delivery, other: Delivery| Delivery {
            round_trip: one.round_trip.max(other.round_trip),
            is_bytewise: one.is_bytewise || other.is_bytewise,
        };
        self.iter().map(Oddity::delivery).fold(Delivery::default(), join)
    }

    fn when_idle(&self) -> Option<(Duration, Vec<Step>)> {
        self.iter().find_map(Oddity::when_idle)
    }

    fn answer(&self, command: &Command, session: &mut Session) -> Option<Vec<Step>> {
        self.iter().find_map(|oddity| oddity.answer(command, session))
    }
}

/// A function as an oddity that answers.
pub(crate) struct Answering<F>(pub(crate) F);

impl<F> Oddity for Answering<F>
where
    F: Fn(&Command, &mut Session) -> Option<Vec<Step>> + Send + Sync,
{
    fn answer(&self, command: &Command, session: &mut Session) -> Option<Vec<Step>> {
        (self.0)(command, session)
    }
}
