use std::sync::Arc;

use crate::{
    executor::{ExecError, Executor},
    observer::{Observer, OpRecord},
    plan::{Op, Plan},
    sim::Simulator,
};

/// A plan that has run, and when each of its ops did.
#[derive(Clone, Debug)]
pub struct Run {
    /// What ran.
    pub plan: Arc<Plan>,
    /// First op's start to last op's end over all ranks, ns.
    pub time_ns: i64,
    /// Ops of all ranks, in order of their ends; times count from the start of the run.
    pub ops: Vec<OpRecord>,
}

/// The runs of a neighbour's plans.
#[derive(Clone, Debug)]
pub struct Runs {
    /// With the idea.
    pub with: Run,
    /// Without.
    pub without: Run,
    /// What else its figures take.
    pub others: Vec<(&'static str, Run)>,
}

impl Run {
    /// Runs a plan once, on a machine that has done nothing before.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub fn of(plan: Plan) -> Result<Self, ExecError> {
        let (plan, mut ops) = (Arc::new(plan), Ops::default());
        let time = Simulator::new(&plan.spec.machine).run(&plan, 0, &mut ops)?;
        let mut ops = ops.0;
        for op in &mut ops {
            op.start_ns -= time.start_ns;
            op.end_ns -= time.start_ns;
        }
        Ok(Self { plan, time_ns: time.end_ns - time.start_ns, ops })
    }

    /// When the last of the ops that `is_wanted` ends, on any rank, ns; `None` without one.
    pub fn end_of(&self, is_wanted: impl Fn(&Op) -> bool) -> Option<i64> {
        let wanted = self.ops.iter().filter(|record| is_wanted(&self.plan.ops[record.op.index()]));
        wanted.map(|record| record.end_ns).max()
    }
}

impl Runs {
    /// How many times as long it takes without.
    pub fn speed_up(&self) -> f64 {
        self.without.time_ns as f64 / self.with.time_ns as f64
    }

    /// One of the other runs.
    pub fn other(&self, name: &str) -> Option<&Run> {
        self.others.iter().find(|(of, _)| *of == name).map(|(_, run)| run)
    }
}

/// Keeps every op.
#[derive(Default)]
struct Ops(Vec<OpRecord>);

impl Observer for Ops {
    fn op(&mut self, record: OpRecord) {
        self.0.push(record);
    }
}
