//! Arguments as Perfetto has them: below `args`, and what holds other values as one argument a value.

use serde_json::Value;
use weftscope_traces::{ArgValue, ArgsId, Trace};

/// Before the name of every argument that a recording of Chrome's format has.
const BELOW: &str = "args.";

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    /// Its place without numbers: `args.block`.
    pub(crate) flat_key: String,
    /// Its place: `args.block[0]`.
    pub(crate) key: String,
    pub(crate) value: LeafValue,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LeafValue {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Text(String),
}

impl LeafValue {
    /// Perfetto's name of its type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Real(_) => "real",
            Self::Text(_) => "string",
        }
    }

    /// As text.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(is) => is.to_string(),
            Self::Int(int) => int.to_string(),
            Self::Real(real) => real.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// The values of a set of arguments, in order.
pub(crate) fn leaves(trace: &Trace, set: ArgsId) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (name, value) in trace.args.get(set) {
        let key = format!("{BELOW}{name}");
        add(&mut leaves, (key.clone(), key), value);
    }
    leaves
}

/// The value at this place; the name of an argument does without `args.` or `debug.`.
pub(crate) fn leaf(trace: &Trace, set: ArgsId, key: &str) -> Option<LeafValue> {
    let bare = key.strip_prefix(BELOW).or(key.strip_prefix("debug.")).unwrap_or(key);
    let all = trace.args.get(set);
    if let Some((_, value)) = all.iter().find(|(name, _)| name == key || name == bare) {
        return Some(match value {
            // What holds others is asked for as a whole.
            ArgValue::Json(text) => LeafValue::Text(text.clone()),
            value => plain(value.clone()),
        });
    }
    let inside =
        |name: &str| bare.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '[']));
    let (name, value) = all.into_iter().find(|(name, _)| inside(name))?;
    let mut leaves = Vec::new();
    add(&mut leaves, (name.clone(), name), value);
    leaves.into_iter().find(|leaf| leaf.key == bare).map(|leaf| leaf.value)
}

fn plain(value: ArgValue) -> LeafValue {
    match value {
        ArgValue::Int(int) => LeafValue::Int(int),
        ArgValue::Float(real) => LeafValue::Real(real),
        ArgValue::Text(text) | ArgValue::Json(text) => LeafValue::Text(text),
    }
}

fn add(leaves: &mut Vec<Leaf>, (flat_key, key): (String, String), value: ArgValue) {
    let parsed = match &value {
        ArgValue::Json(text) => serde_json::from_str(text).ok(),
        _ => None,
    };
    match parsed {
        Some(parsed) => add_json(leaves, (flat_key, key), parsed),
        None => leaves.push(Leaf { flat_key, key, value: plain(value) }),
    }
}

fn add_json(leaves: &mut Vec<Leaf>, (flat_key, key): (String, String), value: Value) {
    let value = match value {
        Value::Array(values) => {
            for (at, value) in values.into_iter().enumerate() {
                add_json(leaves, (flat_key.clone(), format!("{key}[{at}]")), value);
            }
            return;
        }
        Value::Object(values) => {
            for (name, value) in values {
                add_json(leaves, (format!("{flat_key}.{name}"), format!("{key}.{name}")), value);
            }
            return;
        }
        Value::Null => LeafValue::Null,
        Value::Bool(is) => LeafValue::Bool(is),
        Value::Number(number) => match number.as_i64() {
            Some(int) => LeafValue::Int(int),
            None => number.as_f64().map_or(LeafValue::Null, LeafValue::Real),
        },
        Value::String(text) => LeafValue::Text(text),
    };
    leaves.push(Leaf { flat_key, key, value });
}
