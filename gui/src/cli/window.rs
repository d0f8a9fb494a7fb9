use std::path::Path;

use super::{Outcome, args::WindowArgs};

/// The main job without a window.
pub(super) fn run(args: &WindowArgs) -> Outcome {
    if let Some(file) = &args.file {
        // A wrong path is told on the command line, not in a window that opens first.
        std::fs::metadata(file)
            .map_err(|error| crate::files::FileError::io("cannot open", &error, file))?;
    }
    without_window(args.file.as_deref())
}

fn without_window(file: Option<&Path>) -> Outcome {
    match file {
        Some(file) => super::report::run(&super::args::ReportArgs {
            files: vec![file.to_owned()],
            json: false,
            comm: Vec::new(),
        }),
        None => main_job(),
    }
}

#[cfg(feature = "live")]
fn main_job() -> Outcome {
    super::headless::run(Path::new("."))
}

#[cfg(not(feature = "live"))]
fn main_job() -> Outcome {
    Err(super::Failure::Failed(
        "no display and no engine in this build, so there is nothing to do; try: weftscope report FILE"
            .to_owned(),
    ))
}
