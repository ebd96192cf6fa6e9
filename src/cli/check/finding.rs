//! The findings of `pop3 check`, and how they are printed: a row of a table for people, an object for
//! monitoring.

use std::io;

use jiff::Timestamp;
use pop3::error::Error;
use pop3::transport::Certificate;
use serde_json::{Map, Value};

use super::super::output::finding::Tone;
use super::super::output::json::{KindName, Mail};
use super::super::output::{Output, human};
use super::super::report::{self, ExitCode};

/// The verdict of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// It works, but not for long, or not as one may expect.
    Warning,
    /// It does not work.
    Failed,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Good => "ok",
            Verdict::Note => "note",
            Verdict::Warning => "warning",
            Verdict::Failed => "failed",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Verdict::Good => Tone::Good,
            Verdict::Note => Tone::Note,
            Verdict::Warning => Tone::Warning,
            Verdict::Failed => Tone::Bad,
        }
    }
}

/// The result of one check.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) about: &'static str,
    pub(super) verdict: Verdict,
    pub(super) says: String,
    pub(super) hint: Option<String>,
    /// Details for people: a label and a value a line.
    details: Vec<(&'static str, String)>,
    /// Details for programs: members of the JSON object, which its schema knows.
    facts: Map<String, Value>,
}

impl Finding {
    pub(super) fn new(about: &'static str, verdict: Verdict, says: impl Into<String>) -> Self {
        Finding { about, verdict, says: says.into(), hint: None, details: Vec::new(), facts: Map::new() }
    }

    pub(super) fn good(about: &'static str, says: impl Into<String>) -> Self {
        Finding::new(about, Verdict::Good, says)
    }

    pub(super) fn note(about: &'static str, says: impl Into<String>) -> Self {
        Finding::new(about, Verdict::Note, says)
    }

    pub(super) fn warning(about: &'static str, says: impl Into<String>) -> Self {
        Finding::new(about, Verdict::Warning, says)
    }

    /// An error, with its sentence, its hint and the certificate that it is about.
    pub(super) fn failed(about: &'static str, error: &anyhow::Error) -> Self {
        let Some(told) = report::tell(error) else { return Finding::new(about, Verdict::Failed, "") };
        let kind = serde_json::to_value(KindName::from(told.kind)).unwrap_or_default();
        let finding = Finding { hint: told.hint, ..Finding::new(about, Verdict::Failed, told.sentence) };
        let finding = finding.fact("kind", kind);
        match told.certificate {
            Some(certificate) => {
                let details = human::certificate(&certificate);
                Finding {
                    details,
                    ..finding.certificate(&certificate).fact("pin", certificate.pin().to_string())
                }
            }
            None => finding,
        }
    }

    /// Details of a certificate for programs.
    pub(super) fn certificate(self, certificate: &Certificate) -> Self {
        let finding = self.fact("names", certificate.names()).fact("issuer", certificate.issuer());
        match (days_left(certificate), certificate.not_after()) {
            (Some(days), Some(end)) => finding.fact("days_left", days).fact("not_after", end.to_string()),
            _ => finding,
        }
    }

    /// The same with another verdict: a failure that matters less.
    pub(super) fn only(self, verdict: Verdict) -> Self {
        Finding { verdict, hint: None, ..self }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn fact(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    fn object<'a>(&'a self, account: &'a str) -> Mail<'a> {
        Mail::Check {
            account,
            check: self.about,
            verdict: self.verdict.word(),
            message: &self.says,
            hint: self.hint.as_deref(),
            facts: &self.facts,
        }
    }

    fn sentences(&self) -> Vec<String> {
        let details = self.details.iter().map(|(label, value)| format!("{label:<7} {value}"));
        let hint = self.hint.iter().map(|hint| format!("hint: {hint}"));
        [self.says.clone()].into_iter().chain(details).chain(hint).collect()
    }
}

/// Whole days until it expires; negative once it has.
pub(super) fn days_left(certificate: &Certificate) -> Option<i64> {
    let left = certificate.not_after()?.as_second() - Timestamp::now().as_second();
    Some(left.div_euclid(86_400))
}

/// Prints findings as they come, and remembers the exit code.
pub(super) struct Telling<'a> {
    output: &'a Output,
    account: &'a str,
    codes: Vec<ExitCode>,
    warnings: u32,
}

impl<'a> Telling<'a> {
    pub(super) fn new(output: &'a Output, account: &'a str) -> Self {
        Telling { output, account, codes: Vec::new(), warnings: 0 }
    }

    /// Fails when stdout does.
    pub(super) fn tell(&mut self, finding: &Finding) -> io::Result<()> {
        self.warnings += u32::from(finding.verdict == Verdict::Warning);
        if self.output.is_json() {
            return self.output.object(&finding.object(self.account));
        }
        let (verdict, sentences) = (finding.verdict, finding.sentences());
        self.output.finding(verdict.tone(), verdict.word(), finding.about, &sentences)?;
        // Each step may take a while: what is known already is shown at once.
        self.output.flush()
    }

    /// Fails when stdout does.
    pub(super) fn tell_all(&mut self, findings: &[Finding]) -> io::Result<()> {
        findings.iter().try_for_each(|finding| self.tell(finding))
    }

    /// Prints a failure, which decides the exit code. Fails when stdout does.
    pub(super) fn fail(&mut self, about: &'static str, error: Error) -> io::Result<()> {
        let error = anyhow::Error::from(error);
        self.codes.push(report::exit_code(&error));
        self.tell(&Finding::failed(about, &error))
    }

    pub(super) fn output(&self) -> &Output {
        self.output
    }

    pub(super) fn warnings(&self) -> u32 {
        self.warnings
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.codes.is_empty()
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::merge(self.codes.iter().copied())
    }
}
