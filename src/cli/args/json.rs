//! Commands that print no objects: to ask one for `--json` is a mistake. `json = true` in the configuration file does
//! not concern them.

use std::path::Path;

use pop3::error::{Error, Kind};

use super::{Cli, Command};

impl Command {
    /// Whether it has results that `--json` prints.
    pub(crate) fn has_objects(&self) -> bool {
        self.without_objects().is_none()
    }

    /// The name of a command without objects, why it has none, and what to do instead.
    fn without_objects(&self) -> Option<[&'static str; 3]> {
        Some(match self {
            Command::Top(_) => {
                ["top", "it prints the text of a message", "`pop3 list --json` has date, from and subject"]
            }
            Command::Retr(args) if args.output.as_deref().is_none_or(|path| path == Path::new("-")) => {
                ["retr", "it prints the message itself", "with -o FILE an object says what was written"]
            }
            Command::Shell(_) => {
                ["shell", "it is for people", "stat, uidl, list, retr -o and dele have objects"]
            }
            Command::Demo => ["demo", "it is for people", "fetch and list have objects"],
            Command::Completions(_) => ["completions", "it prints a script", "leave --json out"],
            Command::Generate(_) => {
                ["generate", "it prints no results", "`pop3 generate schema` prints JSON by itself"]
            }
            _ => return None,
        })
    }
}

impl Cli {
    /// # Errors
    /// [`Kind::Usage`] for `--json`, or its variable, with a command without objects.
    pub(crate) fn check_json(&self) -> Result<(), Error> {
        match self.command.without_objects() {
            Some([name, why, hint]) if self.global.json => {
                let says = format!("could not use --json with {name}");
                Err(Error::new(Kind::Usage, says).because(why).hint(hint))
            }
            _ => Ok(()),
        }
    }
}
