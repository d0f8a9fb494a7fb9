//! Every kernel on the GPUs at hand, against the references of `weftscope-kernels`.
//!
//! Each check draws its inputs, poisons outputs and what lies behind every buffer with NaN bits, and compares
//! with fp64 references, as a whole and element by element. What failed is said so that it can be mended from the
//! text. The same check draws the same numbers whatever ran before it.

mod attention;
mod bench;
mod clocks;
mod collective;
mod compare;
mod data;
mod decode;
mod experts;
mod fused;
mod fused_cases;
mod gemm;
mod likeliest;
mod norm;
mod pointwise;
mod qk_norm;
mod qkv;
mod ranks;
mod rings;
mod rope;
mod sequences;
mod stamped;
mod waiting;

use weftscope_kernels as kernels;

pub use bench::Bench;

use super::driver::CudaError;

/// A named check of one or more kernels.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// What is checked.
    pub name: &'static str,
    /// Program below `kernels/cuda` that must be written for the GPU's architecture.
    file: &'static str,
    /// GPUs it takes at least: one, and each is looked at; with two it takes all together.
    gpus: usize,
    run: Run,
}

type Run = fn(&Bench) -> Result<Outcome, CheckError>;

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

/// In the order in which they should run: what later ones lean on comes first.
const GROUPS: &[&[Check]] = &[
    gemm::CHECKS,
    experts::CHECKS,
    pointwise::CHECKS,
    likeliest::CHECKS,
    norm::CHECKS,
    qk_norm::CHECKS,
    rope::CHECKS,
    attention::CHECKS,
    decode::CHECKS,
    rings::CHECKS,
    collective::ONE_RANK,
    fused::ONE_RANK,
    clocks::CHECKS,
    collective::CHECKS,
    fused::CHECKS,
    waiting::CHECKS,
];

/// Every check, in the order in which they should run.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    GROUPS.iter().copied().flatten()
}

impl Check {
    /// Of one GPU, on each that is in use.
    const fn one(name: &'static str, file: &'static str, run: Run) -> Self {
        Self { name, file, gpus: 1, run }
    }

    /// Of two GPUs, and of all.
    const fn ranks(name: &'static str, file: &'static str, run: Run) -> Self {
        Self { name, file, gpus: 2, run }
    }

    /// Runs it where it can run.
    ///
    /// # Errors
    /// What is wrong.
    pub fn run(&self, bench: &Bench) -> Result<Outcome, CheckError> {
        if let Some(reason) = self.obstacle(bench) {
            return Ok(Outcome::Skipped(reason));
        }
        if self.gpus > 1 {
            bench.begin(self.name);
            return (self.run)(bench);
        }
        self.run_on_each(bench)
    }

    /// A kernel of one GPU may fail on another of them, which is damaged or of another sort: the same numbers on each.
    fn run_on_each(&self, bench: &Bench) -> Result<Outcome, CheckError> {
        let mut outcome = Outcome::Skipped("there is no GPU".to_owned());
        for (rank, device) in bench.devices().iter().enumerate() {
            let alone = bench.alone(rank);
            alone.begin(self.name);
            let on = |error: CheckError| match error {
                CheckError::Wrong(text) if bench.devices().len() > 1 => {
                    CheckError::Wrong(format!("on GPU {}: {text}", device.info().index))
                }
                other => other,
            };
            outcome = (self.run)(&alone).map_err(on)?;
        }
        Ok(match (outcome, bench.devices().len()) {
            (Outcome::Passed(line), count) if count > 1 => {
                Outcome::Passed(format!("on each of {count} GPUs: {line}"))
            }
            (outcome, _) => outcome,
        })
    }

    fn obstacle(&self, bench: &Bench) -> Option<String> {
        let program =
            kernels::find(self.file).expect("every check's file is registered, as tests hold");
        let arch = bench.devices()[0].arch();
        if !program.archs.contains(&arch) {
            return Some(format!("{} is not written for {}", self.file, arch.name()));
        }
        let few = bench.devices().len() < self.gpus;
        few.then(|| format!("needs {} GPUs: {}", self.gpus, bench.no_more()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_files_registered() {
        let names: BTreeSet<&str> = checks().map(|check| check.name).collect();
        assert_eq!(names.len(), checks().count());
        for check in checks() {
            assert!(kernels::find(check.file).is_some(), "{}", check.file);
        }
    }

    /// Multicast kernels need a multicast object, which nothing here makes: they are compiled, and never run.
    const NEVER_RUN: &str = "multimem.cu";

    #[test]
    fn every_program_has_a_check() {
        assert!(checks().all(|check| check.file != NEVER_RUN), "it runs after all");
        for program in kernels::PROGRAMS.iter().filter(|program| program.file != NEVER_RUN) {
            let file = program.file;
            assert!(checks().any(|check| check.file == file), "no check runs {file}");
        }
    }
}
