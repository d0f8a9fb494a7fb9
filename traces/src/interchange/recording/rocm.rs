//! What ROCm's recorders have in common, whatever they write: streams or queues as rows, and what is said of a launch.

use hashbrown::HashSet;

use crate::ArgValue;
use crate::interchange::foreign::{Class, RowKey, Rows};

/// More streams than anybody looks at as rows: programs that make one a transfer have hundreds.
const MAX_STREAMS: usize = 64;

/// Where a piece of work ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ran {
    /// The GPU.
    pub(crate) device: Option<i64>,
    pub(crate) stream: Option<i64>,
    pub(crate) queue: Option<i64>,
}

/// Whether rows are streams or, where these tell nothing apart or are too many, the queues that ran them.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    streams: HashSet<(Option<i64>, Option<i64>)>,
    queues: HashSet<(Option<i64>, Option<i64>)>,
}

impl Streams {
    /// Takes note of where a kernel ran.
    pub(crate) fn add(&mut self, ran: Ran) {
        self.streams.insert((ran.device, ran.stream));
        self.queues.insert((ran.device, ran.queue));
    }

    /// True where rows are to be queues.
    pub(crate) fn by_queue(&self) -> bool {
        let devices = self.devices();
        let tell_nothing = self.streams.len() <= devices && self.streams.len() < self.queues.len();
        self.are_too_many() || tell_nothing
    }

    /// What is to be said of it.
    pub(crate) fn note(&self) -> Option<String> {
        let (streams, queues) = (self.streams.len(), self.queues.len());
        self.are_too_many().then(|| {
            format!("kernels of {streams} streams are shown by the {queues} queues that ran them")
        })
    }

    fn are_too_many(&self) -> bool {
        self.streams.len() > MAX_STREAMS * self.devices()
    }

    fn devices(&self) -> usize {
        self.streams.iter().map(|(device, _)| *device).collect::<HashSet<_>>().len().max(1)
    }
}

impl Ran {
    /// The row, and of stream and queue the one that is not the row.
    pub(crate) fn row(
        self,
        rows: &mut Rows,
        pid: i64,
        by_queue: bool,
    ) -> (u32, Option<(&'static str, i64)>) {
        let Self { device, stream, queue } = self;
        let (stream, beside) = if by_queue {
            let row = queue.map_or("copies".to_owned(), |queue| format!("queue {queue}"));
            (rows.id_of_text(&row), stream.map(|stream| ("stream", stream)))
        } else {
            (rows.id_of_int(stream.unwrap_or(0)), queue.map(|queue| ("queue", queue)))
        };
        (rows.id(RowKey::Stream { pid, device, stream }), beside)
    }
}

/// What is said of the launch of a kernel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Launch {
    /// Work items in each direction.
    pub(crate) grid: [i64; 3],
    pub(crate) workgroup: [i64; 3],
    pub(crate) vector_registers: i64,
    /// LDS.
    pub(crate) group_bytes: i64,
    pub(crate) private_bytes: i64,
}

impl Launch {
    /// As arguments, under the names that other recorders give; what is not known is not said.
    pub(crate) fn arguments(&self) -> Vec<(&'static str, ArgValue)> {
        let mut args = Vec::with_capacity(8);
        let is_size = |size: &i64| (1..1 << 40).contains(size);
        if self.grid.iter().chain(&self.workgroup).all(is_size) {
            // The recorder counts work items where others count blocks.
            let blocks = [0, 1, 2].map(|at| {
                let (items, group) = (self.grid[at], self.workgroup[at]);
                (items + group - 1) / group
            });
            args.push(("grid", ArgValue::Text(format!("{blocks:?}"))));
            args.push(("block", ArgValue::Text(format!("{:?}", self.workgroup))));
        }
        for (key, value) in [
            ("registers per thread", self.vector_registers),
            ("shared memory", self.group_bytes),
            ("scratch memory", self.private_bytes),
        ] {
            if value > 0 {
                args.push((key, ArgValue::Int(value)));
            }
        }
        args
    }
}

/// What a copy is, by the GPUs at its ends.
pub(crate) fn copy_class(from: Option<i64>, to: Option<i64>) -> Class {
    match (from, to) {
        (Some(from), Some(to)) if from != to => Class::PeerCopy,
        (None, None) => Class::Host,
        _ => Class::Memcpy,
    }
}

/// A count as an argument: they are whole numbers as a rule, kept as real ones.
pub(crate) fn count(value: f64) -> ArgValue {
    let is_whole = value.fract() == 0.0 && value.abs() < 9e15;
    if is_whole { ArgValue::Int(value as i64) } else { ArgValue::Float(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_streams_unless_these_are_one_or_hundreds() {
        let of = |ran: &[(i64, i64, i64)]| {
            let mut streams = Streams::default();
            for &(device, stream, queue) in ran {
                let (device, stream, queue) = (Some(device), Some(stream), Some(queue));
                streams.add(Ran { device, stream, queue });
            }
            streams.by_queue()
        };
        assert!(!of(&[(0, 1, 7), (0, 2, 7)]));
        assert!(!of(&[(0, 0, 7)]));
        assert!(of(&[(0, 0, 7), (0, 0, 8)]));
        assert!(of(&[(0, 0, 7), (0, 0, 8), (1, 0, 7), (1, 0, 8)]));
        let many: Vec<_> = (0..100).map(|stream| (0, stream, 7)).collect();
        assert!(of(&many));
        let apart: Vec<_> = (0..100).map(|stream| (stream % 2, stream, 7)).collect();
        assert!(!of(&apart));
    }
}
