//! Device code that the library in a watched program loads, compiled for each GPU of this computer.

use std::{fs, path::Path};

use weftscope_engine::cuda::{Nvrtc, probe};
use weftscope_kernels::{BLOCK_PATCH, Program, Target, find};
use weftscope_wire::Level;

use super::SetupError;

/// A compiled program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compiled {
    name: String,
    cubin: Vec<u8>,
}

impl Compiled {
    /// Into a folder, where the library looks for it.
    ///
    /// # Errors
    /// [`SetupError::Write`].
    pub(super) fn write(&self, folder: &Path) -> Result<(), SetupError> {
        let path = folder.join(&self.name);
        fs::write(&path, &self.cubin)
            .map_err(|cause| SetupError::Write { place: path.display().to_string(), cause })
    }
}

/// What a level needs on the GPUs: patches that stamp blocks, the reader of a device's clock. Nothing where there are no GPUs.
///
/// # Errors
/// [`SetupError`] of the compiler.
pub(super) fn compile(level: Level) -> Result<Vec<Compiled>, SetupError> {
    let clock = find("clock.cu").expect("registered");
    let programs: &[(&str, &'static Program)] = match level {
        Level::Kernels => return Ok(Vec::new()),
        Level::Channels => &[("clock", clock)],
        Level::Blocks => &[("patch", &BLOCK_PATCH), ("clock", clock)],
    };
    let Ok(found) = probe() else { return Ok(Vec::new()) };
    let nvrtc = Nvrtc::open()?;
    let mut capabilities: Vec<(u32, u32)> =
        found.gpus.iter().map(|gpu| gpu.compute_capability).collect();
    capabilities.sort_unstable();
    capabilities.dedup();
    let mut compiled = Vec::new();
    for &(major, minor) in &capabilities {
        let Some(target) = Target::of(major, minor) else { continue };
        for &(kind, program) in programs {
            let cubin = nvrtc.compile(program, &[""; 0], target, false)?.cubin.clone();
            let name = format!("sm_{major}{minor}.{kind}.cubin");
            compiled.push(Compiled { name, cubin });
        }
    }
    match capabilities.first() {
        Some(&unknown) if compiled.is_empty() => Err(SetupError::Unknown(unknown)),
        _ => Ok(compiled),
    }
}
