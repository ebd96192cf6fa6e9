//! Programs that run because the user said so: a command that knows a password, a tunnel, a delivery
//! command, a browser. They are started here so that none inherits our secrets: whatever they start in
//! turn would have them too, for as long as it runs.

use std::process::Command;

/// The variables that hold a secret of ours.
const SECRETS: [&str; 4] =
    ["POP3_PASSWORD", "POP3_PROXY_PASSWORD", "POP3_CLIENT_CERT_PASSWORD", "POP3_OAUTH_CLIENT_SECRET"];

/// A line for the shell.
pub fn shell(line: &str) -> Command {
    let mut shell = program("sh");
    shell.args(["-c", line]);
    shell
}

/// A program by its name.
pub fn program(name: &str) -> Command {
    let mut program = Command::new(name);
    for variable in SECRETS {
        program.env_remove(variable);
    }
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_and_the_rest_is_inherited() {
        let line = shell("x");
        let taken: Vec<_> = line.get_envs().filter(|(_, value)| value.is_none()).collect();
        assert_eq!(taken.len(), SECRETS.len());
        assert!(taken.iter().all(|(name, _)| name.to_str().is_some_and(|name| SECRETS.contains(&name))));
    }
}
