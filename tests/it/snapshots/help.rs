//! The help of every command.

use super::{Record, WIDTHS, on_terminals};
use crate::support::pop3::Home;

/// Every command that help names, with its own commands.
fn commands(home: &Home, above: &[&str]) -> Vec<Vec<String>> {
    let help = crate::support::pop3::Pop3::new(home).args(above).args(["--help"]).run().exits(0).text();
    let mut found = vec![above.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()];
    let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let names = listed.lines().take_while(|line| line.starts_with("  ") || line.is_empty());
    for line in names.filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        if name != "help" {
            let below = [above, &[name]].concat();
            found.extend(commands(home, &below));
        }
    }
    found
}

#[test]
fn help_of_every_command() {
    let home = Home::new();
    let commands = commands(&home, &[]);
    assert!(commands.len() > 20, "{commands:?}");
    for width in WIDTHS {
        let mut record = Record::new();
        for words in &commands {
            let typed = [words.as_slice(), &["--help".to_owned()]].concat();
            record.add(&typed.join(" "), on_terminals(&home, width).args(&typed), &[]);
        }
        record.is(&format!("help-{width}.txt"));
    }
}
