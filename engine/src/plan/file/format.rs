//! The form of the file: what stands in it under which name, and where it is wrong.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{PlanFileError, line::OpLine};
use crate::{
    plan::SplitDecision,
    spec::{RunSpec, StrategyKind},
};

/// What a file says that it is.
pub(super) const FORMAT: &str = "weftscope-plan";
/// The version that is written and read.
pub(super) const VERSION: u32 = 1;

/// A file, read.
pub(super) struct PlanFile {
    pub(super) spec: RunSpec,
    pub(super) schedule: Schedule,
    pub(super) ops: Vec<OpLine>,
}

/// Which schedule the ops are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedule {
    /// The strategy that made them, or that they stand for.
    pub(super) runs: StrategyKind,
    /// Name of a schedule of one's own.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// A sentence worth knowing.
    #[serde(default)]
    pub(super) reason: String,
    /// Where the batch was cut.
    #[serde(default)]
    pub(super) split: Option<SplitDecision>,
}

/// Reads a file, as far as its form goes.
pub(super) fn parse(text: &str) -> Result<PlanFile, PlanFileError> {
    let value: Value = serde_json::from_str(text).map_err(PlanFileError::syntax)?;
    let Value::Object(mut fields) = value else {
        return Err(PlanFileError::Format { found: "missing".to_owned() });
    };
    let mut take = |name: &str| fields.remove(name);
    let found = take("format").unwrap_or(Value::String("missing".to_owned()));
    if found != FORMAT {
        return Err(PlanFileError::Format { found: found.to_string() });
    }
    let found = take("version").unwrap_or(Value::Null);
    if found != VERSION {
        return Err(PlanFileError::Version { found: found.to_string(), known: VERSION });
    }
    let [spec, schedule, ops] = ["spec", "schedule", "ops"].map(|name| (name, take(name)));
    if let Some(name) = fields.keys().next() {
        return Err(PlanFileError::field(name, "there is no such field in a plan"));
    }
    let given = required(spec)?;
    let read: RunSpec = read(given.clone(), "spec")?;
    known_fields("spec", &given, &serde_json::to_value(&read).map_err(PlanFileError::syntax)?)?;
    let schedule = read_field(schedule)?;
    let Value::Array(lines) = required(ops)? else {
        return Err(PlanFileError::field("ops", "it is no list"));
    };
    let ops: Result<Vec<OpLine>, PlanFileError> =
        lines.into_iter().enumerate().map(|(index, line)| op_line(index, line)).collect();
    Ok(PlanFile { spec: read, schedule, ops: ops? })
}

fn required((name, value): (&str, Option<Value>)) -> Result<Value, PlanFileError> {
    value.ok_or_else(|| PlanFileError::field(name, "it is missing"))
}

fn read_field<T: DeserializeOwned>(field: (&str, Option<Value>)) -> Result<T, PlanFileError> {
    let name = field.0;
    read(required(field)?, name)
}

fn op_line(index: usize, line: Value) -> Result<OpLine, PlanFileError> {
    let role = line.get("role").and_then(Value::as_str).map(str::to_owned);
    let place = role.map_or_else(|| format!("op {index}"), |role| format!("op {index} ({role})"));
    read(line, &place)
}

/// A value of this type, or where in it that fails.
fn read<T: DeserializeOwned>(value: Value, place: &str) -> Result<T, PlanFileError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { place.to_owned() } else { format!("{place}, {path}") };
        PlanFileError::field(place, error.into_inner().to_string())
    })
}

/// Refuses a field that was given and not understood. Runs in recordings may have fields that programs to come add, so the
/// spec itself lets them pass; a file that somebody wrote by hand must not have a slip ignored.
fn known_fields(place: &str, given: &Value, understood: &Value) -> Result<(), PlanFileError> {
    match (given, understood) {
        (Value::Object(given), Value::Object(understood)) => {
            for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
                let place = format!("{place}.{name}");
                let Some(understood) = understood.get(name) else {
                    return Err(PlanFileError::field(place, "there is no such field"));
                };
                known_fields(&place, value, understood)?;
            }
            Ok(())
        }
        (Value::Array(given), Value::Array(understood)) => {
            let pairs = given.iter().zip(understood).enumerate();
            pairs.into_iter().try_for_each(|(index, (given, understood))| {
                known_fields(&format!("{place}[{index}]"), given, understood)
            })
        }
        _ => Ok(()),
    }
}
