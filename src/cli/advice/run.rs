//! The sentences for advice on a run: its store, its journal, the files it needs.

use std::path::Path;

use pop3::advice::Run;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &Run) -> String {
    let text = match advice {
        Run::GoOn => "what was fetched is safe; run the same command to go on",
        Run::AwaitOtherRun => "another run is fetching this account: wait until it ends",
        Run::SharedMaildrop => {
            "remove one of them, or give one a maildrop = \"NAME\" of its own if they are two"
        }
        Run::KeepNone => "only --keep none, which fetches and deletes, works with this server",
        Run::MoreDeletions => "see with --dry-run what would be deleted, then raise --max-delete",
        Run::ShowProblems => "`pop3 problems` shows which, why, and when",
        Run::StateFolder => "set XDG_STATE_HOME, or HOME, to a folder that this user may write to",

        Run::InvalidRecord => {
            "remove that line to go on without it, or move the file away to start anew: \
             what is still on the server is then fetched again"
        }
        Run::NotAJournal => {
            "move the file away to start anew: what is still on the server is then fetched again"
        }
        Run::OtherVersion => {
            "use that version, or move the file away to start anew: \
             what is still on the server is then fetched again"
        }

        Run::DeliveryDeferred => "the destination asked to try later: what it refused will be retried",
        Run::DeliveryTimeout => "a longer --timeout gives it more time: what it did not take will be retried",
        Run::CommandNotFound => "the shell could not run it: is it installed, and in PATH?",
        Run::CommandNotExecutable => "the shell could not run it: is it a program, and executable?",
        Run::MissingStore => "mount it again, or give another destination with --to",
        Run::MissingStoreOfAccount => {
            "mount it again, or give the account another destination with deliver in the configuration"
        }
        Run::NotAMaildir => {
            "name an empty or a new folder, or create the folders cur, new and tmp in this one"
        }
        Run::FolderForMbox => "for a Maildir write maildir: before the path",
        Run::NotAnMbox => "name a new file, or one that contains mail",
        Run::CloseProgram => "close the program that uses it",
        Run::RemoveDotLock(path) => {
            return format!("remove {} if no other program uses the mbox", path.display());
        }
        Run::OneAccountAtATime => "deliver into another file, or fetch the accounts one by one",

        Run::CloseFile(path) => return close(path),
        Run::ProvidePrivately { password_file } => {
            let remedy = "it cannot be changed from here: have it provided with mode 0400".to_owned();
            return or_by_command(remedy, password_file.as_deref());
        }
        Run::AskOwner { path, owner, is_password } => {
            let remedy = format!("it belongs to another user (uid {owner}), who can run {}", close(path));
            return or_by_command(remedy, is_password.then_some(path));
        }
        Run::RestartKeyring => "restart the desktop's keyring, or set POP3_KEYRING=off to use none",
        Run::UnlockKeyring => {
            "unlock it, as signing in to the desktop does; or set POP3_KEYRING=off and run \
             `pop3 auth login` to store the secret in a file"
        }
        Run::UnlockKeyringToRemove => "unlock it, as signing in to the desktop does",
        Run::WithoutKeyring => "set POP3_KEYRING=off to use no keyring",
    };
    text.to_owned()
}

fn close(path: &Path) -> String {
    format!("chmod 600 {}", path.display())
}

/// The remedy, or for a file with a password a command that reads it without the check.
fn or_by_command(remedy: String, password_file: Option<&Path>) -> String {
    match password_file {
        None => remedy,
        Some(path) => {
            format!("{remedy}; or read it anyway with --password-command 'cat {}'", path.display())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(advice: &Run, text: &str) {
        assert_eq!(sentence(advice), text);
    }

    #[test]
    fn a_file_that_others_may_read_is_closed_by_whoever_can() {
        says(&Run::CloseFile("/run/x".into()), "chmod 600 /run/x");
        let ask = |is_password| Run::AskOwner { path: "/run/x".into(), owner: 1001, is_password };
        let owner = "it belongs to another user (uid 1001), who can run chmod 600 /run/x";
        says(&ask(false), owner);
        says(&ask(true), &format!("{owner}; or read it anyway with --password-command 'cat /run/x'"));
        let fixed = "it cannot be changed from here: have it provided with mode 0400";
        says(&Run::ProvidePrivately { password_file: None }, fixed);
        says(
            &Run::ProvidePrivately { password_file: Some("/run/x".into()) },
            &format!("{fixed}; or read it anyway with --password-command 'cat /run/x'"),
        );
    }

    #[test]
    fn only_a_run_that_delivers_has_an_option_for_the_destination() {
        assert!(sentence(&Run::MissingStore).contains("--to"));
        let of_account = sentence(&Run::MissingStoreOfAccount);
        assert!(of_account.contains("deliver") && !of_account.contains("--"), "{of_account}");
    }

    #[test]
    fn a_line_is_removed_only_from_a_journal() {
        assert!(sentence(&Run::InvalidRecord).starts_with("remove that line"));
        for advice in [Run::NotAJournal, Run::OtherVersion] {
            let text = sentence(&advice);
            assert!(!text.contains("remove") && text.contains("move the file away"), "{text}");
        }
    }

    #[test]
    fn a_lock_that_nobody_needs_is_named() {
        let advice = Run::RemoveDotLock("/m/mbox.lock".into());
        says(&advice, "remove /m/mbox.lock if no other program uses the mbox");
    }

    #[test]
    fn where_a_secret_is_removed_nobody_is_told_to_sign_in() {
        assert!(sentence(&Run::UnlockKeyring).contains("auth login"));
        assert!(!sentence(&Run::UnlockKeyringToRemove).contains("auth login"));
    }
}
