use std::sync::Arc;

use weftscope_traces::{LabelId, LaneId, SliceRef, TrackKind};

use super::TimelineData;

/// A search in names; what does not match is dimmed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// Text looked for, lower case.
    pub query: String,
    /// One flag a label: does it match?
    pub labels: Arc<Vec<bool>>,
    /// Ops (on streams and host threads) that match, by time.
    pub hits: Arc<Vec<SliceRef>>,
    /// Index of the hit last gone to.
    pub current: Option<usize>,
}

impl Search {
    /// Labels and ops of `data` whose name holds `query` (any case). Costs a look at every op.
    pub fn of(data: &TimelineData, query: &str) -> Self {
        let query = query.trim().to_lowercase();
        if query.is_empty() {
            return Self::default();
        }
        let labels: Vec<bool> = data
            .trace
            .labels
            .iter()
            .map(|label| label.name.to_lowercase().contains(&query))
            .collect();
        let mut hits = Vec::new();
        for (id, lane) in data.trace.lanes.iter().enumerate() {
            let kind = &data.trace.track(lane.track).kind;
            if !matches!(kind, TrackKind::Stream { .. } | TrackKind::HostThread { .. }) {
                continue;
            }
            for (index, label) in lane.slices.label.iter().enumerate() {
                if labels[label.0 as usize] {
                    let lane = LaneId(id as u32);
                    hits.push(SliceRef { lane, index: index as u32 });
                }
            }
        }
        hits.sort_by_key(|&hit| (data.trace.span_of(hit).start_ns, hit));
        Self { query, labels: Arc::new(labels), hits: Arc::new(hits), current: None }
    }

    /// Does this label match, or is nothing looked for?
    pub fn accepts(&self, label: LabelId) -> bool {
        self.query.is_empty() || self.labels.get(label.0 as usize).copied().unwrap_or(false)
    }
}
