//! Replays of recordings against them, and changes predicted from one against a recording of the change.

use std::path::{Path, PathBuf};

use weftscope_engine::validate::validate;
use weftscope_traces::{
    Classifier, Trace,
    analysis::{Config, Ops, lengths_ns},
    replay::{Answer, Hidden, Prepared},
};

use super::{Figure, answer};
use crate::{
    cli::{
        Failure,
        recordings::as_one,
        what_if::{least, median},
    },
    files::SAMPLES,
};

/// Replays of the samples, and of the files as one job.
pub(super) fn residuals(files: &[String]) -> Result<Vec<Figure>, Failure> {
    let mut jobs: Vec<(String, Vec<PathBuf>)> = SAMPLES
        .iter()
        .map(|sample| {
            (sample.name.to_owned(), vec![PathBuf::from(format!("sample:{}", sample.name))])
        })
        .collect();
    if let [first, ..] = files {
        let name = Path::new(first)
            .file_name()
            .map_or_else(|| first.clone(), |name| name.to_string_lossy().into_owned());
        jobs.push((name, files.iter().map(PathBuf::from).collect()));
    }
    let mut figures = Vec::new();
    for (name, files) in jobs {
        let trace = as_one(&files, &Classifier::default())?;
        let residual = Prepared::of(&Ops::of(&trace, &Config::default())).residual;
        let iterations = residual.iterations.iter().map(|it| (it.recorded_ns, it.replayed_ns));
        figures.extend(
            worst(iterations).map(|pair| Figure::time(format!("{name}, iteration"), pair, 2.0)),
        );
        let streams = residual.streams.iter().map(|it| (it.recorded_ns, it.replayed_ns));
        figures.extend(
            worst(streams).map(|pair| Figure::time(format!("{name}, busy stream"), pair, 3.0)),
        );
    }
    Ok(figures)
}

/// The pair that is furthest apart, in µs.
fn worst(pairs: impl Iterator<Item = (i64, i64)>) -> Option<[f64; 2]> {
    let apart = |&(old, new): &(i64, i64)| (new as f64 / old.max(1) as f64 - 1.0).abs();
    let pair = pairs.filter(|(old, _)| *old > 0).max_by(|a, b| apart(a).total_cmp(&apart(b)));
    pair.map(|(old, new)| [old, new].map(|ns| ns as f64 / 1e3))
}

fn sample(name: &str) -> Result<Trace, Failure> {
    as_one(&[PathBuf::from(format!("sample:{name}"))], &Classifier::default())
}

/// Iterations: median and shortest, and how much is hidden.
fn whole(what: &str, answer: &Answer, measured: &Trace) -> Vec<Figure> {
    let ops = Ops::of(measured, &Config::default());
    let lengths = lengths_ns(&ops);
    let predicted: Vec<f64> = answer.iterations_ns.iter().map(|[_, new]| *new).collect();
    let us = |of: fn(&[f64]) -> f64| [of(&lengths), of(&predicted)].map(|ns| ns / 1e3);
    let mut figures = vec![
        Figure::time(format!("{what}, median iteration"), us(median), 5.0),
        Figure::time(format!("{what}, shortest iteration"), us(least), 5.0),
    ];
    if let (Some(old), Some(new)) = (Hidden::of(&ops).share(), answer.hidden[1].share()) {
        let [recorded, predicted] = [old, new].map(|share| 100.0 * share);
        let what = format!("{what}, hidden");
        let off = (predicted - recorded).abs();
        figures.push(Figure { what, recorded, predicted, unit: "%", off, reach: Some(6.0) });
    }
    figures
}

pub(super) fn pytorch() -> Result<Vec<Figure>, Failure> {
    let (sequential, woven) =
        (sample("h200x2-pytorch-sequential")?, sample("h200x2-pytorch-weave")?);
    Ok(whole("weave=0.5, 8192 tokens", &answer(&sequential, &["weave=0.5"])?, &woven))
}

/// The recorded `default`, changed: whole iterations against the recorded `tokenweave`, layers against `engine/data`.
pub(super) fn engine() -> Result<Vec<Figure>, Failure> {
    let default = sample("h200x2-default")?;
    let mut figures =
        whole("tokenweave", &answer(&default, &["tokenweave"])?, &sample("h200x2-tokenweave")?);
    let sets = validate(&["layers_h200x2_shard8".to_owned()])
        .map_err(|error| Failure::failed(error, "validate"))?;
    let measured = |strategy: &str| {
        let what = format!("{strategy}, 4096 tokens");
        let rows = sets.iter().flat_map(|set| &set.times_us);
        rows.into_iter().find(|row| row.what == what).map(|row| row.measured)
    };
    for (edit, strategy) in
        [("no-comm", "nocomm"), ("fuse-norm", "fuse-only"), ("tokenweave", "tokenweave")]
    {
        let predicted = layer_us(&answer(&default, &[edit])?.predicted);
        if let (Some(measured), Some(predicted)) = (measured(strategy), predicted) {
            figures.push(Figure::time(
                format!("{strategy}, a layer (engine/data)"),
                [measured, predicted],
                4.0,
            ));
        }
    }
    Ok(figures)
}

/// What a layer takes: from the first op within layers to the last, over the layers, µs.
fn layer_us(trace: &Trace) -> Option<f64> {
    let ops = Ops::of(trace, &Config::default());
    let rank = ops.ranks.first()?;
    let inside = || rank.ops.iter().filter(|op| op.place.layer.is_some());
    let start_ns = inside().map(|op| op.span.start_ns).min()?;
    let end_ns = inside().map(|op| op.span.end_ns).max()?;
    let layers = inside().filter_map(|op| op.place.layer).max()? + 1;
    Some((end_ns - start_ns) as f64 / f64::from(layers) / 1e3)
}
