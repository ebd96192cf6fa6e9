//! The JSON Schema (2020-12) of every line that `--json` prints, for `pop3 generate schema`: from the types that are
//! printed, with their comments as descriptions.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::{Local, Mail, Run, Talk};

/// The schema, with a line end.
pub(crate) fn text() -> String {
    format!("{:#}\n", schema())
}

fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let families = [
        variants::<Run<'_>>(&mut generator),
        variants::<Mail<'_>>(&mut generator),
        variants::<Local<'_>>(&mut generator),
        variants::<Talk<'_>>(&mut generator),
    ];
    let mut lines = families.concat();
    lines.iter_mut().for_each(add_time);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of pop3 --json",
        "description": "Every line that pop3 prints with --json: results on stdout; error, warning, note and trace on \
                        stderr. The member type says which object it is.",
        "oneOf": lines,
        "$defs": generator.take_definitions(true),
    })
}

/// The schemas of the variants of an enum.
fn variants<T: JsonSchema>(generator: &mut SchemaGenerator) -> Vec<Value> {
    match T::json_schema(generator).remove("oneOf") {
        Some(Value::Array(variants)) => variants,
        // An enum with a tag always has them; the test of the schema would miss them otherwise.
        _ => Vec::new(),
    }
}

/// Adds what [`super::line`] puts into each object.
fn add_time(variant: &mut Value) {
    variant["properties"]["time"] = json!({
        "description": "When this line was made: RFC 3339, UTC, with milliseconds.",
        "type": "string",
        "format": "date-time",
    });
    if let Some(Value::Array(required)) = variant.get_mut("required") {
        required.push("time".into());
    }
}
