use weftscope_traces::{LaneId, SliceRef, Trace};

/// The slice whose `id` this is in the tables of slices; `None` where no slice has it.
pub fn slice_of_id(trace: &Trace, id: i64) -> Option<SliceRef> {
    let mut index = usize::try_from(id).ok()?;
    for (lane, slices) in (0..).zip(trace.lanes.iter().map(|lane| &lane.slices)) {
        if index < slices.len() {
            return Some(SliceRef { lane: LaneId(lane), index: index as u32 });
        }
        index -= slices.len();
    }
    None
}
