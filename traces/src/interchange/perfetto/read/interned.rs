//! What a sequence of packets has said once and refers to by number.

use hashbrown::HashMap;

use crate::interchange::perfetto::messages::{InternedData, InternedName, TrackEvent};

/// State of one sequence, from one clearing to the next.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    pub(super) categories: HashMap<u64, String>,
    pub(super) names: HashMap<u64, String>,
    pub(super) keys: HashMap<u64, String>,
    pub(super) values: HashMap<u64, String>,
    /// Hardware queues and stages of GPUs.
    pub(super) specifications: HashMap<u64, String>,
    /// Processes of graphics contexts.
    pub(super) contexts: HashMap<u64, i64>,
    /// Track of events that name none.
    pub(super) track_uuid: Option<u64>,
    pub(super) clock_id: Option<u32>,
    /// For events whose time is a step from the one before, in µs.
    pub(super) time_us: i64,
    /// Process and thread of the sequence, as older producers say it.
    pub(super) thread: Option<(i32, i32)>,
}

impl Sequence {
    /// The time of an event that tells a step or an absolute time, both in µs, in ns.
    pub(super) fn step(&mut self, event: &TrackEvent) -> Option<i64> {
        match (event.timestamp_absolute_us, event.timestamp_delta_us) {
            (Some(at_us), _) => at_us.checked_mul(1000),
            (None, Some(step_us)) => {
                self.time_us = self.time_us.checked_add(step_us)?;
                self.time_us.checked_mul(1000)
            }
            (None, None) => None,
        }
    }

    pub(super) fn learn(&mut self, data: InternedData) {
        names(&mut self.categories, data.event_categories);
        names(&mut self.names, data.event_names);
        names(&mut self.keys, data.debug_annotation_names);
        for value in data.debug_annotation_string_values {
            if let (Some(iid), Some(bytes)) = (value.iid, value.str) {
                self.values.insert(iid, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        for it in data.gpu_specifications {
            self.specifications.extend(it.iid.zip(it.name));
        }
        for it in data.graphics_contexts {
            self.contexts.extend(it.iid.zip(it.pid.map(i64::from)));
        }
    }
}

fn names(into: &mut HashMap<u64, String>, from: Vec<InternedName>) {
    into.extend(from.into_iter().filter_map(|it| it.iid.zip(it.name)));
}
