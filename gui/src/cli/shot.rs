//! `shot`: a recording as a picture, all of its timeline or one figure.

use std::{path::Path, sync::Arc};

use weftscope_traces::{
    Classifier, Span, Trace,
    analysis::{CompareConfig, Config, Ops, compare},
    words::duration,
};

use super::{
    Failure, Outcome,
    args::{FigureArg, ShotArgs, ThemeArg},
    recordings, stdout,
};
use crate::{
    files::{FileError, check_target, is_stdio, write_atomically},
    picture::{
        Figure, FigureOptions, Picture, PictureFormat, ShotOptions, figure, timeline_picture,
    },
    theme::Mode,
};

/// Draws the timeline of one or several recordings, or a figure.
pub(super) fn run(args: &ShotArgs) -> Outcome {
    let format = format(&args.output)?;
    misplaced(args)?;
    if !is_stdio(&args.output) {
        check_target(&args.output)?;
    }
    let classifier = args.names.classifier()?;
    let trace = Arc::new(recordings::as_one_told(&args.files, &classifier)?);
    let window = window(args, trace.span())?;
    let mode = match args.theme {
        ThemeArg::Dark => Mode::Dark,
        ThemeArg::Light => Mode::Light,
    };
    let mut picture = if args.figure == FigureArg::Timeline {
        let points = args.size.map_or([1920, 1080], |size| [size.width, size.height]);
        let scale = args.scale.map_or(1, u32::from);
        let size_px = points.map(|side| side * scale);
        let options = ShotOptions { size_px, pixels_per_point: scale as f32, mode, window };
        timeline_picture(&trace, &options)
    } else {
        let options = FigureOptions {
            size: args.size.map(|size| [size.width as f32, size.height as f32]),
            pixels_per_point: args.scale.map_or(2.0, f32::from),
            mode,
            window,
        };
        let of = figure_of(args, &trace, &classifier)?;
        let place = args.files.first().map_or_else(String::new, |file| file.display().to_string());
        figure(&trace, of, &options).map_err(|error| Failure::failed(error, place))?
    };
    write(&mut picture, format, &args.output)
}

/// The format that the name asks for.
fn format(path: &Path) -> Result<PictureFormat, Failure> {
    if is_stdio(path) {
        return Ok(PictureFormat::Png);
    }
    PictureFormat::of_path(path).ok_or_else(|| {
        let cause = "a picture's name must end in .png, .svg or .pdf";
        Failure::misuse(cause, &path.display().to_string())
    })
}

/// Arguments that another figure is drawn with would be ignored.
fn misplaced(args: &ShotArgs) -> Outcome {
    let is_compare = args.figure == FigureArg::Compare;
    if is_compare && args.against.is_empty() {
        let cause = "two recordings are compared: name the first with --against FILE";
        return Err(Failure::misuse(cause, "--figure compare"));
    }
    if !is_compare && !args.against.is_empty() {
        return Err(Failure::misuse("only --figure compare takes it", "--against"));
    }
    if args.figure != FigureArg::Curve && args.over.is_some() {
        return Err(Failure::misuse("only --figure curve takes it", "--over"));
    }
    let has_time = matches!(args.figure, FigureArg::Timeline | FigureArg::Ribbon);
    if !has_time && (args.from.is_some() || args.to.is_some()) {
        let cause = "only the timeline and the ribbon are drawn over a stretch of time";
        return Err(Failure::misuse(cause, "--from, --to"));
    }
    Ok(())
}

/// A figure with what it takes beside the recording.
fn figure_of(
    args: &ShotArgs,
    trace: &Arc<Trace>,
    classifier: &Classifier,
) -> Result<Figure, Failure> {
    Ok(match args.figure {
        FigureArg::Timeline | FigureArg::Ribbon => Figure::Ribbon,
        FigureArg::Phases => Figure::Phases,
        FigureArg::Curve => Figure::Curve(Box::new(curve(args, trace)?)),
        FigureArg::Compare => {
            let first = Arc::new(recordings::as_one_told(&args.against, classifier)?);
            let [old, new] = [&first, trace].map(|trace| Ops::of(trace, &Config::default()));
            let report = compare(&old, &new, CompareConfig::default());
            Figure::Compare(Box::new(report), first.meta.title.clone())
        }
    })
}

/// What the run recorded would take at other points, simulated.
#[cfg(feature = "live")]
fn curve(args: &ShotArgs, trace: &Trace) -> Result<crate::picture::CurveFigure, Failure> {
    use super::args::OverArg;
    use weftscope_profiler::sweep::SweepAxis;
    let axis = match args.over.unwrap_or(OverArg::Split) {
        OverArg::Split => SweepAxis::Split,
        OverArg::AttnCtas => SweepAxis::AttnCtas,
        OverArg::MlpCtas => SweepAxis::MlpCtas,
    };
    let place = args.files.first().map_or_else(String::new, |file| file.display().to_string());
    crate::app::live::simulated_curve(&trace.meta, axis)
        .map_err(|cause| Failure::failed(cause, place))
}

#[cfg(not(feature = "live"))]
fn curve(_: &ShotArgs, _: &Trace) -> Result<crate::picture::CurveFigure, Failure> {
    let cause = "this build has no simulator to run a curve with; build with the feature `live`";
    Err(Failure::failed(cause, "--figure curve"))
}

/// Writes the timeline of a recording as PNG.
#[cfg(feature = "gpus")]
pub(super) fn draw(trace: &Arc<Trace>, options: &ShotOptions, path: &Path) -> Outcome {
    write(&mut timeline_picture(trace, options), PictureFormat::Png, path)
}

/// Writes a picture, whole or not at all.
pub(super) fn write(picture: &mut Picture<'_>, format: PictureFormat, path: &Path) -> Outcome {
    if is_stdio(path) {
        return stdout::bytes(|out| picture.write(format, out).map_err(stdout::failed));
    }
    write_atomically(path, |out| {
        picture.write(format, out).map_err(|error| FileError::new(error.to_string(), path))
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
