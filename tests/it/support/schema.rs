//! Compares what the binary prints with `--json` with its own schema: each run of a test that asks for JSON is compared,
//! whatever else the test looks at.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

/// What `pop3 generate schema` prints.
pub(crate) fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pop3"));
        let printed = super::tool(command.args(["generate", "schema"]).env_remove("POP3_JSON"));
        serde_json::from_slice(&printed).unwrap()
    })
}

/// The schema of each type of object by its name: a mistake is then that of one type, and not of all.
pub(crate) fn types() -> &'static BTreeMap<String, Validator> {
    static TYPES: OnceLock<BTreeMap<String, Validator>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let of_type = |one: &Value| {
            let name = one["properties"]["type"]["const"].as_str().unwrap().to_owned();
            let mut one = one.clone();
            one["$defs"] = schema()["$defs"].clone();
            let validator = jsonschema::options().should_validate_formats(true).build(&one);
            (name, validator.unwrap())
        };
        schema()["oneOf"].as_array().unwrap().iter().map(of_type).collect()
    })
}

/// The objects of these lines. Fails if one is not as the schema says.
#[track_caller]
pub(crate) fn objects(lines: &str) -> Vec<Value> {
    let object = |line: &str| {
        let object: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\nin {lines}"));
        let name = object["type"].as_str().unwrap_or_else(|| panic!("no type: {line}"));
        let of_type = types().get(name).unwrap_or_else(|| panic!("the schema has no {name}: {line}"));
        let mistakes: Vec<String> = of_type.iter_errors(&object).map(|error| error.to_string()).collect();
        assert!(mistakes.is_empty(), "{mistakes:#?} in {line}");
        object
    };
    lines.lines().map(object).collect()
}
