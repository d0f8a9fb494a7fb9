//! Functions of one value: Perfetto's over the whole trace, over arguments and over units of time.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use weftscope_traces::{ArgsId, Trace};

use crate::leaves::{LeafValue, leaf};

/// Functions of one value: the name, and what it takes.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("extract_arg", "arg_set_id, key"),
    ("trace_start", ""),
    ("trace_end", ""),
    ("trace_dur", ""),
    ("time_from_ns", "n"),
    ("time_from_us", "n"),
    ("time_from_ms", "n"),
    ("time_from_s", "n"),
    ("time_to_ns", "ns"),
    ("time_to_us", "ns"),
    ("time_to_ms", "ns"),
    ("time_to_s", "ns"),
];

/// Nanoseconds of each unit of time.
const UNITS: [(&str, i64); 4] = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];

/// Makes them known to a connection.
pub(crate) fn add(connection: &Connection, trace: &Arc<Trace>) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let span = trace.span();
    for (name, value) in
        [("trace_start", span.start_ns), ("trace_end", span.end_ns), ("trace_dur", span.len_ns())]
    {
        connection.create_scalar_function(name, 0, flags, move |_| Ok(value))?;
    }
    for (unit, unit_ns) in UNITS {
        let name = format!("time_from_{unit}");
        connection.create_scalar_function(&*name, 1, flags, move |context| {
            let count: Option<i64> = context.get(0)?;
            Ok(count.map(|count| count.saturating_mul(unit_ns)))
        })?;
        let name = format!("time_to_{unit}");
        // Whole units, as Perfetto has it.
        connection.create_scalar_function(&*name, 1, flags, move |context| {
            let ns: Option<i64> = context.get(0)?;
            Ok(ns.map(|ns| ns / unit_ns))
        })?;
    }
    let trace = Arc::clone(trace);
    connection.create_scalar_function("extract_arg", 2, flags, move |context| {
        let set: Option<i64> = context.get(0)?;
        let key: Option<String> = context.get(1)?;
        let set = set.and_then(|set| u32::try_from(set).ok()).map(ArgsId);
        let (Some(set), Some(key)) = (set, key) else { return Ok(Value::Null) };
        Ok(match leaf(&trace, set, &key) {
            None | Some(LeafValue::Null) => Value::Null,
            Some(LeafValue::Bool(is)) => Value::Integer(i64::from(is)),
            Some(LeafValue::Int(int)) => Value::Integer(int),
            Some(LeafValue::Real(real)) => Value::Real(real),
            Some(LeafValue::Text(text)) => Value::Text(text),
        })
    })
}
