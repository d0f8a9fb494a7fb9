//! Figures as files: the same twice, what they draw is what analyses say, fonts are in them.

mod pdf;
mod svg;

use std::{path::Path, sync::Arc};

use weftscope::{
    files::{no_hook, open_trace},
    picture::{
        Figure, FigureOptions, Picture, PictureFormat, ShotOptions, figure, timeline_picture,
    },
};
use weftscope_traces::{
    Classifier, Trace,
    analysis::{CompareConfig, Config, Ops, compare},
};

/// A recording that comes with the program.
fn sample(name: &str) -> Arc<Trace> {
    let path = format!("sample:{name}");
    let trace = open_trace(Path::new(&path), &Classifier::default(), &mut no_hook);
    Arc::new(trace.expect("a sample opens"))
}

/// A figure of a sample, as it comes without options.
fn drawn(trace: &Arc<Trace>, of: Figure) -> Picture<'static> {
    figure(trace, of, &FigureOptions::default()).expect("the sample has it")
}

/// Every figure of a sample that needs no engine, and its timeline.
fn pictures() -> Vec<(&'static str, Picture<'static>)> {
    let trace = sample("h200x2-tokenweave");
    let first = sample("h200x2-pytorch-weave");
    let [old, new] = [&first, &trace].map(|trace| Ops::of(trace, &Config::default()));
    let report = compare(&old, &new, CompareConfig::default());
    let compared = Figure::Compare(Box::new(report), first.meta.title.clone());
    let size_px = [1920, 1080];
    let shot = ShotOptions { size_px, ..ShotOptions::default() };
    vec![
        ("ribbon", drawn(&trace, Figure::Ribbon)),
        ("phases", drawn(&trace, Figure::Phases)),
        ("compare", drawn(&trace, compared)),
        ("timeline", timeline_picture(&trace, &shot)),
    ]
}

fn written(picture: &mut Picture<'_>, format: PictureFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write(format, &mut bytes).expect("memory takes it");
    bytes
}

/// Made from the recording twice, in every format.
#[test]
fn the_same_picture_twice_is_the_same_bytes() {
    for (mut one, mut other) in pictures().into_iter().zip(pictures()) {
        for &format in PictureFormat::ALL {
            let (first, second) = (written(&mut one.1, format), written(&mut other.1, format));
            assert!(first.len() > 10_000, "{} {format:?}: {} bytes", one.0, first.len());
            assert_eq!(first, second, "{} {format:?}", one.0);
        }
    }
}
