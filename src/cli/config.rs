//! `pop3 config`: lists the mistakes in the configuration file, and shows the effective settings.

use std::path::Path;

use anyhow::Result;
use pop3::account::{self, Config, Effective, Key, Origin, Overrides};
use pop3::error::{Error, Kind};

use super::advice;
use super::args::ConfigShowArgs;
use super::context::Context;
use super::output::human;
use super::output::json::Local;
use super::output::table::{Align, Cell, Column, Table, Width, widest};
use super::report::ExitCode;

/// `pop3 config show`: the effective settings of the accounts, and where each comes from.
pub(crate) fn show(context: &Context, args: &ConfigShowArgs) -> Result<()> {
    let mut flags = args
        .fetch
        .overrides(context.environment().home(), |text, _| Err(pop3::store::Spec::ambiguous(text)))?;
    flags.trace = context.traces().option().cloned();
    let accounts = args.fetch.accounts()?;
    let all = account::show(context.config(), context.environment(), &accounts, &flags)?;
    for (at, (name, settings)) in all.iter().enumerate() {
        if context.output().is_json() {
            as_json(context, name.as_deref(), settings)?;
        } else {
            as_table(context, name.as_deref(), settings, at > 0)?;
        }
    }
    Ok(())
}

/// What is shown in place of a secret.
const HIDDEN: &str = "(hidden)";

fn as_table(
    context: &Context,
    name: Option<&str>,
    settings: &[Effective],
    has_one_before: bool,
) -> Result<()> {
    let output = context.output();
    let origins: Vec<String> = settings.iter().map(|setting| origin(setting, name)).collect();
    let values: Vec<&str> =
        settings.iter().map(|setting| setting.value.as_deref().unwrap_or(HIDDEN)).collect();
    let keys = settings.iter().map(|setting| setting.key).chain(["setting"]);
    let columns = [
        Column("setting", Width::Exactly(widest(keys)), Align::Left),
        Column("value", Width::Exactly(widest(values.iter().copied().chain(["value"])).min(50)), Align::Left),
        Column("from", Width::Share(1), Align::Left),
    ];
    let table = Table::new(&columns, output.width());
    let cells =
        settings.iter().zip(values).zip(&origins).map(|((setting, value), origin)| {
            [Cell::text(setting.key), Cell::text(value), Cell::text(origin)]
        });
    if !output.is_for_people() {
        // Each line by itself says which account it is about.
        let account = Cell::text(name.unwrap_or_default());
        return Ok(cells
            .map(|cells| [&[account.clone()][..], &cells].concat())
            .try_for_each(|cells| output.row(&table, &cells))?);
    }
    if has_one_before {
        output.line("")?;
    }
    output.line(
        name.map_or_else(|| "a server without an account".to_owned(), |name| format!("account {name}")),
    )?;
    output.heading(&table)?;
    cells.into_iter().try_for_each(|cells| output.row(&table, &cells))?;
    Ok(())
}

fn as_json(context: &Context, name: Option<&str>, settings: &[Effective]) -> Result<()> {
    for setting in settings {
        context.output().object(&Local::Setting {
            account: name,
            setting: setting.key,
            value: setting.value.as_deref(),
            hidden: setting.value.is_none(),
            from: setting.origin.into(),
            r#where: origin(setting, name),
        })?;
    }
    Ok(())
}

/// Where a setting was written, as a person finds it.
fn origin(setting: &Effective, account: Option<&str>) -> String {
    match setting.origin {
        Origin::BuiltIn => "built in".to_owned(),
        Origin::Defaults => "[defaults]".to_owned(),
        Origin::Account => format!("[account.{}]", account.unwrap_or_default()),
        Origin::Variable => Overrides::keys()
            .find(|key| key.name == setting.key)
            .map_or_else(|| "the environment".to_owned(), Key::variable),
        Origin::Option => match setting.key {
            "deliver" => "--to".to_owned(),
            "ip-version" => "-4 or -6".to_owned(),
            key => format!("--{key}"),
        },
    }
}

/// `pop3 config check`: every mistake, with its line and what to do.
pub(crate) fn check(context: &Context, named: Option<&Path>) -> Result<ExitCode> {
    let output = context.output();
    let Some((path, mistakes)) = Config::check(named, context.environment())? else {
        let place = context.environment().config_path().unwrap_or_default();
        output.note(&format!("there is nothing to check: no {}", place.display()));
        return Ok(ExitCode::Done);
    };
    for mistake in &mistakes {
        let hint = mistake.advice.as_ref().map(advice::sentence);
        let file = mistake.file.as_deref().unwrap_or(&path).display();
        if output.is_json() {
            output.object(&Local::Mistake {
                file: file.to_string(),
                line: mistake.line,
                column: mistake.column,
                message: &mistake.message,
                hint,
            })?;
            continue;
        }
        let (line, column) = (mistake.line, mistake.column);
        output.line(format!("{file}:{line}:{column}: {}", mistake.message))?;
        if let Some(hint) = hint {
            output.line(format!("  hint: {hint}"))?;
        }
    }
    if mistakes.is_empty() {
        output.note(&format!("{} is fine", path.display()));
        return Ok(ExitCode::Done);
    }
    let count = human::count(mistakes.len() as u64, "mistake");
    let error = Error::new(Kind::Config, format!("{} has {count}", path.display()));
    output.error(&error.hint("the lines above say what to do").into());
    Ok(ExitCode::Config)
}
