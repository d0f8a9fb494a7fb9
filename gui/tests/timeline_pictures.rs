//! Pictures of the timeline to look at: set `WEFTSCOPE_PICTURES` to a folder and run this test.

mod common;

use std::{path::Path, sync::Arc};

use common::synthetic::{self, Shape};
use weftscope::{
    picture::{ShotOptions, render, shot},
    theme::{Mode, Theme},
    timeline::{FoldId, TimelineData, ViewCommand, ViewState, timeline_ui},
};

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
}
