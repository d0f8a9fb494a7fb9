use crate::model::{LaneId, SliceRef, Span, Trace};

/// The op on one of these lanes of streams that a block on an SM is part of: one of its label that runs at its middle.
/// `None` where none does. Costs a binary search a lane.
pub fn op_of_block(
    trace: &Trace,
    streams: impl IntoIterator<Item = LaneId>,
    block: SliceRef,
) -> Option<SliceRef> {
    let label = trace.lane(block.lane).slices.label[block.index as usize];
    let span = trace.span_of(block);
    let middle_ns = span.start_ns + span.len_ns() / 2;
    streams.into_iter().find_map(|lane| {
        let slices = &trace.lane(lane).slices;
        let mut there = slices.range(Span::new(middle_ns, middle_ns + 1));
        let index = there.find(|&index| slices.label[index] == label)?;
        Some(SliceRef { lane, index: index as u32 })
    })
}
