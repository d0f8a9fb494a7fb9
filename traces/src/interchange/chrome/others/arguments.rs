//! Arguments of an event: kept, and what they tell of the event's place and kind.

use super::ids::id_of;
use crate::ArgsId;
use crate::interchange::chrome::event::{self, RawEvent};
use crate::interchange::foreign::{CATEGORY_KEY, Collect, Told};
use crate::interchange::json::Value;
use crate::model::BorrowedValue;

/// What an event's arguments tell beside what they are.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) device: Option<i64>,
    pub(super) stream: Option<i64>,
    pub(super) correlation: Option<i64>,
    from_device: Option<i64>,
    to_device: Option<i64>,
    pub(super) told: Told,
}

impl Arguments {
    /// Stores the arguments and says where; host events also keep their category, which the model has no place for.
    pub(super) fn take(
        collect: &mut Collect,
        event: &RawEvent<'_>,
        category: &str,
    ) -> (ArgsId, Self) {
        let mut found = Self::default();
        let (args, rows) = (&mut collect.args, &mut collect.rows);
        let is_graph = event.name.as_deref().is_some_and(|name| name.starts_with("Graph "));
        let mut has_category = false;
        for (key, value) in &event.args {
            match key.as_ref() {
                "device" => {
                    found.device = is_some(value).then(|| id_of(rows, value));
                    found.told.device = found.device.is_some();
                }
                "stream" => {
                    found.stream = is_some(value).then(|| id_of(rows, value));
                    found.told.stream = found.stream.is_some() && !is_negative(value);
                }
                "fromDevice" | "srcDevice" | "src_device" | "src device" | "src_agent_id" => {
                    found.from_device = event::int(value);
                }
                "toDevice" | "dstDevice" | "dst_device" | "dst device" | "dst_agent_id" => {
                    found.to_device = event::int(value);
                }
                "TS1" => found.told.stamps = true,
                "desc" => {
                    let frame =
                        matches!(value, Value::Text(text) if text.starts_with("UserMarker frame"));
                    found.told.spans_ops |= frame;
                }
                "kernels" => found.told.spans_ops |= is_graph,
                "correlation" => found.correlation = event::int(value),
                CATEGORY_KEY => has_category = true,
                _ => {}
            }
            event::store(args, key, value);
        }
        found.told.crosses =
            matches!((found.from_device, found.to_device), (Some(a), Some(b)) if a != b);
        let is_gpu =
            matches!(category, "kernel" | "gpu_memcpy" | "gpu_memset" | "gpu_user_annotation");
        if !is_gpu && !category.is_empty() && !has_category {
            args.add(CATEGORY_KEY, BorrowedValue::Text(category));
        }
        (args.end_row(), found)
    }
}

/// Not `null`.
fn is_some(value: &Value<'_>) -> bool {
    !matches!(value, Value::Word("null"))
}

/// Minus something, which as a stream or a device is none.
fn is_negative(value: &Value<'_>) -> bool {
    matches!(event::int(value), Some(id) if id < 0)
}
