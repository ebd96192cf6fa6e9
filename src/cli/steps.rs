//! `pop3 fetch --dry-run`: the plan, step by step, each with its reason.

use anyhow::Result;
use pop3::account::Account;
use pop3::fetch::Plan;
use pop3::fetch::plan::{Action, Listed, Step};

use super::output::Output;
use super::output::json::{Run, UniqueId};
use super::output::table::{Align, Cell, Column, Table, Width, widest};

/// Prints what would be fetched, deleted and kept, and why.
pub(crate) fn show(output: &Output, account: &Account, listed: &[Listed<'_>], plan: &Plan) -> Result<()> {
    let highest = listed.last().map_or(0, |message| message.number);
    let digits = highest.to_string().len().max("number".len());
    let actions: Vec<String> = plan.steps.iter().map(|step| step.action.to_string()).collect();
    let table = Table::new(
        &[
            Column("number", Width::Exactly(digits), Align::Right),
            Column("size", Width::Exactly(9), Align::Right),
            Column("does", Width::Exactly(widest(actions.iter().map(String::as_str))), Align::Left),
            Column("why", Width::Share(1), Align::Left),
        ],
        output.width(),
    );
    let mut steps: Vec<&Step> = plan.steps.iter().collect();
    steps.sort_by_key(|step| step.number);
    if !output.is_json() && !steps.is_empty() {
        output.heading(&table)?;
    }
    for step in &steps {
        let reason = step.reason.to_string();
        if output.is_json() {
            let at = listed.binary_search_by_key(&step.number, |message| message.number).ok();
            output.object(&Run::Step {
                account: &account.name,
                number: step.number,
                octets: step.octets,
                unique_id: UniqueId::from_option(at.and_then(|at| listed[at].unique_id)),
                action: step.action.to_string(),
                reason,
            })?;
            continue;
        }
        let cells = [
            Cell::number(step.number),
            Cell::size(step.octets),
            Cell::text(&step.action.to_string()),
            Cell::text(&reason),
        ];
        output.row(&table, &cells)?;
    }
    if let Some(due) = plan.held_back {
        output.warn(&format!("{due} deletions are due, more than --max-delete allows: none would be done"));
    }
    let count = |wanted: fn(Action) -> bool| steps.iter().filter(|step| wanted(step.action)).count();
    let fetch = count(|action| matches!(action, Action::Fetch { .. }));
    let delete = count(|action| matches!(action, Action::Delete | Action::Fetch { then_delete: true }));
    let keep = steps.len() - delete;
    output.note(&format!(
        "{}: would fetch {fetch}, delete {delete}, keep {keep}; nothing was done",
        account.name
    ));
    Ok(())
}
