//! Whole pictures of the timeline: every view shows what ran, and doubt about times is drawn as wide as it is.
//!
//! With `WEFTSCOPE_PICTURES` set to a folder they are also written there, to be looked at.

use std::{path::Path, sync::Arc};

use egui::{Color32, vec2};
use weftscope::{
    picture::{Image, render},
    theme::{Mode, Theme},
    timeline::{FoldId, HeightOf, Hover, TimelineData, ViewCommand, ViewState, timeline_ui},
};
use weftscope_traces::{ClockAgreement, Kind, SliceRef, Span, Split};

use crate::common::synthetic::{self, Shape};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;

fn picture(name: &str, data: &TimelineData, view: &ViewState, mode: Mode) -> Image {
    let theme = Theme::of(mode);
    let picture = render(vec2(WIDTH as f32, HEIGHT as f32), 1.0, &theme, |ui| {
        timeline_ui(ui, data, view, &theme);
    });
    if let Some(folder) = std::env::var_os("WEFTSCOPE_PICTURES") {
        let file = std::fs::File::create(Path::new(&folder).join(format!("{name}.png"))).unwrap();
        picture.write_png(file).unwrap();
    }
    picture
}

/// Pixels in the colour of a kind, in any split.
fn pixels_of(picture: &Image, theme: &Theme, kind: Kind) -> usize {
    let splits = [Split::Whole, Split::First, Split::Second];
    let colours: Vec<[u8; 4]> =
        splits.map(|split| Color32::to_array(&theme.kind(kind, split))).into();
    picture.rgba.as_chunks::<4>().0.iter().filter(|pixel| colours.contains(pixel)).count()
}

/// The whole trace, SM rows, and a selected op from near, in both themes.
#[test]
fn every_view_shows_computation_and_communication() {
    let data = TimelineData::new(Arc::new(synthetic::trace(Shape::TINY)));
    let first = ViewState::new(&data);
    let mut sms = first.clone();
    let at_ns = data.span.start_ns + data.span.len_ns() / 3;
    ViewCommand::Zoom { factor: 0.3, at_ns }.apply(&mut sms, &data);
    ViewCommand::Toggle(FoldId::Sms(0)).apply(&mut sms, &data);
    ViewCommand::SetRowHeight(HeightOf::Sm, 14.0).apply(&mut sms, &data);
    let mut selected = sms.clone();
    let lane = data.trace.track(data.ranks[0].streams[0]).lanes[0];
    ViewCommand::Select(SliceRef { lane, index: 8 }).apply(&mut selected, &data);
    ViewCommand::FitSelection.apply(&mut selected, &data);
    let at_ns = selected.window.start_ns + selected.window.len_ns() / 2;
    ViewCommand::Zoom { factor: 2.5, at_ns }.apply(&mut selected, &data);
    for (name, view) in [("first", &first), ("sms", &sms), ("selected", &selected)] {
        for (mode, suffix) in [(Mode::Dark, ""), (Mode::Light, "_light")] {
            let name = format!("{name}{suffix}");
            let picture = picture(&name, &data, view, mode);
            for kind in [Kind::Gemm, Kind::Comm] {
                let pixels = pixels_of(&picture, &Theme::of(mode), kind);
                assert!(pixels > WIDTH * HEIGHT / 200, "{name}: {pixels} pixels of {kind:?}");
            }
        }
    }
}

/// Under the pointer, a band over the times that the pointer may really mean.
#[test]
fn doubt_about_a_time_is_as_wide_as_it_is() {
    const DOUBT_NS: i64 = 98;
    const WINDOW_NS: i64 = 4_000;
    let draw = |name: &str, clocks: Vec<ClockAgreement>| {
        let trace = synthetic::trace(Shape::TINY).with_meta(|meta| meta.clocks = clocks);
        let data = TimelineData::new(Arc::new(trace));
        let mut view = ViewState::new(&data);
        let time_ns = data.span.start_ns + data.span.len_ns() / 3;
        view.hover = Some(Hover { time_ns, slice: None });
        view.window = Span::new(time_ns - WINDOW_NS / 2, time_ns + WINDOW_NS / 2);
        picture(name, &data, &view, Mode::Dark)
    };
    let what = "CUPTI against stamps".to_owned();
    let clock = ClockAgreement { rank: 0, what, residual_p99_ns: DOUBT_NS, readings: 9 };
    let (sure, unsure) = (draw("sure", Vec::new()), draw("unsure", vec![clock]));
    let differs = |x: &usize| {
        // The lower half is rows only; above, the time under the pointer is written out with its doubt.
        (HEIGHT / 2..HEIGHT).any(|y| sure.pixel(*x, y) != unsure.pixel(*x, y))
    };
    let columns: Vec<usize> = (0..WIDTH).filter(differs).collect();
    let [Some(left), Some(right)] = [columns.first(), columns.last()] else {
        panic!("no band is drawn")
    };
    let plot = (WIDTH - 136) as f64;
    let expected = plot * 2.0 * DOUBT_NS as f64 / WINDOW_NS as f64;
    let width = (right - left + 1) as f64;
    assert!((width - expected).abs() <= 2.0, "{width} points, {expected} expected");
}
