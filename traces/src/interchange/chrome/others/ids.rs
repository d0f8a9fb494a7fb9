//! Ids of processes, threads, streams and devices, which may be numbers or texts.

use crate::interchange::chrome::event;
use crate::interchange::foreign::Rows;
use crate::interchange::json::Value;

/// A number for an id: small ones as they are, others (negative, of more than 32 bits, texts) one of their own.
pub(super) fn id_of(rows: &mut Rows, value: &Value<'_>) -> i64 {
    match event::int(value) {
        Some(id) => rows.id_of_int(id),
        None => {
            let text = event::text(value.clone());
            rows.id_of_text(text.as_deref().map_or("?", str::trim))
        }
    }
}
