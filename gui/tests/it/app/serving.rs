//! The tab of serving: what it says is what the command line says, and an iteration of it can be run.

use std::{collections::HashMap, sync::Arc};

use egui::vec2;

use egui_kittest::{Harness, kittest::Queryable as _};
use serde_json::Value;
use weftscope::{
    app::{
        App, BottomTab, Command, PanelId, Start, State, ThemeChoice,
        live::{KnobEdit, Live, LiveCommand, ServingCommand, ServingEdit, ServingPart},
    },
    jobs::JobKind,
    theme::Mode,
};
use weftscope_engine::spec::{SplitChoice, StrategyKind};

use super::{
    live::{catalog, iteration, state, tell},
    panels::text_from,
};
use crate::{
    cli::place::Place,
    common::{
        renderer::{harness, snapshot_options},
        settle::settle,
    },
};

/// The window with the tab open, and few requests asked for.
fn window(size: [f32; 2]) -> Harness<'static, App> {
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let mut window = Harness::builder().with_size(size).build_ui_state(draw, app());
    ask_for_few(&mut window);
    window
}

/// A live run with an iteration to look at.
fn app() -> App {
    let mut state = state();
    let spec = catalog().default_spec().clone();
    tell(&mut state, iteration(&spec, 0));
    App::with_state(state, Arc::new(|| {}))
}

fn ask_for_few(window: &mut Harness<'static, App>) {
    serving(window, ServingCommand::Show);
    edit(window, ServingEdit::Lengths(700, 8));
    edit(window, ServingEdit::Requests(Some(12)));
    for strategy in StrategyKind::ALL {
        let serves = matches!(strategy, StrategyKind::FuseOnly | StrategyKind::TokenWeave);
        edit(window, ServingEdit::Strategy(strategy, serves));
    }
}

fn send(window: &mut Harness<'static, App>, command: LiveCommand) {
    window.state_mut().send(Command::Live(command));
    window.run_steps(3);
}

fn serving(window: &mut Harness<'static, App>, command: ServingCommand) {
    send(window, LiveCommand::Serving(command));
}

fn edit(window: &mut Harness<'static, App>, edit: ServingEdit) {
    serving(window, ServingCommand::Edit(edit));
}

fn serve(window: &mut Harness<'static, App>) {
    serving(window, ServingCommand::Run);
    settle(window);
}

fn live<'a>(window: &'a Harness<'static, App>) -> &'a Live {
    let state: &State = window.state().state();
    state.live.as_ref().unwrap()
}

/// What the tab says.
fn tab_text(window: &Harness<'static, App>) -> String {
    let text = text_from(window, "Serving");
    text.split("\nResize panel").next().unwrap().to_owned()
}

/// What the command line says of the same requests.
fn said(more: &[&str]) -> String {
    let same = [
        "serving",
        "--requests",
        "12",
        "--prompt",
        "700",
        "--output",
        "8",
        "--strategy",
        "fuse-only,tokenweave",
    ];
    Place::new().ok(&[&same[..], more].concat())
}

#[test]
fn strategies_come_to_what_the_command_line_says() {
    let mut window = window([1600.0, 1000.0]);
    assert_eq!(window.state().state().settings.layout.bottom_tab, BottomTab::Serving);
    serve(&mut window);
    let json: Value = serde_json::from_str(&said(&["--json"])).unwrap();
    let reports: Vec<Value> = live(&window)
        .serving
        .served()
        .map(|served| serde_json::to_value(&served.report).unwrap())
        .collect();
    assert_eq!(json["strategies"], Value::from(reports));
    let text = tab_text(&window);
    let printed = said(&[]);
    let rows = printed.lines().filter(|line| line.trim_start().starts_with("tokenweave "));
    let cells: Vec<&str> = rows.flat_map(str::split_whitespace).collect();
    assert_eq!(cells.len(), 26, "{printed}");
    assert!(cells.iter().all(|cell| text.lines().any(|line| line == *cell)), "{text}");
    insta::assert_snapshot!("serving_strategies", text);
    serving(&mut window, ServingCommand::Part(ServingPart::Iterations));
    insta::assert_snapshot!("serving_iterations", tab_text(&window));
}

/// What is asked for is there at the next start; what it came to is not.
#[test]
fn what_is_asked_for_is_remembered() {
    let window = window([1600.0, 1000.0]);
    let asked = live(&window).serving.asked.clone();
    let mut window = window;
    let mut storage = Storage::default();
    eframe::App::save(window.state_mut(), &mut storage);
    let stored = storage.0["settings"].clone();
    let start = || Start::opening(Vec::new());
    let app = App::new(start(), Some(&stored), Arc::new(|| {}));
    assert_eq!(app.state().live.as_ref().unwrap().serving.asked, asked);
    let app = App::new(start(), None, Arc::new(|| {}));
    assert_ne!(app.state().live.as_ref().unwrap().serving.asked, asked);
}

#[derive(Default)]
struct Storage(HashMap<String, String>);

impl eframe::Storage for Storage {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}

fn picture((mode, theme): (Mode, ThemeChoice), part: ServingPart, name: &str) {
    let mut window = harness(vec2(960.0, 440.0), mode, app(), |ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    });
    window.state_mut().send(Command::SetTheme(theme));
    window.state_mut().send(Command::TogglePanel(PanelId::Why));
    window.state_mut().send(Command::TogglePanel(PanelId::Knobs));
    ask_for_few(&mut window);
    serve(&mut window);
    serving(&mut window, ServingCommand::Part(part));
    window.run_steps(3);
    window.snapshot_options(name, &snapshot_options());
}

#[test]
fn strategies_as_a_picture() {
    let dark = (Mode::Dark, ThemeChoice::Dark);
    picture(dark, ServingPart::Strategies, "serving_strategies_dark");
}

#[test]
fn iterations_as_a_picture() {
    let light = (Mode::Light, ThemeChoice::Light);
    picture(light, ServingPart::Iterations, "serving_iterations_light");
}

/// The batch of an iteration becomes the batch of the live run, by the strategy that served it; results stay what they are of.
#[test]
fn an_iteration_is_run_by_itself() {
    let mut window = window([1024.0, 700.0]);
    serve(&mut window);
    let served = Arc::clone(live(&window).serving.by(StrategyKind::FuseOnly).unwrap());
    let iteration = served.served.iterations[2];
    assert!(iteration.decode_tokens > 0 && iteration.prefill_tokens > 0, "{iteration:?}");
    serving(&mut window, ServingCommand::Open(StrategyKind::FuseOnly, 2));
    settle(&mut window);
    let spec = &live(&window).draft.spec;
    assert_eq!(spec.knobs.strategy, StrategyKind::FuseOnly);
    assert_eq!(spec.batch.tokens(), iteration.tokens());
    let decodes = spec.batch.requests.iter().filter(|request| request.is_decode()).count();
    assert_eq!(decodes as u32, iteration.decode_tokens);
    assert_eq!(spec.batch.requests.len() as u32, iteration.sequences);
    let tab = &live(&window).serving;
    assert_eq!(tab.opened, Some((StrategyKind::FuseOnly, 2)));
    assert!(
        !tab.is_stale(&live(&window).draft),
        "a batch and a strategy are the tab's own to choose"
    );
    // A cut at a token is not what iterations are cut by, and another degree is another run.
    send(&mut window, LiveCommand::Turn(KnobEdit::Split(SplitChoice::Fixed(512))));
    assert!(!live(&window).serving.is_stale(&live(&window).draft));
    assert!(window.query_by_label_contains("cuts are simulated, not at 512").is_some());
    send(&mut window, LiveCommand::Turn(KnobEdit::Tp(4)));
    assert!(window.query_by_label("of other knobs or requests").is_some());
}

/// The toolkit ends a test where a size is negative. Where there is room for one part the other is not drawn.
#[test]
fn both_parts_are_drawn_at_any_size() {
    let mut window = window([1600.0, 1000.0]);
    serve(&mut window);
    for width in [320.0, 700.0, 1024.0, 1600.0, 2400.0] {
        for height in [200.0, 420.0, 700.0, 1400.0] {
            window.set_size(egui::vec2(width, height));
            for part in ServingPart::ALL {
                serving(&mut window, ServingCommand::Part(part));
                let all_fits = width >= 2400.0;
                let has_plot = window.query_by_label("Tokens of iterations").is_some();
                assert_eq!(
                    has_plot,
                    all_fits || part == ServingPart::Iterations,
                    "{width} {height}"
                );
            }
        }
    }
}

/// A path as it is typed, its requests at their times, and what of it is not served.
#[test]
fn requests_of_a_file_are_served() {
    let mut window = window([1600.0, 1000.0]);
    let place = Place::new();
    let rows = "arrival_s,prompt_tokens,output_tokens\n0,300,4\n2.5,0,4\n9,3000000,4\n20,200,4\n";
    let path = place.write("mine.csv", rows.as_bytes());
    serving(&mut window, ServingCommand::AskTrace);
    assert!(window.query_by_label("Requests of a CSV file").is_some());
    for command in [Command::PathInput(path.display().to_string()), Command::PathAccept] {
        window.state_mut().send(command);
        window.run_steps(3);
    }
    assert!(window.query_by_label("Requests: mine.csv, when they come").is_some());
    serve(&mut window);
    let tab = &live(&window).serving;
    let head = tab.head.as_ref().unwrap();
    assert_eq!(head.words, format!("3 requests of {}, at the times of the file", path.display()));
    let report = &tab.by(StrategyKind::TokenWeave).unwrap().report;
    assert_eq!((report.requests, report.refused), (2, 1));
    assert!(report.duration_s > 20.0 && report.idle_share > 0.9, "{report:?}");
    for note in ["1 row left out", "1 request refused"] {
        assert!(window.query_by_label(note).is_some(), "{note}");
    }
}

#[test]
fn what_cannot_be_served_says_why() {
    let mut window = window([1600.0, 1000.0]);
    let missing = Place::new().path("missing.csv");
    edit(&mut window, ServingEdit::Trace(missing.clone()));
    serve(&mut window);
    let failed = live(&window).serving.failed.clone().unwrap();
    assert!(failed.starts_with("cannot read") && failed.contains("missing.csv"), "{failed}");
    assert!(window.query_by_label(&failed).is_some());
    edit(&mut window, ServingEdit::Lengths(700, 8));
    send(&mut window, LiveCommand::Turn(KnobEdit::Machine("rtx4090x2".to_owned())));
    serve(&mut window);
    let failed = live(&window).serving.failed.clone().unwrap();
    assert!(failed.contains("leaves no memory for keys and values"), "{failed}");
}

#[test]
fn a_serving_is_stopped_between_iterations() {
    let mut window = window([1600.0, 1000.0]);
    edit(&mut window, ServingEdit::Requests(Some(100_000)));
    serving(&mut window, ServingCommand::Run);
    let jobs = &window.state().state().jobs;
    let job = jobs.iter().find(|job| job.kind == JobKind::Serving).unwrap().id;
    window.state_mut().send(Command::CancelJob(job));
    settle(&mut window);
    assert!(live(&window).serving.results.is_empty());
    assert!(window.query_by_label("Serve").is_some());
}
