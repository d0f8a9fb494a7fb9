//! Kernels, plans and whole models on real GPUs. They skip aloud on a machine without.
//!
//! `cargo test -p weftscope-engine --lib --no-run` makes the executable to carry to a GPU; run it with `cuda::`.

mod checkpoints;
mod checks;
mod executor;
mod serving;

use weftscope_testkit::{Need, skip};

use super::{compile::Nvrtc, driver::probe};

/// How many GPUs are here, if as many as a test needs and a compiler; says why not otherwise.
fn gpus(needed: usize) -> Option<u32> {
    let found = match probe() {
        Ok(found) => found.gpus.len(),
        Err(reason) => {
            skip(Need::Gpu, reason);
            return None;
        }
    };
    if found < needed {
        skip(Need::Gpu, format_args!("{needed} GPUs are needed, {found} are here"));
        return None;
    }
    if let Err(reason) = Nvrtc::open() {
        skip(Need::Gpu, reason);
        return None;
    }
    Some(found as u32)
}
