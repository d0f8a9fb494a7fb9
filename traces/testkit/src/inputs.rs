//! Recordings of real hardware that tests of several crates read.

use std::path::{Path, PathBuf};

/// One layer stack of a 70B model on two H200s, as PyTorch recorded it: `sequential_rank0`, `sequential_rank1`,
/// `weave_rank0` or `weave_rank1`.
pub fn recording(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings");
    folder.join(format!("h200x2_llama70b_tp8_{name}.json.gz"))
}
