use super::{
    ctx::Ctx,
    time::{NEVER, Ticks},
};
use crate::plan::{Op, OpId, StreamId};

/// The ops of a rank by stream, and which of them have finished.
pub(super) struct Streams {
    /// Highest priority first.
    streams: Vec<Stream>,
    finished_at: Vec<Ticks>,
    /// Of each op: how many its host has issued before it.
    issued_before: Vec<u32>,
    left: usize,
    start: Ticks,
}

struct Stream {
    id: u8,
    ops: Vec<OpId>,
    next: usize,
    /// The next op has been given a launch time.
    issued: bool,
    last_end: Option<Ticks>,
}

/// What computes beside is another process, which issues by itself.
fn issued_before(ops: &[Op]) -> Vec<u32> {
    let mut issued = [0; 2];
    let count = |op: &Op| {
        let of = &mut issued[usize::from(op.stream == StreamId::BESIDE)];
        *of += 1;
        *of - 1
    };
    ops.iter().map(count).collect()
}

/// 0 is the highest: the comm stream's.
fn priority(stream: u8) -> u8 {
    u8::from(StreamId(stream) != StreamId::COMM)
}

/// An op may start at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Launch {
    pub(super) at: Ticks,
    pub(super) op: OpId,
    /// 0 is the highest.
    pub(super) priority: u8,
}

impl Streams {
    /// The rank issues its first op at `start`.
    pub(super) fn new(ops: &[Op], start: Ticks) -> Self {
        let mut streams: Vec<Stream> = Vec::new();
        for op in ops {
            let id = op.stream.0;
            let at = streams.iter().position(|stream| stream.id == id).unwrap_or_else(|| {
                streams.push(Stream {
                    id,
                    ops: Vec::new(),
                    next: 0,
                    issued: false,
                    last_end: None,
                });
                streams.len() - 1
            });
            streams[at].ops.push(op.id);
        }
        // The comm stream first: its blocks are placed before those that wait of the compute streams.
        streams.sort_by_key(|stream| (priority(stream.id), stream.id));
        let finished_at = vec![NEVER; ops.len()];
        Self { streams, finished_at, issued_before: issued_before(ops), left: ops.len(), start }
    }

    /// True when every op has finished.
    pub(super) fn all_finished(&self) -> bool {
        self.left == 0
    }

    /// An op has finished.
    pub(super) fn finish(&mut self, op: OpId, at: Ticks) {
        self.finished_at[op.index()] = at;
        self.left -= 1;
        for stream in &mut self.streams {
            if stream.ops.get(stream.next) == Some(&op) {
                stream.next += 1;
                stream.issued = false;
                stream.last_end = Some(at);
            }
        }
    }

    /// The next op of some stream that has all it waits for and was not given out before.
    pub(super) fn take_launch(&mut self, ctx: &Ctx<'_>) -> Option<Launch> {
        for index in 0..self.streams.len() {
            let stream = &self.streams[index];
            if stream.issued {
                continue;
            }
            let Some(&op) = stream.ops.get(stream.next) else {
                continue;
            };
            if let Some(at) = self.ready_at(stream, op, ctx) {
                let priority = priority(stream.id);
                self.streams[index].issued = true;
                return Some(Launch { at, op, priority });
            }
        }
        None
    }

    /// An op has finished.
    pub(super) fn has_finished(&self, op: OpId) -> bool {
        self.finished_at[op.index()] != NEVER
    }

    /// What the streams' next ops wait for, for an error message.
    pub(super) fn waiting(&self, ctx: &Ctx<'_>) -> Vec<String> {
        let next = |stream: &Stream| stream.ops.get(stream.next).map(|&op| &ctx.ops[op.index()]);
        self.streams
            .iter()
            .filter_map(next)
            .map(|op| format!("{} ({})", op.role, op.id.0))
            .collect()
    }

    fn ready_at(&self, stream: &Stream, op: OpId, ctx: &Ctx<'_>) -> Option<Ticks> {
        let before = Ticks::from(self.issued_before[op.index()]);
        let issued = self.start + before * ctx.gaps.issue;
        let mut at = stream.last_end.map_or(issued, |end| issued.max(end + ctx.gaps.kernel));
        for dep in &ctx.ops[op.index()].deps {
            let end = self.finished_at[dep.index()];
            if end == NEVER {
                return None;
            }
            if ctx.ops[dep.index()].stream.0 != stream.id {
                at = at.max(end + ctx.gaps.join);
            }
        }
        Some(at)
    }
}
