//! Each phase over all its instances.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Part, PhaseFigures, PhaseInstance, Slowdown};
use crate::analysis::stats::median;
use crate::model::Phase;

/// A phase over all its instances.
///
/// Medians are over the instances that are judged: those with slack, which have both computation and communication
/// (the first layer's A has nothing to hide). Where none is, as in head and tail, they are over all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseSummary {
    /// The phase.
    pub phase: Phase,
    /// Instances.
    pub count: usize,
    /// Of them judged.
    pub judged: usize,
    /// Sums over all instances; slow-downs are of the summed durations.
    pub sum: PhaseFigures,
    /// Sum of join gaps.
    pub join_gap_ns: i64,
    /// Median computation.
    pub median_compute_ns: i64,
    /// Median communication.
    pub median_comm_ns: i64,
    /// Median slack; `None` when no instance is judged.
    pub median_slack_ns: Option<i64>,
    /// The layer with the least slack; `None` when no instance is judged, or labels name no layers.
    pub worst_layer: Option<LayerSlack>,
}

/// How tight a phase is in one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSlack {
    /// The layer.
    pub layer: u32,
    /// Median slack over ranks and iterations.
    pub median_slack_ns: i64,
}

/// The phases that have instances, in schedule order.
pub(super) fn summaries(parts: &[Part]) -> Vec<PhaseSummary> {
    let of_phase = |phase| -> Vec<&Part> {
        parts.iter().filter(|part| part.instance.phase == phase).collect()
    };
    let parts = Phase::ALL.into_iter().map(|phase| (phase, of_phase(phase)));
    parts.filter(|(_, parts)| !parts.is_empty()).map(|(phase, of)| summary(phase, &of)).collect()
}

fn summary(phase: Phase, parts: &[&Part]) -> PhaseSummary {
    let instances: Vec<&PhaseInstance> = parts.iter().map(|part| &part.instance).collect();
    let judged: Vec<&PhaseInstance> =
        instances.iter().copied().filter(|instance| instance.slack.is_some()).collect();
    let of_median = if judged.is_empty() { &instances } else { &judged };
    let middle = |field: fn(&PhaseFigures) -> i64| {
        median(of_median.iter().map(|instance| field(&instance.figures)).collect())
    };
    PhaseSummary {
        phase,
        count: parts.len(),
        judged: judged.len(),
        sum: sum(parts),
        join_gap_ns: instances.iter().map(|instance| instance.join_gap_ns).sum(),
        median_compute_ns: middle(|figures| figures.compute_ns).unwrap_or_default(),
        median_comm_ns: middle(|figures| figures.comm_ns).unwrap_or_default(),
        median_slack_ns: median(judged.iter().filter_map(|one| one.slack_ns()).collect()),
        worst_layer: worst_layer(&judged),
    }
}

fn sum(parts: &[&Part]) -> PhaseFigures {
    let figures = || parts.iter().map(|part| part.instance.figures);
    let slow =
        |side: fn(&Part) -> Slowdown| parts.iter().map(|part| side(part)).sum::<Slowdown>().ratio();
    PhaseFigures {
        compute_ns: figures().map(|f| f.compute_ns).sum(),
        comm_ns: figures().map(|f| f.comm_ns).sum(),
        hidden_ns: figures().map(|f| f.hidden_ns).sum(),
        exposed_ns: figures().map(|f| f.exposed_ns).sum(),
        wait_ns: figures().map(|f| f.wait_ns).sum(),
        compute_slowdown: slow(|part| part.compute),
        comm_slowdown: slow(|part| part.comm),
    }
}

fn worst_layer(judged: &[&PhaseInstance]) -> Option<LayerSlack> {
    let mut by_layer: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for instance in judged {
        if let (Some(layer), Some(slack_ns)) = (instance.layer, instance.slack_ns()) {
            by_layer.entry(layer).or_default().push(slack_ns);
        }
    }
    let layers = by_layer
        .into_iter()
        .filter_map(|(layer, slacks)| Some(LayerSlack { layer, median_slack_ns: median(slacks)? }));
    layers.min_by_key(|layer| layer.median_slack_ns)
}
