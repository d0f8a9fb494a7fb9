//! Pictures of the timeline to look at: set `WEFTSCOPE_PICTURES` to a folder and run this test.

mod common;

use std::{path::Path, sync::Arc};

use common::synthetic::{self, Shape};
use weftscope::{
    picture::{ShotOptions, render, shot},
    theme::{Mode, Theme},
    timeline::{FoldId, Hover, TimelineData, ViewCommand, ViewState, timeline_ui},
};
use weftscope_traces::{ClockAgreement, Lane, LaneId, Span, Trace, Track, TrackId, TrackKind};

#[test]
fn pictures_to_look_at() {
    let Ok(folder) = std::env::var("WEFTSCOPE_PICTURES") else {
        println!("skipped: WEFTSCOPE_PICTURES names no folder");
        return;
    };
    let data = TimelineData::new(Arc::new(synthetic::trace(Shape::NODE)));
    let save = |name: &str, (width, height): (f32, f32), mode: Mode, view: &ViewState| {
        let theme = Theme::of(mode);
        let picture = render(egui::vec2(width, height), 1.0, &theme, |ui| {
            timeline_ui(ui, &data, view, &theme);
        });
        let file = std::fs::File::create(Path::new(&folder).join(format!("{name}.png"))).unwrap();
        picture.write_png(file).unwrap();
    };
    for (name, size_px, mode) in [
        ("shot", [1280, 720], Mode::Dark),
        ("shot_light", [1920, 1080], Mode::Light),
        ("shot_small", [800, 450], Mode::Light),
    ] {
        let options = ShotOptions { size_px, mode, ..ShotOptions::default() };
        let file = std::fs::File::create(Path::new(&folder).join(format!("{name}.png"))).unwrap();
        shot(&data.trace, &options).write_png(file).unwrap();
    }
    let view = ViewState::new(&data);
    save("first", (1280.0, 720.0), Mode::Dark, &view);
    save("first_light", (1280.0, 720.0), Mode::Light, &view);
    save("small", (480.0, 300.0), Mode::Dark, &view);
    let mut zoomed = view.clone();
    let at_ns = data.span.start_ns + data.span.len_ns() / 3;
    ViewCommand::Zoom { factor: 0.15, at_ns }.apply(&mut zoomed, &data);
    ViewCommand::Toggle(FoldId::Sms(0)).apply(&mut zoomed, &data);
    save("sms", (1280.0, 720.0), Mode::Dark, &zoomed);
    save("sms_light", (1280.0, 720.0), Mode::Light, &zoomed);
    ViewCommand::SetRowHeight(14.0).apply(&mut zoomed, &data);
    let op = data.trace.track(data.ranks[0].streams[0]).lanes[0];
    ViewCommand::Select(weftscope_traces::SliceRef { lane: op, index: 8 })
        .apply(&mut zoomed, &data);
    ViewCommand::FitSelection.apply(&mut zoomed, &data);
    ViewCommand::Zoom { factor: 2.5, at_ns: zoomed.window.start_ns + zoomed.window.len_ns() / 2 }
        .apply(&mut zoomed, &data);
    save("selected", (1280.0, 720.0), Mode::Dark, &zoomed);
    measured(&save_as(Path::new(&folder)));
}

type Save<'a> = dyn Fn(&str, &TimelineData, &ViewState) + 'a;

fn save_as(folder: &Path) -> impl Fn(&str, &TimelineData, &ViewState) {
    move |name, data, view| {
        let theme = Theme::of(Mode::Dark);
        let picture = render(egui::vec2(1280.0, 720.0), 1.0, &theme, |ui| {
            timeline_ui(ui, data, view, &theme);
        });
        let file = std::fs::File::create(folder.join(format!("{name}.png"))).expect("a folder");
        picture.write_png(file).expect("written");
    }
}

/// A recording of hardware: what the driver did under the streams, and a cursor that may be off.
fn measured(save: &Save<'_>) {
    let trace = synthetic::trace(Shape::TINY);
    let what = "CUPTI against stamps".to_owned();
    let clocks = vec![ClockAgreement { rank: 0, what, residual_p99_ns: 98, readings: 9 }];
    let stream = trace.find_track(&TrackKind::Stream { rank: 0, stream: 0 }).expect("made");
    let slices = trace.lane(trace.track(stream).lanes[0]).slices.clone();
    let track = TrackId(trace.tracks.len() as u32);
    let lane = LaneId(trace.lanes.len() as u32);
    let parent = trace.track(stream).parent;
    let mut parts = trace.into_parts();
    parts.meta.clocks = clocks;
    parts.tracks.push(Track {
        parent,
        name: "CUPTI kernels, compute".to_owned(),
        kind: TrackKind::Driver { rank: 0, row: 0 },
        lanes: vec![lane],
    });
    parts.lanes.push(Lane { track, slices });
    let trace = Trace::checked(parts).expect("as valid as before");
    let data = TimelineData::new(Arc::new(trace));
    let mut view = ViewState::new(&data);
    if !view.is_open(FoldId::Rank(0)) {
        ViewCommand::Toggle(FoldId::Rank(0)).apply(&mut view, &data);
    }
    let time_ns = data.span.start_ns + data.span.len_ns() / 3;
    view.hover = Some(Hover { time_ns, slice: None });
    save("measured", &data, &view);
    view.window = Span::new(time_ns - 2_000, time_ns + 2_000);
    save("measured_close", &data, &view);
}
