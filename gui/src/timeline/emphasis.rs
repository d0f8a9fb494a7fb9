use weftscope_traces::LabelId;

use super::{TimelineData, ViewState};

/// Which ops are drawn full and which are dimmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Emphasis {
    /// One flag a label; `None` when nothing is dimmed.
    bright: Option<Vec<bool>>,
}

impl Emphasis {
    /// With a slice selected, its op and the ops it waits for or that wait for it; while something is looked
    /// for, what matches. Labels, not slices: the same op on the other ranks stays bright too.
    pub(super) fn new(data: &TimelineData, view: &ViewState) -> Self {
        let selected = view.selection.slice();
        if selected.is_none() && view.search.query.is_empty() {
            return Self::default();
        }
        let mut bright: Vec<bool> = (0..data.trace.labels.len() as u32)
            .map(|label| !view.search.query.is_empty() && view.search.accepts(LabelId(label)))
            .collect();
        if let Some(slice) = selected {
            let op = data.op_of(slice).unwrap_or(slice);
            let related = data.producers(op).chain(data.consumers(op)).chain([op, slice]);
            for slice in related {
                let label = data.trace.lane(slice.lane).slices.label[slice.index as usize];
                bright[label.0 as usize] = true;
            }
        }
        Self { bright: Some(bright) }
    }

    /// Is anything dimmed at all?
    pub(super) fn is_active(&self) -> bool {
        self.bright.is_some()
    }

    pub(super) fn is_bright(&self, label: LabelId) -> bool {
        self.bright
            .as_ref()
            .is_none_or(|bright| bright.get(label.0 as usize).copied().unwrap_or(false))
    }
}
