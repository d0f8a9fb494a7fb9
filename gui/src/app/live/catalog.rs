use std::sync::Arc;

use weftscope_engine::{
    machine::Machine,
    model::ModelShape,
    spec::{RunSpec, Transport},
};

use super::{Backend, GpuRun, fit::default_spec};
use crate::here::{Gpus, Here, Refused};

/// What may be chosen: models and machines, never empty.
#[derive(Clone, Debug)]
pub struct Catalog {
    models: Vec<ModelShape>,
    hosts: Vec<Host>,
    refused: Option<Refused>,
    default_spec: RunSpec,
}

/// A machine, and who runs its plans.
#[derive(Clone, Debug)]
pub struct Host {
    /// What it is.
    pub machine: Machine,
    /// Who runs its plans.
    pub backend: Backend,
}

/// Whether a transport can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportState {
    /// It can.
    Ready,
    /// It cannot: why.
    Unavailable(String),
}

impl Catalog {
    /// The built-in models and machines; `None` when the program was built without either.
    pub fn builtin() -> Option<Self> {
        let models: Vec<ModelShape> = weftscope_engine::model::names()
            .into_iter()
            .filter_map(weftscope_engine::model::builtin)
            .collect();
        let machines: Vec<Machine> = weftscope_engine::machine::names()
            .filter_map(weftscope_engine::machine::builtin)
            .collect();
        Self::new(models, machines)
    }

    /// A catalog of these models and simulated machines, in the order lists show them; `None` when one of the lists is empty.
    pub fn new(models: Vec<ModelShape>, machines: Vec<Machine>) -> Option<Self> {
        let default_spec = default_spec(models.first()?.clone(), machines.first()?.clone());
        let simulated = |machine| Host { machine, backend: Backend::Simulated };
        let hosts = machines.into_iter().map(simulated).collect();
        Some(Self { models, hosts, refused: None, default_spec })
    }

    /// All models.
    pub fn models(&self) -> &[ModelShape] {
        &self.models
    }

    /// All machines: the GPUs of this computer first, if it has any.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// A model by name.
    pub fn model(&self, name: &str) -> Option<&ModelShape> {
        self.models.iter().find(|model| model.name == name)
    }

    /// A machine by name.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.machine.name == name)
    }

    /// Puts the GPUs of this computer before the simulated machines.
    pub fn add_gpus(&mut self, found: Arc<Gpus>, here: Here) {
        let Here { machine, refused } = here;
        self.hosts.retain(|host| host.backend == Backend::Simulated);
        self.hosts.insert(0, Host { machine, backend: Backend::Gpus(found, GpuRun::default()) });
        self.refused = refused;
    }

    /// Leaves the simulated machines alone.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn remove_gpus(&mut self) {
        self.hosts.retain(|host| host.backend == Backend::Simulated);
        self.refused = None;
    }

    /// A calibrated file that was meant for the GPUs of this computer and is not used.
    pub fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// Takes new constants into use for the GPUs of this computer.
    pub fn recalibrate(&mut self, machine: &Machine) {
        let mut gpus = self.hosts.iter_mut().filter(|host| host.backend != Backend::Simulated);
        if let Some(host) = gpus.next() {
            host.machine = machine.clone();
            self.refused = None;
        }
    }

    /// What runs at the first start.
    pub fn default_spec(&self) -> &RunSpec {
        &self.default_spec
    }

    /// Whether a transport can be chosen on a machine.
    pub fn transport(machine: &Machine, transport: Transport) -> TransportState {
        match transport {
            Transport::Multimem if machine.link.multimem_bytes_per_s.is_none() => {
                TransportState::Unavailable(format!(
                    "{} has no in-switch reduction: {} joins its GPUs without NVLink multicast",
                    machine.name, machine.link.name
                ))
            }
            _ => TransportState::Ready,
        }
    }
}
