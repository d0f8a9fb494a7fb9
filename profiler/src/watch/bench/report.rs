//! What was measured.

use std::collections::BTreeMap;

use weftscope_wire::Stamping;

use super::{
    super::{Process, trace::why_not},
    Setting,
};

/// Times of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// `none`, `sequential`, `weave`.
    pub mode: String,
    /// Tokens.
    pub tokens: u32,
    /// As a CUDA graph; else launched op by op.
    pub is_graph: bool,
    /// µs a layer, one a turn.
    pub us: BTreeMap<Setting, Vec<f64>>,
}

/// From start to end of a program that does nothing much.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StartUp {
    /// Seconds, one a turn.
    pub s: BTreeMap<Setting, Vec<f64>>,
}

/// A product between two events, and a kernel of one block, both recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Rows, columns and depth.
    pub size: u32,
    /// Between the events around it, µs.
    pub event_us: f64,
    /// Between the events around a kernel of one block, µs.
    pub nothing_event_us: f64,
    /// From its first block's start to its last one's end, µs.
    pub span_us: Option<f64>,
    /// The same of the kernel of one block.
    pub nothing_span_us: Option<f64>,
}

impl Product {
    /// What the blocks lack of the time by events, less what a launch lacks anyway, µs.
    pub fn difference_us(&self) -> Option<f64> {
        let launch_us = self.nothing_event_us - self.nothing_span_us?;
        Some(self.event_us - launch_us - self.span_us?)
    }
}

/// What is missing of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Launches that were to leave stamps.
    pub launches: u64,
    /// Of those, launches that did not.
    pub untold: u64,
    /// Blocks that told.
    pub blocks: u64,
    /// Blocks that did not tell, of launches that did.
    pub silent: u64,
    /// Launches without stamps, by reason.
    pub by_reason: BTreeMap<String, u64>,
    /// What the processes count as lost.
    pub told: BTreeMap<String, u64>,
}

impl Lost {
    /// Of what processes told.
    pub fn of(processes: &[Process]) -> Self {
        let mut lost = Self::default();
        for process in processes {
            for launch in &process.launches {
                if launch.stamping != Stamping::Blocks {
                    let why = why_not(launch.stamping).to_owned();
                    *lost.by_reason.entry(why).or_default() += 1;
                    continue;
                }
                lost.launches += 1;
                let Some(stamps) = process.stamps.get(&launch.id) else {
                    lost.untold += 1;
                    continue;
                };
                let silent = stamps.iter().filter(|stamp| stamp.start_device_ns == 0).count();
                lost.silent += silent as u64;
                lost.blocks += (stamps.len() - silent) as u64;
            }
            for (cause, count) in &process.lost {
                *lost.told.entry(cause.clone()).or_default() += count;
            }
        }
        lost
    }
}

/// The middle of some values.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

impl Layer {
    /// Median of a setting, µs.
    pub fn median_us(&self, setting: Setting) -> Option<f64> {
        median(self.us.get(&setting)?)
    }

    /// How much longer a setting takes than none, as a share: the median over turns, each against the plain run of its own.
    pub fn cost(&self, setting: Setting) -> Option<f64> {
        let plain = self.us.get(&Setting::Plain)?;
        let these = self.us.get(&setting)?;
        let ratios: Vec<f64> =
            plain.iter().zip(these).map(|(plain, these)| these / plain - 1.0).collect();
        median(&ratios)
    }
}

impl StartUp {
    /// Seconds more than without the library.
    pub fn more_s(&self, setting: Setting) -> Option<f64> {
        Some(median(self.s.get(&setting)?)? - median(self.s.get(&Setting::Plain)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_held_against_the_plain_run_of_its_own_turn() {
        let us = [
            (Setting::Plain, vec![100.0, 200.0, 100.0]),
            (Setting::Dormant, vec![101.0, 202.0, 150.0]),
        ];
        let layer = Layer {
            mode: "none".to_owned(),
            tokens: 1,
            is_graph: false,
            us: us.into_iter().collect(),
        };
        assert!((layer.cost(Setting::Dormant).unwrap() - 0.01).abs() < 1e-9);
        assert_eq!(layer.median_us(Setting::Plain), Some(100.0));
    }

    #[test]
    fn a_product_is_as_long_as_its_blocks_and_a_launch() {
        let product = Product {
            size: 8192,
            event_us: 1410.0,
            nothing_event_us: 10.0,
            span_us: Some(1401.0),
            nothing_span_us: Some(2.0),
        };
        assert_eq!(product.difference_us(), Some(1.0));
    }
}
