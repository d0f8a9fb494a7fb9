use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender};
use weftscope_engine::{
    executor::{ExecError, ExecutorInfo, IterationTime},
    observer::{
        BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, Observer, OpRecord,
    },
    plan::Plan,
};

/// What the owner tells of a run, in order; [`Told::Over`] is the last.
pub(super) enum Told {
    Begin(Arc<Plan>, u64, Vec<Option<i64>>),
    Blocks(Vec<BlockRecord>),
    Op(OpRecord),
    Counters(Vec<CounterRecord>),
    Launches(Vec<LaunchRecord>),
    Clocks(Vec<ClockResidual>),
    End(IterationEnd),
    Over(Result<Vec<IterationTime>, ExecError>, Option<ExecutorInfo>),
}

/// The observer on the owner's thread. A user that is gone hears nothing, and the run goes on to its end.
pub(super) struct Relay(pub(super) Sender<Told>);

impl Relay {
    pub(super) fn tell(&self, told: Told) {
        let _unheard = self.0.send(told);
    }
}

impl Observer for Relay {
    fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, isolated_ns: &[Option<i64>]) {
        self.tell(Told::Begin(Arc::clone(plan), iteration, isolated_ns.to_vec()));
    }
    fn blocks(&mut self, records: &[BlockRecord]) {
        self.tell(Told::Blocks(records.to_vec()));
    }
    fn op(&mut self, record: OpRecord) {
        self.tell(Told::Op(record));
    }
    fn counters(&mut self, records: &[CounterRecord]) {
        self.tell(Told::Counters(records.to_vec()));
    }
    fn launches(&mut self, records: &[LaunchRecord]) {
        self.tell(Told::Launches(records.to_vec()));
    }
    fn clocks(&mut self, residuals: &[ClockResidual]) {
        self.tell(Told::Clocks(residuals.to_vec()));
    }
    fn end(&mut self, end: &IterationEnd) {
        self.tell(Told::End(end.clone()));
    }
}

/// How a run ended, as far as the owner said; the owner's word on itself.
pub(super) type Ended = Option<(Result<Vec<IterationTime>, ExecError>, Option<ExecutorInfo>)>;

/// Passes everything on to the user's own observer, on the user's thread; `None` when the owner is gone.
pub(super) fn replay(told: &Receiver<Told>, observer: &mut dyn Observer) -> Ended {
    for told in told {
        match told {
            Told::Begin(plan, iteration, isolated_ns) => {
                observer.begin(&plan, iteration, &isolated_ns);
            }
            Told::Blocks(records) => observer.blocks(&records),
            Told::Op(record) => observer.op(record),
            Told::Counters(records) => observer.counters(&records),
            Told::Launches(records) => observer.launches(&records),
            Told::Clocks(residuals) => observer.clocks(&residuals),
            Told::End(end) => observer.end(&end),
            Told::Over(outcome, info) => return Some((outcome, info)),
        }
    }
    None
}
