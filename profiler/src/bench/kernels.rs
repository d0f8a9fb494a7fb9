use serde::Serialize;
use weftscope_engine::{
    observer::OpRecord,
    plan::{Op, Plan, Split},
    roofline::{Limit, Roofline},
};

use super::Spread;

/// One kernel of a layer: launches that do the same amount of work, all ranks and iterations together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelFigures {
    /// Op name.
    pub name: &'static str,
    /// Which tokens.
    pub split: Split,
    /// CTAs, for collectives.
    pub ctas: Option<u32>,
    /// Launches in a layer.
    pub per_layer: u32,
    /// One launch, first block's start to last block's end, µs.
    pub us: Spread,
    /// FLOP/s at the median.
    pub flops: f64,
    /// Bytes/s through memory at the median, inputs once and outputs once.
    pub hbm_bytes_per_s: f64,
    /// Bytes/s a direction over links at the median.
    pub link_bytes_per_s: f64,
    /// The least time that the work takes, µs; `None` where no rate is known.
    pub floor_us: Option<f64>,
    /// What decides the floor.
    pub limit: Option<Limit>,
}

impl KernelFigures {
    /// Share of the best rate that was reached: floor over time.
    pub fn of_roofline(&self) -> Option<f64> {
        Some(self.floor_us? / self.us.median)
    }
}

/// Kernels of the layers between the first and the last, in issue order.
pub(super) fn kernels<'h>(
    plan: &Plan,
    heard: impl Iterator<Item = &'h Vec<OpRecord>>,
    roofline: &Roofline,
) -> Vec<KernelFigures> {
    let inner = 1..plan.layers.saturating_sub(1);
    let mut groups: Vec<(&Op, u32, Vec<f64>)> = Vec::new();
    // Group of each op.
    let mut group_of = vec![None; plan.ops.len()];
    for op in &plan.ops {
        if !op.layer.is_some_and(|layer| inner.contains(&layer)) {
            continue;
        }
        let same = |(first, ..): &(&Op, u32, Vec<f64>)| {
            (first.role, first.split, first.grid, first.work == op.work)
                == (op.role, op.split, op.grid, true)
        };
        let at = groups.iter().position(same).unwrap_or(groups.len());
        if at == groups.len() {
            groups.push((op, 0, Vec::new()));
        }
        groups[at].1 += 1;
        group_of[op.id.0 as usize] = Some(at);
    }
    for record in heard.flatten() {
        if let Some(at) = group_of[record.op.0 as usize] {
            groups[at].2.push((record.end_ns - record.start_ns) as f64 / 1e3);
        }
    }
    let layers = inner.len().max(1) as u32;
    let figures = |(op, launches, times)| figures(op, launches / layers, times, roofline);
    groups.into_iter().filter_map(figures).collect()
}

fn figures(op: &Op, per_layer: u32, times: Vec<f64>, roofline: &Roofline) -> Option<KernelFigures> {
    let us = Spread::of(times)?;
    let rate = |amount: f64| if us.median > 0.0 { amount / us.median * 1e6 } else { 0.0 };
    let floor = roofline.least_time(op);
    Some(KernelFigures {
        name: op.role.name(),
        split: op.split,
        ctas: op.is_collective().then_some(op.grid),
        per_layer,
        us,
        flops: rate(op.flops),
        hbm_bytes_per_s: rate(op.hbm_bytes),
        link_bytes_per_s: rate(op.link_bytes),
        floor_us: floor.map(|floor| floor.ns / 1e3),
        limit: floor.map(|floor| floor.limit),
    })
}
