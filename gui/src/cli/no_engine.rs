//! A build without the engine opens and converts, but cannot run: each command that would says so.

use super::{Failure, Outcome};

/// Arguments of a command that this build lacks.
#[derive(Debug, clap::Args)]
pub struct AnyArgs {
    /// Anything.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub any: Vec<std::ffi::OsString>,
}

fn cannot<T>(command: &str) -> Result<T, Failure> {
    Err(Failure::Failed(format!(
        "this build has no engine, so it can open and convert but not run; build with the feature `live`: {command}"
    )))
}

pub(super) mod bench {
    pub(in crate::cli) use super::AnyArgs as BenchArgs;

    pub(in crate::cli) fn run(_: &BenchArgs) -> super::Outcome {
        super::cannot("bench")
    }
}

pub(super) mod generate {
    pub(in crate::cli) use super::AnyArgs as GenerateArgs;

    pub(in crate::cli) fn run(_: &GenerateArgs) -> super::Outcome {
        super::cannot("generate")
    }
}

pub(super) mod lesson {
    pub(in crate::cli) use super::AnyArgs as LessonArgs;

    pub(in crate::cli) fn run(_: &LessonArgs) -> super::Outcome {
        super::cannot("lesson")
    }
}

pub(super) mod neighbour {
    pub(in crate::cli) use super::AnyArgs as NeighbourArgs;

    pub(in crate::cli) fn run(_: &NeighbourArgs) -> super::Outcome {
        super::cannot("neighbour")
    }
}

pub(super) mod plan {
    pub(in crate::cli) use super::AnyArgs as PlanArgs;

    pub(in crate::cli) fn run(_: &PlanArgs) -> super::Outcome {
        super::cannot("plan")
    }
}

pub(super) mod ps {
    pub(in crate::cli) fn run() -> super::Outcome {
        super::cannot("ps")
    }
}

pub(super) mod rank {
    pub(in crate::cli) use super::AnyArgs as RankArgs;

    pub(in crate::cli) fn run(_: RankArgs) -> super::Outcome {
        super::cannot("rank")
    }
}

pub(super) mod record {
    pub(in crate::cli) use super::AnyArgs as RecordArgs;

    pub(in crate::cli) fn run(_: &RecordArgs) -> super::Outcome {
        super::cannot("record")
    }
}

pub(super) mod run {
    pub(in crate::cli) use super::AnyArgs as ProgramArgs;

    pub(in crate::cli) fn run(_: &ProgramArgs) -> super::Outcome {
        super::cannot("run")
    }
}

pub(super) mod serving {
    pub(in crate::cli) use super::AnyArgs as ServingArgs;

    pub(in crate::cli) fn run(_: &ServingArgs) -> super::Outcome {
        super::cannot("serving")
    }
}

pub(super) mod calibrate {
    pub(in crate::cli) use super::AnyArgs as CalibrateArgs;

    pub(in crate::cli) fn run(_: &CalibrateArgs) -> super::Outcome {
        super::cannot("calibrate")
    }
}

pub(super) mod tune {
    pub(in crate::cli) use super::AnyArgs as TuneArgs;

    pub(in crate::cli) fn run(_: &TuneArgs) -> super::Outcome {
        super::cannot("tune")
    }
}

pub(super) mod validate {
    pub(in crate::cli) use super::AnyArgs as ValidateArgs;

    pub(in crate::cli) fn run(_: &ValidateArgs) -> super::Outcome {
        super::cannot("validate")
    }
}

pub(super) mod choices {
    use crate::cli::{Failure, args::Listing, list::Row};

    pub(in crate::cli) fn rows(_: Listing) -> Result<Vec<Row>, Failure> {
        super::cannot("list")
    }
}

pub(super) mod headless {
    use std::path::Path;

    pub(in crate::cli) fn run(_: &Path) -> super::Outcome {
        Err(super::Failure::Failed(
            "no display and no engine in this build, so there is nothing to do; try: weftscope report FILE"
                .to_owned(),
        ))
    }
}
