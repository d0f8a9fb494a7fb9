//! What NCCL says of its collectives: NVTX payloads of its calls, by the kernels that these launched.
//!
//! A payload is a header of 32 bytes and fields at the offsets that the schemas give. Of the header the second eight bytes
//! are the schema's number; all is little-endian. That is how public readers of exports have it, as is what NCCL names its
//! fields; some exports have the same as JSON. A call in a group launches nothing itself: its kernel is launched as the
//! group ends, and where that has several calls, which of them it is of is not known.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::messages::{COMMUNICATOR, Message, Messages, RANKS, SIZE};
use super::sheet::Nsight;
use crate::interchange::sqlite::database::Cells;
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

/// Bytes before the fields of a payload.
const HEADER: usize = 32;
/// The size had another word of sends and receives in versions before 2.26.
const SIZES: [&str; 2] = [SIZE, "Bytes"];
/// The calls around those of a group.
const GROUP: [&str; 2] = ["ncclGroupStart", "ncclGroupEnd"];

const EVENTS: &str = "NVTX_EVENTS";
const COLUMNS: [&str; 8] =
    ["start", "end", "globalTid", "text", "textId", "binaryData", "jsonText", "jsonTextId"];

/// A call of NCCL on a thread; one without a message begins or ends a group.
struct Call {
    start_ns: i64,
    end_ns: i64,
    message: Option<Message>,
}

/// A field of a payload.
struct Field {
    name: String,
    offset: usize,
    width: usize,
}

type Schemas = HashMap<i64, Vec<Field>>;

impl Sheet<'_, Nsight> {
    /// Reads the payloads; costs a look at every range and call where there are any.
    pub(super) fn nccl(&mut self, progress: Progress<'_>) {
        let has = |column| self.database.table(EVENTS).is_some_and(|table| table.has(column));
        if !["binaryData", "jsonText", "jsonTextId"].into_iter().any(has) {
            return;
        }
        let schemas = self.schemas(progress);
        let mut messages = Messages::default();
        let mut threads: HashMap<i64, Vec<Call>> = HashMap::new();
        self.each(EVENTS, &COLUMNS, progress, |sheet, cells| {
            let fields = sheet.fields_of(cells, &schemas);
            let value = |name: &str| fields.iter().find(|it| it.0 == name).map(|it| it.1);
            let communicator = value(COMMUNICATOR);
            messages.ranks.extend(communicator.zip(value(RANKS)));
            let bytes = SIZES.into_iter().find_map(value).filter(|bytes| *bytes > 0);
            let message = bytes.map(|bytes| Message { bytes, communicator });
            let is_group =
                || sheet.nvtx_name(cells).is_some_and(|name| GROUP.contains(&name.as_str()));
            let (Some(start_ns), Some(end_ns), Some(thread)) =
                (cells.int(0), cells.int(1), cells.int(2))
            else {
                return;
            };
            if message.is_some() || is_group() {
                threads.entry(thread).or_default().push(Call { start_ns, end_ns, message });
            }
        });
        if threads.values().flatten().all(|call| call.message.is_none()) {
            return;
        }
        threads.values_mut().for_each(|calls| calls.sort_by_key(|call| call.start_ns));
        for table in ["CUPTI_ACTIVITY_KIND_RUNTIME", "CUPTI_ACTIVITY_KIND_DRIVER"] {
            let columns = ["start", "globalTid", "correlationId"];
            self.each(table, &columns, progress, |sheet, cells| {
                let (Some(at_ns), Some(thread), Some(id)) =
                    (cells.int(0), cells.int(1), cells.int(2))
                else {
                    return;
                };
                let calls = threads.get(&thread).map_or(&[][..], Vec::as_slice);
                if let Some(message) = message_at(calls, at_ns) {
                    let pid = sheet.process(Some(thread));
                    messages.by_launch.insert((pid, id), message);
                }
            });
        }
        self.own.messages = messages;
    }

    /// Text of an event, from columns 3 and 4.
    fn nvtx_name(&self, cells: &Cells<'_>) -> Option<String> {
        cells.text(3).or_else(|| self.string(cells.int(4)).map(str::to_owned))
    }

    fn schemas(&mut self, progress: Progress<'_>) -> Schemas {
        let mut schemas = Schemas::new();
        let columns = ["schemaId", "type", "name", "offset"];
        self.each("NVTX_PAYLOAD_SCHEMA_ENTRIES", &columns, progress, |_, cells| {
            let (Some(schema), Some(width), Some(name)) =
                (cells.int(0), cells.int(1).and_then(width), cells.text(2))
            else {
                return;
            };
            // The first field has none.
            let offset = cells.int(3).unwrap_or(0);
            if let Ok(offset) = usize::try_from(offset) {
                schemas.entry(schema).or_default().push(Field { name, offset, width });
            }
        });
        schemas
    }

    /// Numbers of an event's payload by their names.
    fn fields_of(&self, cells: &Cells<'_>, schemas: &Schemas) -> Vec<(String, i64)> {
        if let Some(bytes) = cells.bytes(5) {
            return payload(bytes, schemas).unwrap_or_default();
        }
        let text = cells.text(6).or_else(|| self.string(cells.int(7)).map(str::to_owned));
        let json = text.filter(|text| text.starts_with('{'));
        let object: Option<Map<String, Value>> =
            json.and_then(|text| serde_json::from_str(&text).ok());
        let number = |value: &Value| match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64().or(value.as_u64().map(|it| it as i64)),
        };
        let fields = object.into_iter().flatten();
        fields.filter_map(|(name, value)| Some((name, number(&value)?))).collect()
    }
}

/// The numbers of a payload; `None` of one that no schema fits.
fn payload(bytes: &[u8], schemas: &Schemas) -> Option<Vec<(String, i64)>> {
    let number = |at: usize, width: usize| -> Option<i64> {
        let field = bytes.get(at..at.checked_add(width)?)?;
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(field);
        Some(i64::from_le_bytes(wide))
    };
    let schema = schemas.get(&number(8, 8)?).or(schemas.get(&number(8, 4)?))?;
    let value = |field: &Field| {
        Some((field.name.clone(), number(HEADER.checked_add(field.offset)?, field.width)?))
    };
    schema.iter().map(value).collect()
}

/// Bytes of a field by `NVTX_PAYLOAD_ENTRY_TYPE_*`: int, unsigned, 32 bits; long, unsigned, 64 bits, `size_t`. Of others
/// nothing is wanted.
fn width(kind: i64) -> Option<usize> {
    match kind {
        5 | 6 | 15 | 16 => Some(4),
        7..=10 | 17 | 18 | 22 => Some(8),
        _ => None,
    }
}

/// The collective that a call at this time launches: that of the range around it, or the only one of the group that ends.
fn message_at(calls: &[Call], at_ns: i64) -> Option<Message> {
    let begun = calls.partition_point(|call| call.start_ns <= at_ns);
    let around = calls[..begun].iter().rposition(|call| call.end_ns >= at_ns)?;
    if calls[around].message.is_some() {
        return calls[around].message;
    }
    let before = calls[..around].iter().rev();
    let mut of_group = before.map_while(|call| call.message);
    let only = of_group.next();
    only.filter(|_| of_group.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(start_ns: i64, end_ns: i64, bytes: i64) -> Call {
        let message = (bytes > 0).then_some(Message { bytes, communicator: None });
        Call { start_ns, end_ns, message }
    }

    #[test]
    fn a_launch_is_of_the_call_around_it_or_of_its_group() {
        let bytes = |calls: &[Call], at_ns| message_at(calls, at_ns).map(|it| it.bytes);
        let alone = [call(10, 20, 64), call(30, 40, 128)];
        assert_eq!([15, 25, 35, 5].map(|at| bytes(&alone, at)), [Some(64), None, Some(128), None]);
        let groups =
            [call(10, 12, 64), call(20, 30, 0), call(40, 42, 8), call(43, 45, 8), call(50, 60, 0)];
        assert_eq!(bytes(&groups, 25), Some(64));
        assert_eq!(bytes(&groups, 55), None, "of two calls, which is not known");
    }
}
