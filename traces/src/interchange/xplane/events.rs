//! Lines and their events, and the values that stand with them.

use super::plane::Plane;
use super::space::Space;
use super::wire::{Fields, Wire};
use crate::ArgValue;
use crate::interchange::foreign::{Class, RowKey};

const PS_A_NS: i64 = 1000;
/// Values longer than this are no values: whole programs stand there.
const MAX_VALUE_BYTES: usize = 1 << 14;

/// Head of a line, and its events as they stand.
#[derive(Debug, Default)]
struct Line<'a> {
    id: i64,
    at_ns: i64,
    name: String,
    shown: String,
    events: Vec<&'a [u8]>,
}

/// An event as it stands.
#[derive(Debug, Default)]
struct Event<'a> {
    metadata: i64,
    offset_ps: i64,
    duration_ps: i64,
    is_sum: bool,
    stats: Vec<&'a [u8]>,
}

impl Space {
    /// Takes in a line.
    pub(super) fn line(&mut self, plane: &Plane<'_>, message: &[u8]) {
        let mut line = Line::default();
        for (field, value) in Fields::new(message) {
            match field {
                1 => line.id = value.int().unwrap_or(0),
                2 => line.name = value.text().unwrap_or_default(),
                3 => line.at_ns = value.int().unwrap_or(0),
                4 => line.events.extend(value.bytes()),
                11 => line.shown = value.text().unwrap_or_default(),
                _ => {}
            }
        }
        let collect = &mut self.recording.collect;
        let tid = collect.rows.id_of_int(line.id);
        let name = if line.shown.is_empty() { &line.name } else { &line.shown };
        if !name.is_empty() {
            collect.thread_names.insert((plane.pid, tid), name.clone());
        }
        let row = collect.rows.id(RowKey::Thread { pid: plane.pid, tid });
        self.last_line_ns = self.last_line_ns.max(line.at_ns);
        let is_stream = plane.is_device && name.starts_with("Stream");
        for event in &line.events {
            self.event(plane, (row, is_stream), line.at_ns, event);
        }
    }

    fn event(
        &mut self,
        plane: &Plane<'_>,
        (row, is_stream): (u32, bool),
        line_ns: i64,
        message: &[u8],
    ) {
        let mut event = Event::default();
        let mut fields = Fields::new(message);
        for (field, value) in fields.by_ref() {
            match field {
                1 => event.metadata = value.int().unwrap_or(0),
                2 => event.offset_ps = value.int().unwrap_or(0),
                3 => event.duration_ps = value.int().unwrap_or(0),
                4 => event.stats.extend(value.bytes()),
                5 => event.is_sum = true,
                _ => {}
            }
        }
        let tally = &mut self.recording.tally;
        let place = || format!("on a line of {}", plane.name);
        if fields.is_damaged() {
            return tally.lost_where("events that are damaged", place);
        }
        if event.is_sum {
            return tally.lost_where("sums of events, which have no time", place);
        }
        let Some(span) = span(line_ns, &event, &mut self.rounded) else {
            return tally.lost_where(
                "events that end before they start, or whose time does not fit",
                place,
            );
        };
        let metadata = plane.events.get(&event.metadata);
        let name = metadata.map_or_else(
            || self.recording.collect.names.number(&format!("event {}", event.metadata)),
            |metadata| metadata.name,
        );
        let (mut correlation, mut step) = (None, None);
        let mut args = Vec::with_capacity(event.stats.len());
        let constant = metadata.into_iter().flat_map(|metadata| &metadata.stats);
        for (key, given) in
            event.stats.iter().chain(constant).filter_map(|stat_of| stat(plane, stat_of))
        {
            match key {
                "correlation_id" => correlation = given.int().filter(|&id| id != 0),
                "step_num" => step = given.int(),
                _ => {}
            }
            args.extend(given.argument().map(|value| (key, value)));
        }
        self.recording.push(span, (row, name), Class::Untold, &args, correlation);
        match correlation {
            Some(id) if is_stream => self.recording.launches.work((0, Some(id)), span, row),
            Some(id) if !plane.is_device => self.calls.add(id, span.0, row),
            _ => {}
        }
        // A step that the program annotated; the work that was launched in it runs later.
        if let Some(step) = step.filter(|_| !plane.is_device) {
            self.recording.range(0, &format!("step {step}"), span);
        }
    }
}

/// Start and end in ns, each rounded to the nearer; counts those that lay between.
fn span(line_ns: i64, event: &Event<'_>, rounded: &mut u64) -> Option<(i64, i64)> {
    let end_ps =
        event.offset_ps.checked_add(event.duration_ps).filter(|_| event.duration_ps >= 0)?;
    let mut ns = |ps: i64| {
        *rounded += u64::from(ps % PS_A_NS != 0);
        line_ns.checked_add(ps.checked_add(PS_A_NS / 2)?.div_euclid(PS_A_NS))
    };
    Some((ns(event.offset_ps)?, ns(end_ps)?))
}

/// A value as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given<'a> {
    Int(i64),
    /// One beyond `i64`.
    Large(u64),
    Real(f64),
    Text(&'a [u8]),
    /// The name of another value.
    Named(&'a str),
    /// What is not kept: bytes, or packed text.
    Other,
}

impl Given<'_> {
    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// Of a text, the text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Self::Named(text) => (*text).to_owned(),
            _ => String::new(),
        }
    }

    fn argument(&self) -> Option<ArgValue> {
        Some(match self {
            Self::Int(number) => ArgValue::Int(*number),
            Self::Large(number) => ArgValue::Json(number.to_string()),
            Self::Real(number) => ArgValue::Float(*number),
            Self::Text(text) if text.len() > MAX_VALUE_BYTES => return None,
            Self::Text(_) | Self::Named(_) => ArgValue::Text(self.text()),
            Self::Other => return None,
        })
    }
}

/// A value with its name; `None` of one without a name or without a value.
pub(super) fn stat<'p>(plane: &'p Plane<'_>, message: &'p [u8]) -> Option<(&'p str, Given<'p>)> {
    let (mut id, mut given) = (0, None);
    for (field, value) in Fields::new(message) {
        given = match (field, value) {
            (1, Wire::Number(number)) => {
                id = number as i64;
                continue;
            }
            (2, Wire::Fixed64(bits)) => Some(Given::Real(f64::from_bits(bits))),
            (3, Wire::Number(number)) => {
                Some(i64::try_from(number).map_or(Given::Large(number), Given::Int))
            }
            (4, Wire::Number(number)) => Some(Given::Int(number as i64)),
            (5, Wire::Bytes(text)) => Some(Given::Text(text)),
            (6 | 8, Wire::Bytes(_)) => Some(Given::Other),
            (7, Wire::Number(id)) => plane.stats.get(&(id as i64)).map(|name| Given::Named(name)),
            _ => continue,
        };
    }
    let key = plane.stats.get(&id).filter(|key| !key.is_empty())?;
    Some((key, given?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ps_become_ns_without_overlap() {
        let at = |offset_ps, duration_ps| {
            let mut rounded = 0;
            let event = Event { offset_ps, duration_ps, ..Event::default() };
            (span(10, &event, &mut rounded), rounded)
        };
        assert_eq!(at(1000, 2000), (Some((11, 13)), 0));
        assert_eq!(at(1499, 1), (Some((11, 12)), 2));
        assert_eq!(at(1500, 499), (Some((12, 12)), 2));
        assert_eq!(at(-1500, 1500), (Some((9, 10)), 1));
        assert_eq!(at(0, -1).0, None);
        assert_eq!(at(i64::MAX, 1).0, None);
        // What begins where the one before ends does so after rounding too.
        for middle_ps in 0..3000 {
            let (first, second) = (at(0, middle_ps).0, at(middle_ps, 700).0);
            assert_eq!(first.map(|span| span.1), second.map(|span| span.0));
        }
    }
}
