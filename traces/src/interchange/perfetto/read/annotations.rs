//! Annotations of an event as arguments of a slice.

use super::interned::Sequence;
use crate::ArgValue;
use crate::interchange::json::compact;
use crate::interchange::perfetto::messages::DebugAnnotation;

/// How deep annotations are followed.
const MAX_DEPTH: u32 = 8;

/// All values with their keys; those inside dictionaries and arrays as `outer.inner` and `outer[0]`.
pub(super) fn arguments(
    annotations: &[DebugAnnotation],
    sequence: &Sequence,
) -> Vec<(String, ArgValue)> {
    let mut args = Vec::new();
    for annotation in annotations {
        add(&mut args, key(annotation, sequence), annotation, sequence, MAX_DEPTH);
    }
    args
}

fn key(annotation: &DebugAnnotation, sequence: &Sequence) -> String {
    let told = annotation.name_iid.and_then(|iid| sequence.keys.get(&iid));
    annotation.name.clone().or_else(|| told.cloned()).unwrap_or_else(|| "(no name)".to_owned())
}

fn add(
    args: &mut Vec<(String, ArgValue)>,
    key: String,
    annotation: &DebugAnnotation,
    sequence: &Sequence,
    depth: u32,
) {
    if let Some(value) = value(annotation, sequence) {
        args.push((key, value));
        return;
    }
    if depth == 0 {
        return;
    }
    for entry in &annotation.dict_entries {
        let inner = format!("{key}.{}", self::key(entry, sequence));
        add(args, inner, entry, sequence, depth - 1);
    }
    for (at, entry) in annotation.array_values.iter().enumerate() {
        add(args, format!("{key}[{at}]"), entry, sequence, depth - 1);
    }
}

fn value(annotation: &DebugAnnotation, sequence: &Sequence) -> Option<ArgValue> {
    let whole = |number: u64| match i64::try_from(number) {
        Ok(number) => ArgValue::Int(number),
        Err(_) => ArgValue::Json(number.to_string()),
    };
    let json = || {
        let text = annotation.legacy_json_value.clone()?;
        Some(match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => ArgValue::Json(compact(text.as_bytes())),
            Err(_) => ArgValue::Text(text),
        })
    };
    let text = annotation.string_value.clone();
    let interned =
        || annotation.string_value_iid.and_then(|iid| sequence.values.get(&iid)).cloned();
    None.or(annotation.int_value.map(ArgValue::Int))
        .or(annotation.uint_value.map(whole))
        .or(annotation.double_value.map(ArgValue::Float))
        .or(annotation.bool_value.map(|it| ArgValue::Json(it.to_string())))
        .or(annotation.pointer_value.map(|it| ArgValue::Text(format!("{it:#x}"))))
        .or_else(|| text.or_else(interned).map(ArgValue::Text))
        .or_else(json)
}
