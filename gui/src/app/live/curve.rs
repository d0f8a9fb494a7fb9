use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weftscope_engine::spec::RunSpec;
use weftscope_profiler::{
    collect::expected_error,
    sweep::{Setting, SweepAxis},
};
use weftscope_traces::{Doubt, ExpectedError};

/// One run of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// It runs on GPUs; else it is simulated.
    pub measured: bool,
    /// What is known of how far simulated times are off.
    pub expected_error: Option<ExpectedError>,
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
        Self {
            axis,
            spec: None,
            measured: false,
            expected_error: None,
            points: Vec::new(),
            failed: None,
        }
    }

    /// The curve over `spec`, still without points.
    pub(super) fn over(spec: Arc<RunSpec>, axis: SweepAxis, measured: bool) -> Self {
        let expected_error = expected_error(&spec.machine);
        Self { spec: Some(spec), measured, expected_error, ..Self::new(axis) }
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

    /// Where a point lies along the axis.
    pub fn x(&self, at: Setting) -> f64 {
        self.axis.along(at).map_or(0.0, f64::from)
    }

    /// The fastest point; the first of several.
    pub fn fastest(&self) -> Option<CurvePoint> {
        self.points.iter().min_by_key(|point| point.time_ns).copied()
    }

    /// How far its times are off; `None` where they are measured.
    pub fn doubt(&self) -> Option<Doubt<'_>> {
        (!self.measured).then_some(Doubt(self.expected_error.as_ref()))
    }

    /// Iteration time at a point, ns; `None`: it has none there.
    pub fn time_at(&self, at: Setting) -> Option<i64> {
        self.points.iter().find(|point| point.at == at).map(|point| point.time_ns)
    }

    /// True when it is of another run than `spec`.
    pub(crate) fn is_stale(&self, spec: &RunSpec) -> bool {
        self.spec.as_ref().is_some_and(|of| **of != self.axis.left_open(spec))
    }
}
