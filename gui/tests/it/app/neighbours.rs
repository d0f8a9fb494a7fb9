//! The tab of neighbours: what it shows is what the engine works out, with the baseline held beside it, and knobs run it anew.

use std::sync::Arc;

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::app::{
    App, BottomTab, Command, Shown, State,
    neighbours::{NeighbourCommand, ShownFigure},
};
use weftscope_engine::neighbours::{NEIGHBOURS, Neighbour};

use super::live::{catalog, iteration, state, tell};
use crate::common::settle::settle;

/// The window, live, in a build that simulates in a second.
fn window() -> Harness<'static, App> {
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let mut state = state();
    tell(&mut state, iteration(catalog().default_spec(), 0));
    let app = App::with_state(state, Arc::new(|| {}));
    Harness::builder().with_size([1400.0, 900.0]).build_ui_state(draw, app)
}

fn send(window: &mut Harness<'static, App>, command: NeighbourCommand) {
    window.state_mut().send(Command::Neighbour(command));
    window.run_steps(3);
    settle(window);
}

fn of<'a>(window: &'a Harness<'static, App>) -> &'a State {
    window.state().state()
}

fn figures(neighbour: &'static Neighbour, set: &[(&str, &str)]) -> Vec<ShownFigure> {
    let mut settings = neighbour.settings();
    for (knob, text) in set {
        settings.set(knob, text).expect("it may be that");
    }
    let outcome = neighbour.simulate(&settings, &|| false).expect("it runs");
    outcome.figures.iter().map(Into::into).collect()
}

#[test]
fn one_that_is_chosen_runs_and_is_held_against_its_baseline() {
    let (mut window, neighbour) = (window(), &NEIGHBOURS[0]);
    send(&mut window, NeighbourCommand::Choose(neighbour.name));
    let state = of(&window);
    assert_eq!(state.settings.layout.bottom_tab, BottomTab::Neighbours);
    assert_eq!(state.neighbours.shown().unwrap().figures, figures(neighbour, &[]));
    let Shown::File(id) = state.shown else { panic!("its run is in view") };
    assert_eq!(state.open_document(id).unwrap().name(), neighbour.title);
    assert!(state.settings.recent.is_empty(), "there is no such file");
    let held = state.comparison.as_ref().expect("its baseline is held");
    let [with, without] = [state.document().unwrap(), &held.reference.document];
    let plans = (neighbour.plans)(&neighbour.settings()).unwrap();
    for (document, plan) in [(with, plans.with), (without, plans.without)] {
        assert!(document.title.contains(plan.decision.name()), "{}", document.title);
    }
    for ShownFigure { name, ours, .. } in figures(neighbour, &[]) {
        assert!(window.query_all_by_label(&name).count() > 0, "{name}");
        assert!(window.query_all_by_label(&ours).count() > 0, "{name}: {ours}");
    }
}

#[test]
fn a_knob_that_is_turned_runs_it_anew_in_the_same_place() {
    let (mut window, neighbour) = (window(), &NEIGHBOURS[0]);
    send(&mut window, NeighbourCommand::Choose(neighbour.name));
    let shown = of(&window).shown;
    send(&mut window, NeighbourCommand::Turn("tokens", "2048".to_owned()));
    assert_eq!(of(&window).shown, shown);
    assert_eq!(of(&window).documents.len(), 1);
    let turned = figures(neighbour, &[("tokens", "2048")]);
    assert_eq!(of(&window).neighbours.shown().unwrap().figures, turned);
    assert_ne!(turned, figures(neighbour, &[]));

    send(&mut window, NeighbourCommand::Turn("tokens", "0".to_owned()));
    let tab = &of(&window).neighbours;
    assert!(tab.failed.as_ref().is_some_and(|cause| cause.contains("tokens is 0")));
    assert_eq!(tab.shown().unwrap().figures, turned, "nothing was turned");
    send(&mut window, NeighbourCommand::Reset);
    assert_eq!(of(&window).neighbours.shown().unwrap().figures, figures(neighbour, &[]));
}

/// All of them, as the window runs them.
#[test]
fn each_can_be_opened() {
    let mut window = window();
    for neighbour in NEIGHBOURS {
        send(&mut window, NeighbourCommand::Choose(neighbour.name));
        let shown = of(&window).neighbours.shown().expect(neighbour.name);
        assert_eq!(shown.name, neighbour.name);
        assert!(of(&window).comparison.is_some());
    }
    assert_eq!(of(&window).documents.len(), NEIGHBOURS.len());
}
