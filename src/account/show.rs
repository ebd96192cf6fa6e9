//! The effective settings of accounts, and where each comes from: for `pop3 config show`.

use super::resolve::{Layers, layers};
use super::{Config, Environment, Overrides, Scope};
use crate::error::Result;

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Nobody says anything: the value that pop3 has of itself.
    BuiltIn,
    /// `[defaults]` of the configuration file.
    Defaults,
    /// The account's own table in it.
    Account,
    /// A variable of the environment.
    Variable,
    /// An option of the command line.
    Option,
}

/// A setting that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Its key.
    pub key: &'static str,
    /// Its value, as it would be written; `None` where that is a secret, or may contain one.
    pub value: Option<String>,
    /// Which layer says it.
    pub origin: Origin,
}

/// The effective settings of each selected account, by the rules of [`resolve`](super::resolve()), in the order of the
/// table of settings. The name is `None` for a server without an account. An account that could not be used (for a
/// setting that is missing, or contradicts another) is shown all the same.
///
/// # Errors
/// As [`resolve`](super::resolve()) for all accounts, and the first mistake in the table of one of them.
pub fn show(
    config: &Config,
    environment: &Environment,
    accounts: &[String],
    flags: &Overrides,
) -> Result<Vec<(Option<String>, Vec<Effective>)>> {
    let all = layers(config, environment, accounts, flags, Scope::Shown)?;
    if let Some(mistake) = all.iter().find_map(|layers| config.mistake_of(layers.name.as_deref()?)) {
        return Err(mistake);
    }
    Ok(all.into_iter().map(|layers| (layers.name.clone(), effective(&layers))).collect())
}

fn effective(layers: &Layers) -> Vec<Effective> {
    let Layers { defaults, own, variables, flags, .. } = layers;
    let by_origin = [
        (Origin::Option, flags),
        (Origin::Variable, variables),
        (Origin::Account, own),
        (Origin::Defaults, defaults),
    ];
    let by_origin = by_origin.map(|(origin, layer)| (origin, layer.told()));
    let origin_of = |key: &str| {
        let says = |told: &[(&'static str, Option<String>)]| told.iter().any(|(other, _)| *other == key);
        by_origin.iter().find(|(_, told)| says(told)).map_or(Origin::BuiltIn, |(origin, _)| *origin)
    };
    let told = Overrides::built_in().overlaid_by(&layers.effective()).told();
    let mut all: Vec<Effective> =
        told.into_iter().map(|(key, value)| Effective { key, value, origin: origin_of(key) }).collect();
    let place = |key: &str| Overrides::keys().position(|other| other.name == key);
    all.sort_by_key(|setting| place(setting.key));
    all
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::paths::Paths;
    use super::super::setting::Value;
    use super::*;

    fn layer(pairs: &[(&str, &str)]) -> Overrides {
        let mut layer = Overrides::default();
        let paths = Paths::of_run(Some(Path::new("/home/me")));
        pairs.iter().for_each(|(key, text)| layer.set(key, &Value::Text(text), paths).expect(key));
        layer
    }

    fn shown(file: &str, variables: &[(&str, &str)], flags: &[(&str, &str)]) -> Vec<String> {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("config.toml");
        std::fs::write(&path, file).expect("written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
        let environment = Environment::artificial(Some(home.path()), variables.iter().copied());
        let config = Config::find(Some(&path), &environment).expect("a configuration");
        let all = show(&config, &environment, &[], &layer(flags)).expect("shown");
        let mut lines = Vec::new();
        for (name, settings) in all {
            for Effective { key, value, origin } in
                settings.iter().filter(|one| one.origin != Origin::BuiltIn)
            {
                let value = value.as_deref().unwrap_or("***");
                lines.push(format!("{}: {key}={value} {origin:?}", name.as_deref().unwrap_or("-")));
            }
        }
        lines
    }

    #[test]
    fn each_setting_is_told_with_the_layer_that_it_comes_from_and_no_secret() {
        let file = "[defaults]\nkeep = '14d'\ntimeout = 90\n[account.work]\nserver = 'pop3s://me@pop.example'\n\
                    password = 'hunter2'\nmax-size = '1M'\nlimit = 3\nproxy = 'socks5h://me@proxy.example:1080'\n";
        let lines = shown(file, &[("POP3_LIMIT", "5"), ("POP3_TIMEOUT", "30s")], &[("timeout", "2m")]);
        let expected = [
            "work: server=pop3s://pop.example:995 Account",
            "work: user=me Account",
            "work: password=*** Account",
            "work: proxy=socks5h://proxy.example:1080 Account",
            "work: timeout=2m Option",
            "work: keep=14d Defaults",
            "work: max-size=1M Account",
            "work: limit=5 Variable",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_does_not_go_to_another_server_is_not_told_to_count() {
        let file = "[account.work]\nserver = 'pop3s://me@pop.example'\npassword = 'hunter2'\npin = 'sha256:PIN'\n\
                    enabled = false\n";
        let file = file.replace("PIN", &"ab".repeat(32));
        let lines = shown(&file, &[("POP3_PASSWORD", "x")], &[]);
        assert!(lines.contains(&"work: password=*** Variable".to_owned()), "{lines:?}");
        assert!(lines.contains(&"work: enabled=false Account".to_owned()), "{lines:?}");
        let lines = shown(&file, &[("POP3_ACCOUNT", "work")], &[("server", "pop3s://other.example")]);
        assert_eq!(lines, ["-: server=pop3s://other.example:995 Option"]);
    }

    #[test]
    fn what_nobody_says_has_the_value_that_is_built_in() {
        let environment = Environment::artificial(None, [("POP3_SERVER", "pop3s://me@h")]);
        let all = show(&Config::default(), &environment, &[], &Overrides::default()).expect("shown");
        let built_in: Vec<_> = all[0]
            .1
            .iter()
            .filter(|one| one.origin == Origin::BuiltIn)
            .map(|one| (one.key, &one.value))
            .collect();
        for (key, value) in [("timeout", "60s"), ("keep", "all"), ("order", "oldest"), ("tls-min", "1.2")] {
            assert!(built_in.contains(&(key, &Some(value.to_owned()))), "{built_in:?}");
        }
    }
}
