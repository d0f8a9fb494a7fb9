//! Every kernel on the GPUs at hand, against the references of `weftscope-kernels`.
//!
//! Each check draws inputs of its own, poisons outputs and what lies behind every buffer with NaN bits, and compares
//! with fp64 references, as a whole and element by element. What failed is told so that it can be mended from the
//! text alone. The same check draws the same numbers whatever ran before it.

mod attention;
mod bench;
mod clocks;
mod collective;
mod compare;
mod data;
mod decode;
mod fused;
mod gemm;
mod norm;
mod pointwise;
mod qk_norm;
mod ranks;
mod rings;
mod rope;
mod sequences;
mod stamped;
mod waiting;

use weftscope_kernels as kernels;

pub use bench::Bench;

use super::CudaError;

/// A named check of one or more kernels.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// What is checked.
    pub name: &'static str,
    /// Program below `kernels/cuda` that must be written for the GPU's architecture.
    file: &'static str,
    /// GPUs it takes.
    gpus: usize,
    run: fn(&Bench) -> Result<Outcome, CheckError>,
}

/// A check that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was measured, in a line.
    Passed(String),
    /// Why it could not run.
    Skipped(String),
}

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// Something could not be run at all.
    #[error(transparent)]
    Cuda(#[from] CudaError),
    /// A kernel gave a wrong result: where, what, and what was right.
    #[error("{0}")]
    Wrong(String),
}

/// Every check, in the order in which they should run: what later ones lean on comes first.
pub const CHECKS: &[Check] = &[
    Check { name: "gemm", file: "gemm_sm90.cu", gpus: 1, run: gemm::plain },
    Check { name: "gemm silu·mul", file: "gemm_sm90.cu", gpus: 1, run: gemm::silu_mul },
    Check { name: "portable gemm", file: "gemm_mma.cu", gpus: 1, run: gemm::portable },
    Check { name: "silu·mul", file: "silu_mul.cu", gpus: 1, run: pointwise::silu_mul },
    Check { name: "embedding", file: "embedding.cu", gpus: 1, run: pointwise::embedding },
    Check { name: "random numbers", file: "random.cu", gpus: 1, run: pointwise::random },
    Check { name: "norms", file: "norm.cu", gpus: 1, run: norm::check },
    Check { name: "head norms", file: "qk_norm.cu", gpus: 1, run: qk_norm::check },
    Check { name: "rope", file: "rope.cu", gpus: 1, run: rope::check },
    Check { name: "attention, rows", file: "attention_sm90.cu", gpus: 1, run: attention::rows },
    Check { name: "attention, pages", file: "attention_sm90.cu", gpus: 1, run: attention::pages },
    Check {
        name: "portable attention",
        file: "attention_mma.cu",
        gpus: 1,
        run: attention::portable,
    },
    Check { name: "decode", file: "attention_decode.cu", gpus: 1, run: decode::check },
    Check { name: "stamps", file: "mark.cu", gpus: 1, run: rings::check },
    Check { name: "collectives, one rank", file: "collective.cu", gpus: 1, run: collective::alone },
    Check { name: "fused norm, one rank", file: "fused_norm_sm90.cu", gpus: 1, run: fused::alone },
    Check {
        name: "portable fused norm, one rank",
        file: "fused_norm.cu",
        gpus: 1,
        run: fused::portable_alone,
    },
    Check {
        name: "simple fusion, one rank",
        file: "simple_fusion.cu",
        gpus: 1,
        run: fused::simple_alone,
    },
    Check { name: "clocks", file: "clock.cu", gpus: 2, run: clocks::check },
    Check { name: "all-reduce", file: "collective.cu", gpus: 2, run: collective::all_reduce },
    Check {
        name: "reduce-scatter",
        file: "collective.cu",
        gpus: 2,
        run: collective::reduce_scatter,
    },
    Check { name: "all-gather", file: "collective.cu", gpus: 2, run: collective::all_gather },
    Check { name: "fused norm", file: "fused_norm_sm90.cu", gpus: 2, run: fused::pair },
    Check {
        name: "portable fused norm",
        file: "fused_norm.cu",
        gpus: 2,
        run: fused::portable_pair,
    },
    Check { name: "simple fusion", file: "simple_fusion.cu", gpus: 2, run: fused::simple_pair },
    Check { name: "missing rank", file: "fused_norm_sm90.cu", gpus: 1, run: waiting::check },
];

impl Check {
    /// Runs it where it can run.
    ///
    /// # Errors
    /// What is wrong.
    pub fn run(&self, bench: &Bench) -> Result<Outcome, CheckError> {
        if let Some(reason) = self.obstacle(bench) {
            return Ok(Outcome::Skipped(reason));
        }
        bench.begin(self.name);
        (self.run)(bench)
    }

    fn obstacle(&self, bench: &Bench) -> Option<String> {
        let program =
            kernels::find(self.file).expect("every check's file is registered, as tests hold");
        let arch = bench.devices()[0].arch();
        if !program.archs.contains(&arch) {
            return Some(format!("{} is not written for {}", self.file, arch.name()));
        }
        (bench.devices().len() < self.gpus)
            .then(|| bench.alone().unwrap_or("needs more GPUs").to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_files_registered() {
        let names: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        for check in CHECKS {
            assert!(kernels::find(check.file).is_some(), "{}", check.file);
        }
    }

    /// Multicast kernels need a multicast object, which nothing here makes: they are compiled, and never run.
    const NEVER_RUN: &str = "multimem.cu";

    #[test]
    fn every_program_has_a_check() {
        assert!(CHECKS.iter().all(|check| check.file != NEVER_RUN), "it runs after all");
        for program in kernels::PROGRAMS.iter().filter(|program| program.file != NEVER_RUN) {
            let file = program.file;
            assert!(CHECKS.iter().any(|check| check.file == file), "no check runs {file}");
        }
    }
}
