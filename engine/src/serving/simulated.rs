//! Requests served on a simulated machine, whose time is that of the simulation.

use super::{
    CommTime, Engine, KvCapacity, Pricer, Pricing, Ran, Scheduler, ServingError, ServingRequest,
    ServingSpec, Step,
};
use crate::predict::Predicted;

/// A simulated machine that serves.
pub struct Simulated<'a> {
    spec: &'a ServingSpec,
    kv: KvCapacity,
    pricer: Pricer<'a>,
}

impl<'a> Simulated<'a> {
    /// # Errors
    /// [`ServingError`]: settings out of range, no memory for keys and values.
    pub fn new(spec: &'a ServingSpec, pricing: Pricing) -> Result<Self, ServingError> {
        spec.check()?;
        Ok(Self { spec, kv: KvCapacity::of(spec)?, pricer: Pricer::new(spec, pricing) })
    }
}

impl Engine for Simulated<'_> {
    fn capacity(&self) -> KvCapacity {
        self.kv
    }

    fn begin(&mut self, _: &[ServingRequest]) -> Result<(), ServingError> {
        Ok(())
    }

    fn iterate(&mut self, _: i64, step: &Step, _: &Scheduler<'_>) -> Result<Ran, ServingError> {
        let in_graph = self.spec.graphs.captures(step);
        let Predicted { gpu_ns, comm_ns, hidden_ns, runs, .. } =
            self.pricer.price(step, in_graph)?;
        let host = &self.spec.machine.host;
        let host_ns = host.iteration_ns + host.sequence_ns * step.chunks.len() as f64;
        let comm = Some(CommTime { ns: comm_ns, hidden_ns });
        Ok(Ran { host_ns: host_ns.round() as i64, gpu_ns, comm, runs, in_graph })
    }

    fn idle_until(&mut self, _: i64) {}

    fn simulated(&self) -> Option<u64> {
        Some(self.pricer.simulated())
    }
}
