//! One plane: its name, what its events and their values are called, and its lines.

use hashbrown::HashMap;

use super::space::Space;
use super::wire::{Fields, Wire};

/// Fields of `XPlane`.
const NAME: u32 = 2;
const LINES: u32 = 3;
const EVENT_METADATA: u32 = 4;
const STAT_METADATA: u32 = 5;
const STATS: u32 = 6;

/// What a plane's events refer to.
#[derive(Debug, Default)]
pub(super) struct Plane<'a> {
    pub(super) name: String,
    /// Process, by its place in the file.
    pub(super) pid: i64,
    pub(super) is_device: bool,
    pub(super) events: HashMap<i64, EventMetadata<'a>>,
    /// Names of values, by their ids.
    pub(super) stats: HashMap<i64, String>,
}

/// What is the same of all events of one kind.
#[derive(Debug, Default)]
pub(super) struct EventMetadata<'a> {
    /// As numbered in the collection.
    pub(super) name: u32,
    pub(super) stats: Vec<&'a [u8]>,
}

impl Space {
    /// Takes in a plane.
    pub(super) fn take(&mut self, message: &[u8]) {
        let mut plane = Plane { pid: self.planes, ..Plane::default() };
        self.planes += 1;
        let mut of_plane = Vec::new();
        for (field, value) in Fields::new(message) {
            match field {
                NAME => plane.name = value.text().unwrap_or_default(),
                STAT_METADATA => {
                    if let Some((id, metadata)) = entry(value) {
                        plane.stats.insert(id, name(metadata));
                    }
                }
                EVENT_METADATA => {
                    if let Some((id, metadata)) = entry(value) {
                        let metadata = self.event_metadata(metadata);
                        plane.events.insert(id, metadata);
                    }
                }
                STATS => of_plane.extend(value.bytes()),
                _ => {}
            }
        }
        plane.is_device = plane.name.starts_with("/device:");
        self.facts(&plane, &of_plane);
        let names = &mut self.recording.collect.process_names;
        names.insert(plane.pid, plane.name.clone());
        for (field, value) in Fields::new(message) {
            if let (LINES, Some(line)) = (field, value.bytes()) {
                self.line(&plane, line);
            }
        }
    }

    /// The name, or the one to show where both are told, and what is constant.
    fn event_metadata<'a>(&mut self, metadata: &'a [u8]) -> EventMetadata<'a> {
        let (mut name, mut shown, mut stats) = (None, None, Vec::new());
        for (field, value) in Fields::new(metadata) {
            match field {
                2 => name = value.text().filter(|name| !name.is_empty()),
                4 => shown = value.text().filter(|name| !name.is_empty()),
                5 => stats.extend(value.bytes()),
                _ => {}
            }
        }
        let name = shown.or(name).unwrap_or_else(|| "(no name)".to_owned());
        EventMetadata { name: self.recording.collect.names.number(&name), stats }
    }
}

/// Key and value of an entry of a map.
fn entry(value: Wire<'_>) -> Option<(i64, &[u8])> {
    let (mut id, mut metadata) = (0, &[][..]);
    for (field, value) in Fields::new(value.bytes()?) {
        match field {
            1 => id = value.int()?,
            2 => metadata = value.bytes()?,
            _ => {}
        }
    }
    Some((id, metadata))
}

fn name(metadata: &[u8]) -> String {
    let found = Fields::new(metadata).find(|(field, _)| *field == 2);
    found.and_then(|(_, value)| value.text()).unwrap_or_default()
}
