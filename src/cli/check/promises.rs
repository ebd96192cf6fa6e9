//! What the server announces about sign-ins and about how long it keeps mail (LOGIN-DELAY and EXPIRE,
//! RFC 2449 sections 6.5 and 6.7), and what that means for this account's policy. Pure.

use std::time::Duration;

use pop3::fetch::policy::Keep;
use pop3::protocol::Capabilities;
use pop3::protocol::capability::{Expire, LoginDelay};

use super::super::output::human;
use super::finding::Finding;

/// The findings about both, if the server announces them.
pub(super) fn examine(capabilities: &Capabilities, keep: Keep) -> Vec<Finding> {
    let delay = capabilities.login_delay().map(login_delay);
    delay.into_iter().chain(capabilities.expire().map(|expire| expiry(expire, keep))).collect()
}

fn login_delay(delay: LoginDelay) -> Finding {
    let LoginDelay { seconds, .. } = delay;
    let finding = match seconds {
        0 => Finding::good("login-delay", "the server wants no pause between two sign-ins"),
        _ => {
            let pause = human::duration(Duration::from_secs(seconds.into()));
            let says = format!("the server wants a pause of {pause} between two sign-ins");
            let hint = format!("let cron fetch less often than every {pause}, or runs will end with 75");
            Finding::note("login-delay", says).hint(hint)
        }
    };
    finding.fact("seconds", seconds)
}

fn expiry(expire: Expire, keep: Keep) -> Finding {
    const ABOUT: &str = "expire";
    let days = match expire {
        Expire::Never => return Finding::good(ABOUT, "the server deletes nothing by itself"),
        Expire::Days(days) => days,
    };
    let when = match days {
        0 => "once it was retrieved".to_owned(),
        1 => "after a day".to_owned(),
        days => format!("after {days} days"),
    };
    let says = format!("the server may delete mail {when}");
    let is_shorter = match keep {
        Keep::None => false,
        Keep::All | Keep::Newest(_) | Keep::Total(_) => true,
        Keep::Age(age) => age.as_secs() > u64::from(days) * 86_400,
    };
    let finding = if is_shorter {
        Finding::warning(ABOUT, format!("{says}, whatever keep = \"{keep}\" says"))
            .hint("what is fetched is safe; do not count on the server as an archive")
    } else {
        Finding::note(ABOUT, says)
    };
    finding.fact("days", days)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn found(lines: &[&str], keep: &str) -> Vec<(&'static str, Verdict, String)> {
        let lines = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        let keep = keep.parse().expect("a policy");
        let findings = examine(&Capabilities::parse(lines), keep).into_iter();
        findings.map(|finding| (finding.about, finding.verdict, finding.says)).collect()
    }

    #[test]
    fn a_server_that_promises_nothing_gives_no_finding() {
        assert_eq!(found(&["TOP", "UIDL"], "all"), []);
    }

    #[test]
    fn a_pause_is_told_in_minutes() {
        let says = "the server wants a pause of 15 min 0 s between two sign-ins".to_owned();
        assert_eq!(found(&["LOGIN-DELAY 900 USER"], "all"), [("login-delay", Verdict::Note, says)]);
        assert_eq!(found(&["LOGIN-DELAY 0"], "all")[0].1, Verdict::Good);
    }

    #[test]
    fn mail_that_goes_before_the_policy_lets_it_go_is_a_warning() {
        let table = [
            ("EXPIRE NEVER", "all", Verdict::Good),
            ("EXPIRE 30", "none", Verdict::Note),
            ("EXPIRE 30", "14d", Verdict::Note),
            ("EXPIRE 30", "30d", Verdict::Note),
            ("EXPIRE 7", "14d", Verdict::Warning),
            ("EXPIRE 7", "all", Verdict::Warning),
            ("EXPIRE 7", "500", Verdict::Warning),
            ("EXPIRE 0", "1d", Verdict::Warning),
            ("EXPIRE 0", "none", Verdict::Note),
        ];
        for (line, keep, verdict) in table {
            assert_eq!(found(&[line], keep)[0].1, verdict, "{line} and {keep}");
        }
        assert_eq!(found(&["EXPIRE 0"], "none")[0].2, "the server may delete mail once it was retrieved");
    }
}
