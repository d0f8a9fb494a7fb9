use std::{path::Path, sync::Arc};

use weftscope_traces::{Span, Trace, edit::merge, words::duration};

use super::{
    Failure, Outcome,
    args::{ShotArgs, ThemeArg},
    convert, stdout,
};
use crate::{
    files::{FileError, check_target, is_stdio, write_atomically},
    picture::{ShotOptions, shot},
    theme::Mode,
};

/// Draws the timeline of one or several recordings.
pub(super) fn run(args: &ShotArgs) -> Outcome {
    let is_stdout = is_stdio(&args.output);
    if !is_stdout
        && args.output.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("png"))
    {
        let cause = "a picture's name must end in .png";
        return Err(Failure::misuse(cause, &args.output.display().to_string()));
    }
    if !is_stdout {
        check_target(&args.output)?;
    }
    let classifier = args.names.classifier()?;
    let mut traces = Vec::new();
    for file in &args.files {
        traces.push(convert::open(file, &classifier)?);
    }
    let trace = merge(traces).map_err(|error| Failure::misuse(error, "files"))?;
    let window = window(args, trace.span())?;
    let mode = match args.theme {
        ThemeArg::Dark => Mode::Dark,
        ThemeArg::Light => Mode::Light,
    };
    let size_px = [args.size.width, args.size.height];
    let options = ShotOptions { size_px, mode, window, ..ShotOptions::default() };
    draw(&Arc::new(trace), &options, &args.output)
}

/// Writes the picture of a recording.
pub(super) fn draw(trace: &Arc<Trace>, options: &ShotOptions, path: &Path) -> Outcome {
    let image = shot(trace, options);
    if is_stdio(path) {
        return stdout::bytes(|out| image.write_png(out).map_err(|error| error.to_string()));
    }
    write_atomically(path, |out| {
        image.write_png(out).map_err(|error| FileError::new(error.to_string(), path))
    })?;
    Ok(())
}

/// The span asked for, checked against what the recording holds.
fn window(args: &ShotArgs, whole: Span) -> Result<Option<Span>, Failure> {
    if args.from.is_none() && args.to.is_none() {
        return Ok(None);
    }
    let from_ns = args.from.map_or(whole.start_ns, |time| time.ns);
    let to_ns = args.to.map_or(whole.end_ns, |time| time.ns);
    if from_ns >= to_ns {
        let cause = format!("nothing lies between {from_ns} ns and {to_ns} ns");
        return Err(Failure::misuse(cause, "--from, --to"));
    }
    let window = Span::new(from_ns, to_ns);
    if !window.overlaps(whole) {
        let cause = format!(
            "the recording holds {} to {} and nothing of what was asked for",
            duration(whole.start_ns),
            duration(whole.end_ns)
        );
        return Err(Failure::misuse(cause, "--from, --to"));
    }
    Ok(Some(window))
}
