//! The checks of `gpu-check`, on shapes that references without optimisation can follow.

use weftscope_testkit::aloud;

use super::gpus;
use crate::cuda::check::{Bench, Outcome, checks};

/// Every check that one GPU can run; those for several belong to `gpu-check` itself.
#[test]
fn every_kernel_gives_what_its_reference_gives() {
    let Some(_gpus) = gpus(1) else { return };
    let bench = Bench::open(true, None).expect("the GPU can be used");
    let (mut passed, mut failed) = (0, Vec::new());
    for check in checks() {
        match check.run(&bench) {
            Ok(Outcome::Passed(line)) => {
                passed += 1;
                aloud(format_args!("{}: {line}", check.name));
            }
            Ok(Outcome::Skipped(reason)) => {
                aloud(format_args!("{}: not run: {reason}", check.name));
            }
            Err(error) => failed.push(format!("{}: {error}", check.name)),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(passed > 0, "every check was skipped");
}
