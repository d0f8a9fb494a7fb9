//! Arrows: which slice a flow point lies in, and which points belong together.

use std::cell::Cell;

use super::records::FlowPoint;
use crate::gallop::gallop;
use crate::interchange::tally::Tally;
use crate::{Flow, FlowKind, SliceRef, Span};

/// Slices of each row in order of start, for looking up a point in time.
#[derive(Debug, Default)]
pub(crate) struct Places {
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Row {
    slices: Vec<(Span, SliceRef)>,
    /// Where the last search ended: points of arrows come nearly in order of time, and the next is mostly near.
    last: Cell<usize>,
}

/// How many earlier slices are looked at for one that still lasts.
const MAX_LOOK_BACK: usize = 4096;

impl Places {
    /// Adds a slice; starts must not fall within a row.
    pub(crate) fn add(&mut self, row: u32, span: Span, slice: SliceRef) {
        let row = row as usize;
        if row >= self.rows.len() {
            self.rows.resize_with(row + 1, Row::default);
        }
        self.rows[row].slices.push((span, slice));
    }

    /// The innermost slice of the row that holds the time or starts at it.
    pub(crate) fn at(&self, row: u32, at_ns: i64) -> Option<SliceRef> {
        let row = self.rows.get(row as usize)?;
        let after = row.first_after(at_ns);
        row.slices[..after]
            .iter()
            .rev()
            .take(MAX_LOOK_BACK)
            .find(|(span, _)| span.start_ns == at_ns || span.end_ns >= at_ns)
            .map(|&(_, slice)| slice)
    }
}

impl Row {
    /// First slice that starts after a time: forwards or backwards from where the last search ended.
    fn first_after(&self, at_ns: i64) -> usize {
        let num = self.slices.len();
        let is_before = |at: usize| self.slices[at].0.start_ns <= at_ns;
        let last = self.last.get().min(num);
        let after = match last + gallop(num - last, |at| is_before(last + at)) {
            here if here == last => last - gallop(last, |back| !is_before(last - 1 - back)),
            further => further,
        };
        self.last.set(after);
        after
    }
}

const LAUNCHED_NOTHING: &str = "launch arrows of calls that launched nothing";

const BACKWARDS: &str = "arrows that end before they begin: their two rows have different clocks";

/// Joins the points of each arrow: every later point hangs on the one before it, ends on the last start or step.
///
/// Kineto writes an end of a launch arrow for every runtime call, most of which launched nothing, and a start for some
/// that wait; those are remarks and no loss. `launches` says of a slice whether it puts work on a GPU.
pub(crate) fn join(
    mut points: Vec<FlowPoint>,
    slice_at: impl Fn(u32, i64) -> Option<SliceRef>,
    launches: impl Fn(SliceRef) -> bool,
    tally: &mut Tally,
) -> Vec<Flow> {
    let order = |phase: u8| u8::from(phase != b's');
    points.sort_by_key(|point| (point.arrow, point.at_ns, order(point.phase)));
    let mut joined = Vec::new();
    for arrow in points.chunk_by_mut(|a, b| a.arrow == b.arrow) {
        if let [FlowPoint { phase: b'f', at_ns: end_ns, .. }, FlowPoint { phase: b's', .. }] = arrow
        {
            let at_ns = *end_ns;
            tally.noted(BACKWARDS, || format!("at {at_ns} ns of the file's time"));
            arrow.swap(0, 1);
        }
        let mut from: Option<Option<SliceRef>> = None;
        let mut unused_start = None;
        for point in arrow {
            let place = || format!("at {} ns of the file's time", point.at_ns);
            let here = slice_at(point.row, point.at_ns);
            if here.is_none() {
                tally.lost_where("arrow points outside any slice", place);
            }
            if point.phase == b's' {
                from = Some(here);
                unused_start = Some(point);
                continue;
            }
            match from {
                None if point.is_launch => {
                    tally.diagnostics.remark(LAUNCHED_NOTHING, 1);
                }
                None => tally.lost_where("arrow ends without a start", place),
                Some(start) => {
                    unused_start = None;
                    let kind = if point.is_launch { FlowKind::Launch } else { FlowKind::Imported };
                    if let (Some(from), Some(to)) = (start, here) {
                        joined.push(Flow { from, to, kind });
                    }
                    if point.phase == b't' {
                        from = Some(here);
                    }
                }
            }
        }
        if let Some(point) = unused_start {
            let here = slice_at(point.row, point.at_ns);
            let cause = match (point.is_launch, here.is_none_or(&launches)) {
                (true, false) => {
                    tally.diagnostics.remark(LAUNCHED_NOTHING, 1);
                    continue;
                }
                (true, true) => "launches whose GPU work is not in the file",
                (false, _) => "arrow starts without an end",
            };
            tally.lost_where(cause, || format!("at {} ns of the file's time", point.at_ns));
        }
    }
    joined
}

/// A call of the runtime or the driver that puts work on a GPU, by its name: `cudaLaunchKernel`, `cuLaunchKernelEx`,
/// `hipMemcpyAsync`. One of another name, like `cudaStreamWaitEvent`, only waits or asks.
pub(super) fn puts_work_on_a_gpu(call: &str) -> bool {
    let call = call.to_ascii_lowercase();
    ["launch", "memcpy", "memset"].iter().any(|work| call.contains(work))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LaneId;

    /// Oracle: a look at every slice.
    #[test]
    fn the_first_slice_after_a_time_is_found_from_wherever_the_last_search_ended() {
        let mut state = 3_u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for num in [0, 1, 2, 3, 17, 200] {
            let mut row = Row::default();
            let mut at_ns = 0;
            for index in 0..num {
                at_ns += random(4) as i64;
                let slice = SliceRef { lane: LaneId(0), index };
                row.slices.push((Span::new(at_ns, at_ns + 5), slice));
            }
            for _ in 0..2000 {
                let asked_ns = random(at_ns as u64 + 5) as i64 - 2;
                let slow = row.slices.iter().filter(|(span, _)| span.start_ns <= asked_ns).count();
                assert_eq!(row.first_after(asked_ns), slow, "{num} slices, {asked_ns} ns");
            }
        }
    }
}
