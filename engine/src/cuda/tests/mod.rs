//! Kernels, plans and whole models on real GPUs. They skip aloud on a machine without.
//!
//! `cargo test -p weftscope-engine --lib --no-run` makes the executable to carry to a GPU; run it with `cuda::`.

mod checkpoints;
mod checks;
mod executor;
mod serving;

use std::sync::{Mutex, MutexGuard, PoisonError};

use weftscope_testkit::{Need, aloud, skip};

use super::{compile::Nvrtc, driver::probe};
use crate::{
    machine::{self, Machine},
    model::{ModelShape, Shard},
};

/// GPUs that a test has to itself: while one captures a graph, no other may wait for the device.
struct Gpus {
    count: u32,
    _turn: MutexGuard<'static, ()>,
}

/// All GPUs of this computer, if as many as a test needs are here and a compiler; says why not otherwise.
fn gpus(needed: usize) -> Option<Gpus> {
    static TURN: Mutex<()> = Mutex::new(());
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
    // Whoever failed before has left nothing half done that the next would see.
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Some(Gpus { count: found as u32, _turn: turn })
}

/// The degrees of 1, 2 and 4 that there are GPUs for and that divide a model; says which do not.
fn degrees(name: &str, model: &ModelShape, gpus: u32) -> Vec<u32> {
    let divides = |tp: &u32| match Shard::new(model, *tp) {
        Ok(_) => true,
        Err(error) => {
            aloud(format_args!("{name} not at tp {tp}: {error}"));
            false
        }
    };
    [1, 2, 4].into_iter().filter(|&tp| tp <= gpus).filter(divides).collect()
}

/// The machine of which our kernels are known, with as many GPUs.
fn machine_with(gpus: u32) -> Machine {
    Machine { gpus, ..machine::builtin("h200x2").expect("built in") }
}
