//! Slices by number: which of all slices of a trace a row is, and the orders in which they can come.

use std::sync::{Arc, OnceLock};

use weftscope_traces::{Lane, LaneId, Trace, Track, TrackId};

/// All slices of a trace, numbered lane by lane.
pub(crate) struct Numbered {
    pub(crate) trace: Arc<Trace>,
    /// Number of the first slice of each lane, then of all slices.
    firsts: Vec<usize>,
    /// Depth of each lane in its track.
    depths: Vec<u32>,
    /// Place of each label's name among all names in order; the same name, the same place.
    places: OnceLock<Vec<u32>>,
}

impl Numbered {
    pub(crate) fn of(trace: Arc<Trace>) -> Self {
        let firsts = Self::firsts_of(&trace);
        let mut depths = vec![0; trace.lanes.len()];
        for track in &trace.tracks {
            for (depth, lane) in (0..).zip(&track.lanes) {
                depths[lane.0 as usize] = depth;
            }
        }
        Self { trace, firsts, depths, places: OnceLock::new() }
    }

    /// Number of the first slice of each lane, then of all slices.
    pub(crate) fn firsts_of(trace: &Trace) -> Vec<usize> {
        let mut firsts = vec![0];
        for lane in &trace.lanes {
            firsts.push(firsts[firsts.len() - 1] + lane.slices.len());
        }
        firsts
    }

    /// Number of a slice.
    pub(crate) fn number(&self, lane: LaneId, index: usize) -> i64 {
        (self.firsts[lane.0 as usize] + index) as i64
    }

    /// The slice of a number.
    pub(crate) fn slice(&self, number: i64) -> Option<(LaneId, usize)> {
        let number = usize::try_from(number).ok()?;
        let lane = self.firsts.partition_point(|&first| first <= number).checked_sub(1)?;
        (lane < self.trace.lanes.len()).then(|| (LaneId(lane as u32), number - self.firsts[lane]))
    }

    pub(crate) fn lane(&self, lane: LaneId) -> &Lane {
        self.trace.lane(lane)
    }

    pub(crate) fn track(&self, lane: LaneId) -> (TrackId, &Track) {
        let id = self.lane(lane).track;
        (id, self.trace.track(id))
    }

    pub(crate) fn depth(&self, lane: LaneId) -> u32 {
        self.depths[lane.0 as usize]
    }

    /// Number of the slice one level up that holds this one.
    pub(crate) fn parent(&self, lane: LaneId, index: usize) -> Option<i64> {
        let above = self.depth(lane).checked_sub(1)?;
        let above = *self.track(lane).1.lanes.get(above as usize)?;
        let span = self.lane(lane).slices.span(index);
        let slices = &self.lane(above).slices;
        let at = slices.start_ns.partition_point(|&start| start <= span.start_ns).checked_sub(1)?;
        (slices.end_ns[at] >= span.end_ns).then(|| self.number(above, at))
    }

    fn places(&self) -> &[u32] {
        self.places.get_or_init(|| {
            let labels = &self.trace.labels;
            let mut order: Vec<usize> = (0..labels.len()).collect();
            order.sort_by_key(|&label| labels[label].name.as_bytes());
            let mut places = vec![0; labels.len()];
            let mut place = 0;
            for pair in 1..order.len() {
                place += u32::from(labels[order[pair]].name != labels[order[pair - 1]].name);
                places[order[pair]] = place;
            }
            places
        })
    }

    /// Slices of these lanes by name: a counting sort. Above 2³² slices no order is kept.
    pub(crate) fn by_name(&self, lanes: &[LaneId]) -> Vec<u32> {
        let places = self.places();
        let mut ends = vec![0_usize; places.iter().max().map_or(1, |&most| most as usize + 2)];
        for &lane in lanes {
            for label in &self.lane(lane).slices.label {
                ends[places[label.0 as usize] as usize + 1] += 1;
            }
        }
        for place in 1..ends.len() {
            ends[place] += ends[place - 1];
        }
        let mut order = vec![0; ends[ends.len() - 1]];
        for &lane in lanes {
            let first = self.firsts[lane.0 as usize];
            for (index, label) in self.lane(lane).slices.label.iter().enumerate() {
                let at = &mut ends[places[label.0 as usize] as usize];
                order[*at] = (first + index) as u32;
                *at += 1;
            }
        }
        order
    }

    /// Slices of these lanes by start: lanes are sorted already, so the sort merges them.
    pub(crate) fn by_start(&self, lanes: &[LaneId]) -> Vec<u32> {
        let mut order = Vec::new();
        let mut starts: Vec<(i64, u32)> = Vec::new();
        for &lane in lanes {
            let first = self.firsts[lane.0 as usize];
            let numbers = first as u32..;
            starts.extend(self.lane(lane).slices.start_ns.iter().copied().zip(numbers));
        }
        starts.sort();
        order.extend(starts.into_iter().map(|(_, number)| number));
        order
    }

    /// Whether every slice has a number of 32 bits, which the orders are made of.
    pub(crate) fn has_orders(&self) -> bool {
        self.firsts.last().is_some_and(|&all| u32::try_from(all).is_ok())
    }

    /// The part of an order by name that has this name.
    pub(crate) fn range_of_name(&self, order: &[u32], name: &str) -> std::ops::Range<usize> {
        let name_of = |number: &u32| {
            let slice = self.slice(i64::from(*number));
            slice.map_or("", |(lane, index)| {
                &self.trace.label(self.lane(lane).slices.label[index]).name
            })
        };
        let from = order.partition_point(|number| name_of(number).as_bytes() < name.as_bytes());
        let upto = order.partition_point(|number| name_of(number).as_bytes() <= name.as_bytes());
        from..upto
    }
}
