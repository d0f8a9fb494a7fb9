use std::path::Path;

use super::{Outcome, args::WindowArgs, doctor};
use crate::app::{self, Start};

/// The window, or the same without one where there is no display.
pub(super) fn run(args: &WindowArgs) -> Outcome {
    if let Some(file) = &args.file {
        // A wrong path is told on the command line, not in a window that opens first.
        std::fs::metadata(file)
            .map_err(|error| crate::files::FileError::io("cannot open", &error, file))?;
    }
    if args.headless || !doctor::has_display() {
        return without_window(args.file.as_deref());
    }
    let open = args.file.iter().cloned().collect();
    let Err(error) = app::run_window(Start::opening(open)) else { return Ok(()) };
    // Not an error of the command: the same work is done without the window.
    let error = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let line = format!("weftscope: no window could be opened ({error}); running without\n");
    let _unheard = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
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
