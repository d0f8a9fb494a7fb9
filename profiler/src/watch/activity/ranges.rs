//! NVTX ranges on rows of the host threads that made them.

use std::collections::BTreeMap;

use weftscope_traces::{ArgValue, Kind, LaneId, TrackKind};
use weftscope_wire::Range;

use super::Timed;
use crate::watch::sheet::Sheet;

/// In place of a thread's number: ranges that no one thread began and ended.
const NO_THREAD: u32 = u32::MAX;

/// Draws the threads of a process; `rank` where it is of one rank.
pub(in crate::watch) fn host(sheet: &mut Sheet<'_>, rank: Option<u32>, timed: &Timed<'_>) {
    let mut threads: BTreeMap<u32, Vec<&Range>> = BTreeMap::new();
    for range in &timed.process.ranges {
        let thread = range.tid.filter(|_| !range.ended_elsewhere).unwrap_or(NO_THREAD);
        threads.entry(thread).or_default().push(range);
    }
    if threads.is_empty() {
        return;
    }
    let hello = &timed.process.hello;
    let program = hello.command.first().map_or("process", String::as_str);
    let program = program.rsplit('/').next().unwrap_or(program);
    let name = format!("{program} {}", hello.pid);
    let process = sheet.builder.track(None, name, TrackKind::Group);
    for (tid, mut ranges) in threads {
        let name = match tid {
            NO_THREAD => "ranges of no one thread".to_owned(),
            tid => format!("thread {tid}"),
        };
        let kind = TrackKind::HostThread { rank, pid: hello.pid, tid };
        let track = sheet.builder.track(Some(process), name, kind);
        ranges.sort_by_key(|range| (range.start_cupti_ns, std::cmp::Reverse(range.end_cupti_ns)));
        let mut nest = Nest::default();
        let mut lanes: Vec<LaneId> = Vec::new();
        for range in ranges {
            let span = timed.span(range.start_cupti_ns, range.end_cupti_ns);
            let span = span.shifted(-sheet.base_host_ns);
            let lane = nest.place(span.start_ns, span.end_ns);
            while lanes.len() <= lane {
                lanes.push(sheet.builder.lane(track));
            }
            let label = sheet.label_of_kind(&range.name, Kind::Mark);
            let domain = (!range.domain.is_empty()).then(|| ArgValue::Text(range.domain.clone()));
            let args = domain.map(|domain| ("domain", domain));
            let args = sheet.builder.args_mut().push(args);
            sheet.builder.push(lanes[lane], span, label, args, 0);
        }
    }
}

/// Lanes by depth of nesting; ranges come by start, the longer first.
#[derive(Default)]
struct Nest {
    /// Ends and lanes of the ranges around the present one.
    open: Vec<(i64, usize)>,
    lane_end_ns: Vec<i64>,
}

impl Nest {
    fn place(&mut self, start_ns: i64, end_ns: i64) -> usize {
        while self.open.last().is_some_and(|&(open_end_ns, _)| open_end_ns <= start_ns) {
            self.open.pop();
        }
        let mut lane = self.open.last().map_or(0, |&(_, lane)| lane + 1);
        // A range that sticks out of the one that it began in may still be there.
        while self.lane_end_ns.get(lane).is_some_and(|&lane_end_ns| lane_end_ns > start_ns) {
            lane += 1;
        }
        if lane >= self.lane_end_ns.len() {
            self.lane_end_ns.resize(lane + 1, i64::MIN);
        }
        self.lane_end_ns[lane] = end_ns;
        self.open.push((end_ns, lane));
        lane
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_depths_and_no_two_ranges_of_a_lane_overlap() {
        let mut nest = Nest::default();
        let ranges = [(0, 100), (0, 40), (10, 20), (50, 120), (60, 70), (105, 110), (130, 140)];
        let lanes = ranges.map(|(start_ns, end_ns)| nest.place(start_ns, end_ns));
        assert_eq!(lanes, [0, 1, 2, 1, 2, 2, 0]);
    }
}
