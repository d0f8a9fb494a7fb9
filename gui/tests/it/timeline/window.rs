//! The timeline under a pointer and keys, and as small pictures.

use std::sync::Arc;

use crate::common::{
    renderer::{harness, snapshot_options},
    synthetic::{self, Shape},
};
use egui::{Event, Key, Modifiers, MouseWheelUnit, PointerButton, TouchPhase, pos2, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    theme::{Mode, Theme},
    timeline::{
        FoldId, Selection, TimeScale, TimelineData, ViewCommand, ViewState, legend_ui, timeline_ui,
    },
};
use weftscope_traces::{ArgsId, Kind, Label, Meta, Provenance, Span, TraceBuilder, TrackKind};

pub(super) struct State {
    pub(super) data: TimelineData,
    pub(super) view: ViewState,
    pub(super) commands: Vec<ViewCommand>,
}

fn window(mode: Mode, height: f32) -> Harness<'static, State> {
    let data = synthetic_data();
    let view = ViewState::new(&data);
    let theme = Theme::of(mode);
    let state = State { data, view, commands: Vec::new() };
    harness(vec2(560.0, height), mode, state, move |ui, state| {
        let commands = timeline_ui(ui, &state.data, &state.view, &theme);
        for command in commands {
            state.commands.push(command.clone());
            command.apply(&mut state.view, &state.data);
        }
    })
}

pub(super) fn small() -> Harness<'static, State> {
    let mut window = window(Mode::Dark, 320.0);
    window.step();
    window
}

/// A place on the first op of rank 0: below the strips (24 + 24 + 56) and its ribbon.
fn on_first_op(window: &Harness<'_, State>) -> egui::Pos2 {
    let view = &window.state().view;
    let lane = window.state().data.trace.track(window.state().data.ranks[0].streams[0]).lanes[0];
    let span = window.state().data.trace.lane(lane).slices.span(0);
    let middle = span.start_ns + span.len_ns() / 2;
    let share = (middle - view.window.start_ns) as f32 / view.window.len_ns() as f32;
    let layout = weftscope::timeline::RowLayout::fitted(&window.state().data, view, 320.0 - 104.0);
    pos2(136.0 + share * (560.0 - 136.0), 104.0 + layout.rows[1].y + 8.0)
}

pub(super) fn button(pressed: bool, pos: egui::Pos2, modifiers: Modifiers) -> Event {
    Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers }
}

fn drag(window: &mut Harness<'_, State>, from: egui::Pos2, to: egui::Pos2, modifiers: Modifiers) {
    window.event(Event::ModifiersChanged(modifiers));
    window.event(Event::PointerMoved(from));
    window.step();
    window.event(button(true, from, modifiers));
    window.step();
    window.event(Event::PointerMoved(from + (to - from) * 0.5));
    window.step();
    window.event(Event::PointerMoved(to));
    window.step();
    window.event(button(false, to, modifiers));
    window.step();
    window.event(Event::ModifiersChanged(Modifiers::NONE));
    window.step();
}

#[test]
fn a_click_selects_and_escape_lets_go() {
    let mut window = small();
    let at = on_first_op(&window);
    drag(&mut window, at, at, Modifiers::NONE);
    let slice = window.state().view.selection.slice().expect("the op under the pointer");
    assert_eq!(window.state().data.trace.label_of(slice).name, "qkv");
    window.key_press(Key::Period);
    window.run_steps(2);
    let next = window.state().view.selection.slice().unwrap();
    assert_eq!(next.index, slice.index + 1);
    window.key_press(Key::Escape);
    window.run_steps(2);
    assert_eq!(window.state().view.selection, Selection::None);
}

fn right_click(window: &mut Harness<'_, State>, pos: egui::Pos2) {
    window.event(Event::PointerMoved(pos));
    window.step();
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Secondary, Modifiers::NONE);
        window.event(Event::PointerButton { pos, button, pressed, modifiers });
        window.step();
    }
    window.run_steps(2);
}

/// What can be done with what lies under the pointer, which is selected so that it is seen what the menu is of.
#[test]
fn a_right_click_offers_what_can_be_done_with_what_is_under_it() {
    let mut window = small();
    let at = on_first_op(&window);
    right_click(&mut window, at);
    let slice = window.state().view.selection.slice().expect("the op under the pointer");
    let span = window.state().data.trace.span_of(slice);
    assert_eq!(window.query_all_by_label("qkv").count(), 1, "the menu alone says so");
    // Once more while it is open: it is then of what is under the pointer now.
    right_click(&mut window, at + vec2(0.0, 120.0));
    assert_eq!(window.query_all_by_label_contains("Show everything").count(), 1);
    assert!(window.query_by_label("qkv").is_none());
    right_click(&mut window, at);
    window.get_by_label_contains("Find all of this name").click();
    window.run_steps(3);
    assert_eq!(window.state().view.search.text, "qkv");
    assert!(window.query_by_label_contains("Zoom to it").is_none(), "the menu is closed");
    right_click(&mut window, at);
    window.get_by_label_contains("Zoom to it").click();
    window.run_steps(3);
    let shown = window.state().view.window;
    assert!(shown.start_ns <= span.start_ns && shown.end_ns >= span.end_ns);
    assert!(shown.len_ns() < 2 * span.len_ns(), "{shown:?} around {span:?}");
    window.state_mut().view = ViewState::new(&synthetic_data());
    window.step();
    // Of a range its own, wherever in it the pointer is.
    drag(&mut window, pos2(200.0, 150.0), pos2(320.0, 190.0), Modifiers::NONE);
    let range = window.state().view.selection.clone();
    right_click(&mut window, pos2(260.0, 160.0));
    assert_eq!(window.state().view.selection, range);
    window.get_by_label_contains("Copy its length in ns");
    window.get_by_label_contains("Pin its row").click();
    window.run_steps(3);
    assert_eq!(window.state().view.rows.pinned.len(), 1);
}

fn synthetic_data() -> TimelineData {
    TimelineData::new(Arc::new(synthetic::trace(Shape::TINY)))
}

#[test]
fn a_drag_selects_a_range_and_with_shift_it_pans() {
    let mut window = small();
    let before = window.state().view.window;
    drag(&mut window, pos2(200.0, 150.0), pos2(320.0, 190.0), Modifiers::NONE);
    let range = window.state().view.selection.range().cloned().expect("a range");
    assert!(range.span.len_ns() > before.len_ns() / 5 && !range.tracks.is_empty());
    assert_eq!(window.state().view.window, before);
    drag(&mut window, pos2(320.0, 150.0), pos2(220.0, 150.0), Modifiers::SHIFT);
    assert!(window.state().view.window.start_ns > before.start_ns);
    assert_eq!(window.state().view.window.len_ns(), before.len_ns());
}

/// A range that begins and ends near the edges of an op is exactly as long as it, on its row and on the ribbon; with Alt
/// it is what was drawn.
#[test]
fn ends_of_a_range_snap_to_the_edges_of_slices() {
    let mut window = small();
    let plot = window.get_by_label("timeline").rect();
    let State { data, view, .. } = window.state();
    let lane = data.trace.track(data.ranks[0].streams[0]).lanes[0];
    let op = data.trace.lane(lane).slices.span(1);
    let scale = TimeScale::new(view.window, plot.left(), plot.width());
    let layout = weftscope::timeline::RowLayout::fitted(data, view, plot.height());
    let (left, right) = (scale.x_from_time(op.start_ns), scale.x_from_time(op.end_ns));
    assert!(right - left > 20.0);
    let spans =
        [(1, Modifiers::NONE), (0, Modifiers::NONE), (1, Modifiers::ALT)].map(|(row, with)| {
            let y = plot.top() + layout.rows[row].y + 6.0;
            drag(&mut window, pos2(left + 3.0, y), pos2(right - 4.0, y), with);
            window.state().view.selection.range().unwrap().span
        });
    assert_eq!(spans[0], op);
    assert_eq!(spans[1].start_ns, op.start_ns, "an op's edge on the ribbon");
    assert!(op.start_ns < spans[2].start_ns && spans[2].end_ns < op.end_ns, "{:?}", spans[2]);
}

#[test]
fn the_wheel_zooms_at_the_pointer() {
    let mut window = small();
    let before = window.state().view.window;
    window.event(Event::PointerMoved(pos2(348.0, 160.0)));
    window.step();
    window.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, 3.0),
        phase: TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    window.run_steps(20);
    let after = window.state().view.window;
    assert!(after.len_ns() < before.len_ns() * 3 / 4, "{} of {}", after.len_ns(), before.len_ns());
    // The pointer is in the middle of the plot, so the middle stays.
    let middle = |span: weftscope_traces::Span| span.start_ns + span.len_ns() / 2;
    assert!((middle(after) - middle(before)).abs() < before.len_ns() / 50);
}

#[test]
fn letters_zoom_and_pan() {
    let mut window = small();
    let whole = window.state().view.window;
    window.key_press(Key::W);
    window.run_steps(2);
    let near = window.state().view.window;
    assert!(near.len_ns() < whole.len_ns());
    window.key_press(Key::D);
    window.run_steps(2);
    let right = window.state().view.window;
    assert!(right.start_ns > near.start_ns);
    window.key_press(Key::ArrowLeft);
    window.run_steps(2);
    assert!(window.state().view.window.start_ns < right.start_ns);
    window.state_mut().view.open.insert(FoldId::Sms(0));
    window.state_mut().view.heights.sm = 16.0;
    window.state_mut().view.heights.stream = 90.0;
    window.run_steps(2);
    for (key, is_down) in [(Key::ArrowDown, true), (Key::ArrowUp, false)] {
        for _ in 0..40 {
            window.key_press(key);
            window.run_steps(2);
        }
        let scroll_y = window.state().view.scroll_y;
        assert_eq!(scroll_y > 0.0, is_down, "{scroll_y}");
    }
    window.key_press(Key::Num0);
    window.run_steps(2);
    assert_eq!(window.state().view.window, whole);
}

/// Ctrl+S with Ctrl up again at the end of the frame is not a zoom.
#[test]
fn keys_count_with_the_modifiers_they_came_with() {
    let mut window = small();
    let before = window.state().view.window;
    for (key, modifiers) in [(Key::S, Modifiers::COMMAND), (Key::W, Modifiers::ALT)] {
        let press = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        window.event(Event::ModifiersChanged(modifiers));
        window.event(press);
        window.event(Event::ModifiersChanged(Modifiers::NONE));
        window.run_steps(3);
        assert_eq!(window.state().view.window, before, "{key:?}");
        window.key_up(key);
        window.run_steps(2);
    }
}

/// Every tick at the foot of a GEMM lies below every letter on its row.
#[test]
fn wave_ticks_keep_clear_of_names() {
    let mut window = window(Mode::Dark, 320.0);
    let State { data, view, .. } = window.state_mut();
    let zoom = ViewCommand::Zoom { factor: 0.3, at_ns: view.window.start_ns };
    zoom.apply(view, data);
    assert!(view.window.len_ns() < data.fit_span().len_ns() / 3);
    window.run_steps(2);
    let shapes: Vec<_> = window.output().shapes.iter().map(|clipped| &clipped.shape).collect();
    let ticks: Vec<[egui::Pos2; 2]> = shapes
        .iter()
        .filter_map(|shape| match shape {
            egui::Shape::LineSegment { points, .. } => Some(*points),
            _ => None,
        })
        .filter(|[a, b]| a.x == b.x && (b.y - a.y).abs() == 3.0 && a.y > 104.0)
        .collect();
    assert!(ticks.len() >= 4, "{} ticks", ticks.len());
    let mut names = 0;
    for shape in shapes {
        let egui::Shape::Text(text) = shape else { continue };
        let inked = text.galley.mesh_bounds.translate(text.pos.to_vec2());
        names += usize::from(text.galley.text().contains("qkv"));
        for [a, b] in &ticks {
            let crosses = inked.x_range().contains(a.x) && inked.bottom() > a.y.min(b.y) + 0.5;
            assert!(!crosses || inked.top() > a.y.max(b.y), "{}", text.galley.text());
        }
    }
    assert!(names > 0, "the first GEMM is named");
}

/// Letters that no font here has take room as others do: names with them are cut, not left out.
#[test]
fn names_in_any_writing_are_cut_to_their_slice() {
    let mut builder =
        TraceBuilder::new(Meta::new("test", Provenance::Modelled { source: "test".into() }));
    let name = "step 반복하다 迭代迭代迭代 반복하다 迭代迭代迭代 반복하다 迭代迭代迭代 반복하다"
        .to_owned();
    let label = builder.label(Label { kind: Kind::Gemm, name, ..Label::default() });
    let track = builder.track(None, "stream", TrackKind::Stream { rank: 0, stream: 0 });
    let lane = builder.lane(track);
    builder.push(lane, Span::new(0, 1_000_000), label, ArgsId::NONE, 0);
    let mut window = window(Mode::Dark, 320.0);
    let State { data, view, .. } = window.state_mut();
    *data = TimelineData::new(Arc::new(builder.finish().unwrap()));
    *view = ViewState::new(data);
    window.ctx.set_missing_glyph_policy(egui::MissingGlyphPolicy::Tofu);
    for window_ns in [2_000_000, 4_000_000, 6_000_000] {
        window.state_mut().view.window = Span::new(-10_000, window_ns);
        window.run_steps(2);
        let room = (560.0 - 136.0) * 1e6 / (window_ns + 10_000) as f32;
        let shapes = window.output().shapes.iter().map(|clipped| &clipped.shape);
        let names = shapes.filter_map(|shape| match shape {
            egui::Shape::Text(text) if text.galley.text().starts_with("step ") => {
                Some(&text.galley)
            }
            _ => None,
        });
        let cut: Vec<_> = names.filter(|galley| galley.text().ends_with('…')).collect();
        assert!(!cut.is_empty(), "{room} points and no name");
        for galley in cut {
            let width = galley.size().x;
            assert!(width <= room && width >= 0.6 * room - 10.0, "{width} of {room}");
        }
    }
}

/// Marks of the run itself have rows of their own, whose names say what they are; those among calls of the host are told.
#[test]
fn the_legend_tells_ranges_that_programs_mark() {
    let provenance = || Provenance::Modelled { source: "test".into() };
    let of = |kind: TrackKind| {
        let mut builder = TraceBuilder::new(Meta::new("test", provenance()));
        let label = Label { kind: Kind::Mark, name: "forward".into(), ..Label::default() };
        let label = builder.label(label);
        let track = builder.track(None, "of the test", kind);
        let lane = builder.lane(track);
        builder.push(lane, Span::new(0, 1000), label, ArgsId::NONE, 0);
        let data = TimelineData::new(Arc::new(builder.finish().unwrap()));
        let theme = Theme::of(Mode::Dark);
        let mut window = harness(vec2(560.0, 40.0), Mode::Dark, (), move |ui, ()| {
            legend_ui(ui, &data, &theme);
        });
        window.run_steps(2);
        window.query_by_label("range of the program").is_some()
    };
    assert!(of(TrackKind::HostThread { rank: Some(0), pid: 1, tid: 1 }));
    assert!(!of(TrackKind::Marks { rank: Some(0) }));
}

#[test]
fn a_click_on_a_name_folds() {
    let mut window = small();
    assert!(window.state().view.is_open(FoldId::Rank(0)));
    window.get_by_label("rank 0").click();
    window.run_steps(3);
    assert!(!window.state().view.is_open(FoldId::Rank(0)));
}

#[test]
fn a_still_window_asks_for_nothing() {
    let mut window = small();
    window.run_steps(3);
    window.state_mut().commands.clear();
    window.run_steps(5);
    assert!(window.state().commands.is_empty(), "{:?}", window.state().commands);
}

fn picture(mode: Mode, name: &str) {
    let mut window = window(mode, 320.0);
    window.state_mut().view.open.insert(FoldId::Sms(0));
    window.state_mut().view.heights.sm = 12.0;
    window.run_steps(2);
    window.snapshot_options(name, &snapshot_options());
}

#[test]
fn picture_in_the_dark() {
    picture(Mode::Dark, "timeline_dark");
}

#[test]
fn picture_in_the_light() {
    picture(Mode::Light, "timeline_light");
}

/// A live run shows another trace several times a second: a strip that came a frame later would flicker.
#[test]
fn the_first_frame_of_another_trace_is_whole() {
    let other =
        || TimelineData::new(Arc::new(synthetic::trace(Shape { layers: 2, ..Shape::TINY })));
    let mut fresh = window(Mode::Dark, 320.0);
    let show_other = |window: &mut Harness<'_, State>| {
        let state = window.state_mut();
        state.data = other();
        state.view = ViewState::new(&state.data);
    };
    show_other(&mut fresh);
    // Whatever takes frames to settle has had them.
    fresh.run_steps(4);
    let settled = fresh.render().unwrap();
    let mut changed = small();
    let before = changed.render().unwrap();
    show_other(&mut changed);
    changed.step();
    let first = changed.render().unwrap();
    assert!(before != settled, "the other trace looks like another");
    assert!(first == settled, "the first frame is not the settled one");
}
