use std::path::Path;

use serde::Serialize;
use weftscope_engine::{machine::HERE, roofline::Roofline, spec::RunSpec};
use weftscope_profiler::{
    bench::{Bench, Options},
    collect::expected_error,
};
use weftscope_traces::ExpectedError;

use crate::{
    cli::Failure,
    files::{FileError, write_atomically},
    here::line,
};

/// Provenance of what the simulator says.
pub(super) const MODELLED: &str = "modelled";

/// Everything that was measured, as it is printed and written.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) model: String,
    pub(super) machine: String,
    /// Whose constants choosers and predictions use, of this computer; null of other machines.
    pub(super) constants: Option<String>,
    pub(super) tp: u32,
    pub(super) shard_of: Option<u32>,
    pub(super) layers: u32,
    pub(super) turns: u32,
    pub(super) iterations: u32,
    pub(super) transport: &'static str,
    /// `measured` or `modelled`.
    pub(super) provenance: &'static str,
    /// How far predicted layers are to be expected from measured ones; null where they are measured, or it is not known.
    pub(super) expected_error: Option<ExpectedError>,
    #[serde(rename = "ceiling")]
    pub(super) roofline: Roofline,
    pub(super) batches: Vec<Bench>,
}

impl Report {
    /// A report without a batch yet.
    pub(super) fn new(
        spec: &RunSpec,
        options: Options,
        provenance: &'static str,
        roofline: Roofline,
    ) -> Self {
        let knobs = &spec.knobs;
        Self {
            model: spec.model.name.clone(),
            machine: spec.machine.title.clone(),
            constants: (spec.machine.name == HERE).then(|| line(&spec.machine)),
            tp: knobs.tp,
            shard_of: knobs.shard_of,
            layers: knobs.layers.unwrap_or(spec.model.layers),
            turns: options.turns,
            iterations: options.iterations,
            transport: knobs.transport.name(),
            provenance,
            expected_error: expected_error(&spec.machine).filter(|_| provenance == MODELLED),
            roofline,
            batches: Vec::new(),
        }
    }

    /// Writes every figure as JSON.
    pub(super) fn write_json(&self, path: &Path) -> Result<(), Failure> {
        write_atomically(path, |out| {
            serde_json::to_writer_pretty(&mut *out, self)
                .map_err(|error| FileError::io("cannot write", &error.into(), path))
        })
        .map_err(Failure::from)
    }
}
