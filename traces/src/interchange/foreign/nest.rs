//! Lanes of a host thread: nesting depth. And pairs of begin and end events.

use hashbrown::HashMap;

use super::records::{Event, HalfEvent};
use crate::interchange::tally::Tally;

/// Gives each slice of one thread its lane; slices come by start, longer first.
#[derive(Debug, Default)]
pub(crate) struct Nest {
    /// Ends and lanes of the slices around the present one.
    open: Vec<(i64, usize)>,
    lane_end_ns: Vec<i64>,
}

impl Nest {
    /// The lane, and whether the slice sticks out of the one it started in.
    pub(crate) fn place(&mut self, start_ns: i64, end_ns: i64) -> (usize, bool) {
        while self.open.last().is_some_and(|&(end, _)| end <= start_ns) {
            self.open.pop();
        }
        let sticks_out = self.open.last().is_some_and(|&(end, _)| end < end_ns);
        let mut lane = self.open.last().map_or(0, |&(_, lane)| lane + 1);
        while self.lane_end_ns.get(lane).is_some_and(|&end| end > start_ns) {
            lane += 1;
        }
        if lane >= self.lane_end_ns.len() {
            self.lane_end_ns.resize(lane + 1, i64::MIN);
        }
        self.lane_end_ns[lane] = end_ns;
        self.open.push((end_ns, lane));
        (lane, sticks_out)
    }
}

/// Joins begin and end events of each row that they were told on, innermost first; what has no partner is counted.
///
/// A begin without an end lasts to the row's last event, as in other viewers.
pub(crate) fn pair(mut halves: Vec<HalfEvent>, events: &mut Vec<Event>, tally: &mut Tally) {
    halves.sort_by_key(|half| (half.told_on, half.event.start_ns));
    let mut last_ns: HashMap<u32, i64> = HashMap::new();
    for half in &halves {
        last_ns.insert(half.told_on, half.event.start_ns);
    }
    let mut open: Vec<HalfEvent> = Vec::new();
    let place = |event: &Event| format!("at {} ns of the file's time", event.start_ns);
    let close_all = |open: &mut Vec<HalfEvent>, events: &mut Vec<Event>, tally: &mut Tally| {
        while let Some(HalfEvent { mut event, told_on, .. }) = open.pop() {
            tally.lost_where("begin events without an end, closed at their row's end", || {
                place(&event)
            });
            event.end_ns = last_ns[&told_on];
            events.push(event);
        }
    };
    for half in halves {
        if open.last().is_some_and(|open| open.told_on != half.told_on) {
            close_all(&mut open, events, tally);
        }
        if half.begins {
            open.push(half);
        } else if let Some(HalfEvent { mut event, .. }) = open.pop() {
            event.end_ns = half.event.start_ns;
            events.push(event);
        } else {
            tally.lost_where("end events without a begin", || place(&half.event));
        }
    }
    close_all(&mut open, events, tally);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_the_lane() {
        let mut nest = Nest::default();
        let lanes: Vec<_> =
            [(0, 100), (0, 50), (10, 20), (20, 30), (50, 60), (55, 120), (100, 110)]
                .map(|(start, end)| nest.place(start, end))
                .into();
        assert_eq!(
            lanes,
            [(0, false), (1, false), (2, false), (2, false), (1, false), (2, true), (3, false)]
        );
    }
}
