use std::sync::Arc;

use weftscope_engine::spec::RunSpec;
use weftscope_profiler::sweep::{Setting, SweepAxis};

/// One run of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurvePoint {
    /// Where it lies on the axis.
    pub at: Setting,
    /// Iteration time, ns.
    pub time_ns: i64,
}

/// A curve, complete or under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What it runs over.
    pub axis: SweepAxis,
    /// What it was run for, the axis' own knob aside; `None` before the first.
    pub spec: Option<Arc<RunSpec>>,
    /// Points so far, ascending.
    pub points: Vec<CurvePoint>,
    /// What could not run.
    pub failed: Option<FailedPoints>,
}

/// Points of a curve that could not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedPoints {
    /// How many.
    pub count: u32,
    /// Why the first did not.
    pub cause: String,
}

impl Curve {
    /// A curve without points.
    pub fn new(axis: SweepAxis) -> Self {
        Self { axis, spec: None, points: Vec::new(), failed: None }
    }

    /// Takes in a point that has run, or why it did not, when it is of this curve.
    pub(super) fn take(
        &mut self,
        of: &Arc<RunSpec>,
        axis: SweepAxis,
        point: Result<CurvePoint, String>,
    ) {
        if self.axis != axis || self.spec.as_ref() != Some(of) {
            return;
        }
        match point {
            Ok(point) => {
                let at = self.points.partition_point(|known| known.at < point.at);
                self.points.insert(at, point);
            }
            Err(cause) => match &mut self.failed {
                Some(failed) => failed.count += 1,
                None => self.failed = Some(FailedPoints { count: 1, cause }),
            },
        }
    }

    /// The fastest point; the first of several.
    pub fn fastest(&self) -> Option<CurvePoint> {
        self.points.iter().min_by_key(|point| point.time_ns).copied()
    }

    /// True when it is of another run than `spec`.
    pub(crate) fn is_stale(&self, spec: &RunSpec) -> bool {
        self.spec.as_ref().is_some_and(|of| **of != self.axis.left_open(spec))
    }
}
