//! Labels and arguments as JSON: the names that other tools look for, and values that read back as they were.

use super::ExportOptions;
use super::text::quoted;
use crate::interchange::chrome::own::LABEL_KEY;
use crate::interchange::json::compact;
use crate::{ArgValue, Kind, Label};

/// The name under which other tools see an op.
pub(super) fn kernel_name(label: &Label, options: &ExportOptions) -> String {
    let name = &label.name;
    let is_known =
        name.starts_with("nccl") && name.contains("Kernel") || name.starts_with("Memcpy");
    if !options.hta_names {
        name.clone()
    } else if label.kind.is_comm() && !is_known {
        format!("ncclDevKernel_{name}")
    } else if label.kind == Kind::Memcpy && !name.starts_with("Mem") {
        format!("Memcpy {name}")
    } else {
        name.clone()
    }
}

/// The number that a name ends in.
pub(super) fn trailing_number(name: &str) -> Option<u64> {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    name[name.len() - digits..].parse().ok()
}

/// A float that reads back as the same float; what JSON cannot say becomes text.
pub(super) fn float_text(value: f64) -> String {
    match serde_json::Number::from_f64(value) {
        Some(number) => number.to_string(),
        None => quoted(&value.to_string()),
    }
}

/// An argument as JSON that reads back as the same argument.
pub(super) fn value_text(value: &ArgValue) -> String {
    match value {
        ArgValue::Int(int) => int.to_string(),
        ArgValue::Float(float) => float_text(*float),
        ArgValue::Json(text) if is_compact_json(text) => text.clone(),
        ArgValue::Json(text) | ArgValue::Text(text) => quoted(text),
    }
}

/// The key of an argument, told from our own: a user's `weft` becomes `weft~`, a `weft~` becomes `weft~~`.
pub(super) fn key_text(key: &str) -> String {
    let is_taken = key.strip_prefix(LABEL_KEY).is_some_and(|rest| rest.bytes().all(|b| b == b'~'));
    if is_taken { quoted(&format!("{key}~")) } else { quoted(key) }
}

/// True for JSON that reads back as the very same text: no text, nothing that would be a number of ours.
fn is_compact_json(text: &str) -> bool {
    !text.starts_with('"')
        && text.parse::<i64>().is_err()
        && compact(text.as_bytes()) == text
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
