//! Labels and arguments as JSON: the names that other tools look for, and values that read back as they were.

use super::ExportOptions;
use super::text::quoted;
use crate::interchange::chrome::event::compact;
use crate::interchange::chrome::own::LABEL_KEY;
use crate::{ArgValue, Kind, Label, Phase, Split};

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

/// What a label says about its op, as arguments.
pub(super) fn facts(label: &Label) -> Vec<(&'static str, String)> {
    let mut args = vec![("kind", quoted(label.kind.name()))];
    if let Some(layer) = label.layer {
        args.push(("layer", layer.to_string()));
    }
    match label.split {
        Split::Whole => {}
        Split::First => args.push(("split", "0".to_owned())),
        Split::Second => args.push(("split", "1".to_owned())),
    }
    if label.phase != Phase::None {
        args.push(("phase", quoted(label.phase.name())));
    }
    let Some(facts) = &label.facts else { return args };
    args.push(("grid", format!("[{},1,1]", facts.grid)));
    args.push(("waves", facts.waves.to_string()));
    args.push(("tail occupancy", float_text(facts.tail_occupancy)));
    args.push(("SMs", facts.sms.to_string()));
    args.push(("tokens", facts.tokens.to_string()));
    args.push(("flops", float_text(facts.flops)));
    args.push(("hbm bytes", float_text(facts.hbm_bytes)));
    args.push(("link bytes", float_text(facts.link_bytes)));
    if let Some(alone_ns) = facts.alone_ns {
        args.push(("alone_ns", alone_ns.to_string()));
    }
    args.push(("shape", quoted(&facts.shape)));
    args
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
