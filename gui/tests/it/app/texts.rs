//! What the parts of the window around the timeline say, as text, part by part: each is a region by its name.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::{
    Harness, Node,
    kittest::{NodeT as _, Queryable as _},
};
#[cfg(feature = "live")]
use weftscope::app::live::{KnobEdit, LiveCommand};
use weftscope::app::{App, BottomTab, Command, SqlCommand, State};

use weftscope::timeline::ViewCommand;

use super::panels::{send, window};
use crate::common::settle::settle;

/// Everything a region says, a line each: what it is called, and what is set.
pub(super) fn region(window: &Harness<'static, App>, name: &str) -> String {
    let mut lines = Vec::new();
    gather(window.get_by_role_and_label(Role::Region, name), &mut lines);
    lines.join("\n")
}

fn gather(node: Node<'_>, lines: &mut Vec<String>) {
    let said = node.accesskit_node();
    // Of a text that wraps its lines are said again.
    if said.role() == Role::TextRun {
        return;
    }
    let value = said.value().or_else(|| Some(said.numeric_value()?.to_string()));
    let texts: Vec<String> = said.label().into_iter().chain(value).collect();
    let text = texts.join(": ");
    if !text.trim().is_empty() {
        lines.push(text.trim().to_owned());
    }
    for child in node.children() {
        gather(child, lines);
    }
}

#[test]
fn menus_and_legend() {
    let window = window();
    insta::assert_snapshot!("menus", region(&window, "Menus and iteration"));
    insta::assert_snapshot!("legend", region(&window, "Legend"));
}

#[test]
fn an_answer_in_sql() {
    let mut window = window();
    send(&mut window, Command::ShowBottom(BottomTab::Sql));
    let query = "select name, count(*) as runs from gpu_slice group by name order by 1";
    send(&mut window, Command::Sql(SqlCommand::Type(query.to_owned())));
    send(&mut window, Command::Sql(SqlCommand::Run));
    settle(&mut window);
    let text = region(&window, "Details and tables");
    // How long it took is another figure each time.
    let text = text.split(" in ").next().map(|before| {
        let after = text.split_once("Copy as TSV").map_or("", |(_, after)| after);
        format!("{before}\nCopy as TSV{after}")
    });
    insta::assert_snapshot!("sql", text.unwrap_or_default());
}

/// What lies over the window: found by its title. A build that runs nothing has other keys.
#[cfg(feature = "live")]
#[test]
fn sheets_and_questions() {
    for (title, command, name) in [
        ("Keys", Command::ToggleHelp, "keys"),
        ("Glossary", Command::ToggleGlossary, "glossary"),
        ("Open a trace", Command::AskOpen, "open"),
    ] {
        let mut window = window();
        window.set_size([1600.0, 1600.0].into());
        send(&mut window, command);
        let mut lines = Vec::new();
        gather(window.get_by_role_and_label(Role::Window, title), &mut lines);
        insta::assert_snapshot!(name, lines.join("\n"));
    }
}

#[test]
fn a_search() {
    let mut window = window();
    send(&mut window, Command::ToggleSearch);
    for (text, name) in [("qkv layer:1", "search"), ("kindx:comm", "search_unknown")] {
        send(&mut window, Command::View(ViewCommand::Search(text.to_owned())));
        settle(&mut window);
        let text = region(&window, "Timeline");
        let strip = text.split("\ntimeline").next().unwrap_or_default();
        insta::assert_snapshot!(name, strip);
    }
}

#[test]
fn nothing_open() {
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::with_state(State::default(), Arc::new(|| {}));
    let mut window = Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app);
    window.run_steps(3);
    insta::assert_snapshot!("nothing_open", region(&window, "Timeline"));
}

/// The window over a run that is in view, its batch of 1024 tokens.
#[cfg(feature = "live")]
fn live_window() -> Harness<'static, App> {
    use super::live::{catalog, iteration, state, tell};
    let mut state = state();
    let spec = catalog().default_spec().clone();
    tell(&mut state, iteration(&spec, 0));
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::with_state(state, Arc::new(|| {}));
    Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
}

#[cfg(feature = "live")]
fn live(window: &mut Harness<'static, App>, command: LiveCommand) {
    send(window, Command::Live(command));
}

#[cfg(feature = "live")]
#[test]
fn knobs() {
    let mut window = live_window();
    window.run_steps(3);
    insta::assert_snapshot!("knobs", region(&window, "Knobs"));
    insta::assert_snapshot!("menus_of_a_run", region(&window, "Menus and iteration"));
}

/// How GPUs run: launching and what is seen are choices of their own.
#[cfg(feature = "live")]
#[test]
fn knobs_of_gpus() {
    use super::calibration::{on_gpus, uncalibrated};
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::with_state(on_gpus(uncalibrated()), Arc::new(|| {}));
    let mut window = Harness::builder().with_size([1600.0, 1400.0]).build_ui_state(draw, app);
    window.run_steps(3);
    let knobs = region(&window, "Knobs");
    let from = knobs.find("Machine: here").unwrap_or_else(|| panic!("{knobs}"));
    insta::assert_snapshot!("knobs_of_gpus", &knobs[from..]);
}

#[cfg(feature = "live")]
#[test]
fn a_curve_and_a_heat_map() {
    use weftscope_profiler::sweep::SweepAxis;
    let mut window = live_window();
    live(&mut window, LiveCommand::Turn(KnobEdit::Tp(2)));
    live(&mut window, LiveCommand::Turn(KnobEdit::Layers(Some(1))));
    for (axis, name) in [(SweepAxis::Split, "curve"), (SweepAxis::BothCtas, "heat_map")] {
        live(&mut window, LiveCommand::RunCurve(axis));
        settle(&mut window);
        insta::assert_snapshot!(name, region(&window, "Details and tables"));
    }
}
