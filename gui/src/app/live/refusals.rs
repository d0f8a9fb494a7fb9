use weftscope_engine::{
    cuda::{Gpus, refusal},
    model::ModelShape,
    plan::plan,
    spec::{RunSpec, StrategyKind, Transport},
};

use super::{Backend, Catalog};

/// Choices that would not run where the draft runs, each with the executor's own reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    models: Vec<(String, String)>,
    strategies: Vec<(StrategyKind, String)>,
    transports: Vec<(Transport, String)>,
    draft: Option<String>,
}

impl Refusals {
    /// What each choice would come to, all else as in `spec`: some twenty plans of one layer. The simulator refuses
    /// nothing here.
    pub fn of(spec: &RunSpec, backend: &Backend, catalog: &Catalog) -> Self {
        let Backend::Gpus(found) = backend else { return Self::default() };
        let mut one_layer = spec.clone();
        one_layer.knobs.layers = Some(1);
        let asked = |change: &dyn Fn(&mut RunSpec)| {
            let mut spec = one_layer.clone();
            change(&mut spec);
            refused(&spec, found)
        };
        let model = |model: &ModelShape| {
            let why = asked(&|spec| spec.model = model.clone())?;
            Some((model.name.clone(), why))
        };
        let strategy = |strategy| {
            Some((strategy, asked(&|spec: &mut RunSpec| spec.knobs.strategy = strategy)?))
        };
        let transport = |transport| {
            Some((transport, asked(&|spec: &mut RunSpec| spec.knobs.transport = transport)?))
        };
        Self {
            models: catalog.models().iter().filter_map(model).collect(),
            strategies: StrategyKind::ALL.into_iter().filter_map(strategy).collect(),
            transports: Transport::ALL.into_iter().filter_map(transport).collect(),
            draft: refused(&one_layer, found),
        }
    }

    /// Why a model does not run.
    pub fn model(&self, name: &str) -> Option<&str> {
        why(&self.models, |known| known == name)
    }

    /// Why a strategy does not run.
    pub fn strategy(&self, strategy: StrategyKind) -> Option<&str> {
        why(&self.strategies, |known| *known == strategy)
    }

    /// Why a transport does not run.
    pub fn transport(&self, transport: Transport) -> Option<&str> {
        why(&self.transports, |known| *known == transport)
    }

    /// Why the spec as it is does not run.
    pub fn draft(&self) -> Option<&str> {
        self.draft.as_deref()
    }
}

fn why<T>(refused: &[(T, String)], is: impl Fn(&T) -> bool) -> Option<&str> {
    refused.iter().find(|(known, _)| is(known)).map(|(_, why)| why.as_str())
}

/// What cannot be planned is told by the planner, when it is chosen.
fn refused(spec: &RunSpec, found: &Gpus) -> Option<String> {
    refusal(&plan(spec).ok()?, found)
}
