//! Flows: ids that events share, in order of time.

use hashbrown::HashMap;

use crate::interchange::foreign::{Arrow, Collect, FlowPoint};

/// One event that a flow goes through.
#[derive(Clone, Copy, Debug)]
struct Point {
    at_ns: i64,
    row: u32,
    ends: bool,
}

#[derive(Debug, Default)]
pub(super) struct Flows(HashMap<u64, Vec<Point>>);

impl Flows {
    pub(super) fn add(&mut self, id: u64, at_ns: i64, row: u32, ends: bool) {
        self.0.entry(id).or_default().push(Point { at_ns, row, ends });
    }

    /// The first event of an id is the arrow's start, later ones are steps; one that ends the flow frees the id.
    pub(super) fn finish(self, collect: &mut Collect) {
        let mut flows: Vec<(u64, Vec<Point>)> = self.0.into_iter().collect();
        flows.sort_by_key(|(id, _)| *id);
        let mut arrow = 0;
        for (_, mut points) in flows {
            points.sort_by_key(|point| point.at_ns);
            let mut is_open = false;
            for (at, point) in points.iter().enumerate() {
                let is_last = point.ends || at + 1 == points.len();
                let phase = match (is_open, is_last) {
                    (false, _) => b's',
                    (true, false) => b't',
                    (true, true) => b'f',
                };
                let Point { at_ns, row, .. } = *point;
                collect.flows.push(FlowPoint {
                    arrow: Arrow::number(arrow),
                    is_launch: false,
                    phase,
                    at_ns,
                    row,
                });
                is_open = !point.ends;
                arrow += u32::from(point.ends);
            }
            arrow += u32::from(is_open);
        }
    }
}
