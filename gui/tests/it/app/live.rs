//! The live run as commands and events on plain state; iterations are really simulated.

use std::sync::Arc;

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::app::{
    App, BottomTab, Command, Document, DocumentId, Effect, Event, MarkStore, OpenDocument, Shown,
    State, apply,
    live::{
        Catalog, Draft, Host, KeptIteration, Knob, KnobEdit, Live, LiveCommand, LiveEvent, Receipt,
        Running, SplitMarks, Status, flush,
    },
    update,
};
use weftscope::timeline::ViewState;
use weftscope_engine::{
    command::Command as SessionCommand,
    machine::Machine,
    plan::plan,
    sim::Simulator,
    spec::{Chooser, RunSpec, SplitChoice, StrategyKind, Transport},
};
use weftscope_profiler::record::record;
use weftscope_traces::Overhead;

use crate::common::synthetic::{self, Shape};

pub(super) fn catalog() -> Catalog {
    Catalog::builtin().unwrap()
}

pub(super) fn state() -> State {
    let catalog = catalog();
    let draft = Draft::new(catalog.default_spec().clone());
    let mut state = State::default();
    state.live = Some(Live::new(catalog, draft));
    state.shown = Shown::Live;
    state
}

fn live(state: &State) -> &Live {
    state.live.as_ref().unwrap()
}

fn turn(state: &mut State, edit: KnobEdit) {
    update(state, Command::Live(LiveCommand::Turn(edit)));
}

/// One iteration of a small run as the session would hand it over.
pub(super) fn iteration(spec: &RunSpec, number: u64) -> LiveEvent {
    let mut spec = spec.clone();
    spec.batch = weftscope_engine::batch::Batch::prefill(1024, 1024);
    spec.knobs.layers = Some(1);
    let trace = record(&mut Simulator::new(&spec.machine), &spec, 1, &mut |_| true).unwrap();
    // What recording cost is another figure each time, which a picture must not hold.
    let trace = trace.with_meta(|meta| meta.overhead = Overhead::default());
    let duration_ns = trace.span().len_ns();
    let kept = KeptIteration {
        session: 0,
        number,
        plan: Arc::new(plan(&spec).unwrap()),
        marks: SplitMarks::of(&spec),
        duration_ns,
        alone_compute_ns: 0,
        document: Arc::new(Document::prepare(Arc::new(trace), "test")),
    };
    LiveEvent::Iteration(Arc::new(kept), Receipt::default())
}

pub(super) fn tell(state: &mut State, event: LiveEvent) {
    apply(state, Event::Live(Box::new(event)));
}

#[test]
fn the_first_run_is_the_main_job() {
    let spec = catalog().default_spec().clone();
    assert_eq!((spec.model.name.as_str(), spec.machine.name.as_str()), ("llama-3.3-70b", "h100x8"));
    assert_eq!((spec.knobs.tp, spec.knobs.strategy), (8, StrategyKind::TokenWeave));
    assert_eq!((spec.batch.tokens(), spec.knobs.layers), (8192, Some(2)));
    plan(&spec).unwrap();
}

#[test]
fn every_model_fits_every_machine_by_its_knobs() {
    let catalog = catalog();
    for model in catalog.models() {
        for Host { machine, .. } in catalog.hosts() {
            let mut draft = Draft::new(catalog.default_spec().clone());
            draft.turn(KnobEdit::Model(model.name.clone()), &catalog);
            draft.turn(KnobEdit::Machine(machine.name.clone()), &catalog);
            let result = plan(&draft.spec);
            assert!(result.is_ok(), "{} on {}: {:?}", model.name, machine.name, result.err());
        }
    }
}

#[test]
fn a_machine_without_a_switch_takes_the_transport_along() {
    let catalog = catalog();
    let without: Vec<&Machine> = catalog
        .hosts()
        .iter()
        .map(|host| &host.machine)
        .filter(|machine| machine.link.multimem_bytes_per_s.is_none())
        .collect();
    for machine in without {
        let mut draft = Draft::new(catalog.default_spec().clone());
        draft.turn(KnobEdit::Machine(machine.name.clone()), &catalog);
        assert_eq!(draft.spec.knobs.transport, Transport::P2p, "{}", machine.name);
        draft.turn(KnobEdit::Reset(Knob::Machine), &catalog);
        assert_eq!(draft.spec.knobs.transport, Transport::Multimem);
    }
}

#[test]
fn a_batch_that_does_not_parse_leaves_the_batch() {
    let mut state = state();
    turn(&mut state, KnobEdit::BatchText("2x1024".to_owned()));
    assert_eq!(live(&state).draft.spec.batch.tokens(), 2048);
    assert_eq!(live(&state).draft.batch_error, None);
    turn(&mut state, KnobEdit::BatchText("2x".to_owned()));
    assert_eq!(live(&state).draft.spec.batch.tokens(), 2048);
    assert!(live(&state).draft.batch_error.is_some());
    turn(&mut state, KnobEdit::Tokens(4096));
    assert_eq!(live(&state).draft.batch_error, None);
    assert_eq!(live(&state).draft.spec.batch.tokens(), 4096);
}

#[test]
fn resetting_every_knob_gives_the_first_run() {
    let catalog = catalog();
    let first = Draft::new(catalog.default_spec().clone());
    let mut draft = first.clone();
    for edit in [
        KnobEdit::Tokens(3000),
        KnobEdit::Strategy(StrategyKind::FuseOnly),
        KnobEdit::Split(SplitChoice::Fixed(1024)),
        KnobEdit::AttnCtas(Some(3)),
        KnobEdit::MlpCtas(Some(5)),
        KnobEdit::Skew { rank: 3, late_ns: 50_000 },
        KnobEdit::Seed(9),
        KnobEdit::Layers(Some(4)),
        KnobEdit::Tp(4),
    ] {
        draft.turn(edit, &catalog);
    }
    for knob in [
        Knob::Batch,
        Knob::Strategy,
        Knob::Split,
        Knob::AttnCtas,
        Knob::MlpCtas,
        Knob::Skew,
        Knob::Seed,
        Knob::Layers,
        Knob::Tp,
    ] {
        assert!(draft.is_turned(knob, &catalog), "{knob:?}");
        draft.turn(KnobEdit::Reset(knob), &catalog);
        assert!(!draft.is_turned(knob, &catalog), "{knob:?}");
    }
    assert_eq!(draft, first);
}

/// What the session is told at the end of a frame.
fn told(state: &mut State) -> Option<SessionCommand> {
    flush(state).into_iter().find_map(|effect| match effect {
        Effect::Session(SessionCommand::SetSpec(_)) => None,
        Effect::Session(command) => Some(command),
        _ => None,
    })
}

#[test]
fn pause_step_and_run_reach_the_session() {
    let mut state = state();
    assert_eq!(told(&mut state), None, "it runs from the start");
    update(&mut state, Command::Live(LiveCommand::TogglePause));
    assert_eq!(told(&mut state), Some(SessionCommand::Pause));
    assert_eq!(live(&state).running, Running::Paused);
    let effects = update(&mut state, Command::Live(LiveCommand::Step));
    assert!(matches!(effects[..], [Effect::Session(SessionCommand::Step)]));
    assert_eq!(told(&mut state), None);
    update(&mut state, Command::Live(LiveCommand::TogglePause));
    assert_eq!(told(&mut state), Some(SessionCommand::Run));
}

#[test]
fn a_file_in_view_stops_the_run_behind_it_and_leaves_its_pause_alone() {
    let mut state = state();
    told(&mut state);
    state.shown = Shown::Nothing;
    assert_eq!(told(&mut state), Some(SessionCommand::Pause));
    assert_eq!(live(&state).running, Running::Run, "as asked");
    state.shown = Shown::Live;
    assert_eq!(told(&mut state), Some(SessionCommand::Run));
    update(&mut state, Command::Live(LiveCommand::TogglePause));
    assert_eq!(told(&mut state), Some(SessionCommand::Pause));
    state.shown = Shown::Nothing;
    assert_eq!(told(&mut state), None);
    state.shown = Shown::Live;
    assert_eq!(told(&mut state), None, "paused by the user");
}

#[test]
fn iterations_are_kept_browsed_and_repeats_make_room() {
    let mut state = state();
    let spec = catalog().default_spec().clone();
    let mut other = spec.clone();
    other.knobs.split = SplitChoice::Auto(Chooser::Half);
    tell(&mut state, iteration(&other, 0));
    assert_eq!(live(&state).status, Status::Ready);
    for number in 1..6 {
        tell(&mut state, iteration(&spec, number));
    }
    let kept: Vec<u64> = live(&state).history.iter().map(|kept| kept.number).collect();
    assert_eq!(kept, [0, 3, 4, 5], "repeats of one run do not push out what was tried before");
    update(&mut state, Command::Live(LiveCommand::Browse(-3)));
    assert_eq!(live(&state).shown().unwrap().number, 0);
    tell(&mut state, iteration(&spec, 6));
    assert_eq!(live(&state).shown().unwrap().number, 0, "what was gone back to stays");
    update(&mut state, Command::Live(LiveCommand::Follow));
    assert_eq!(live(&state).shown().unwrap().number, 6);
}

#[test]
fn another_run_leaves_a_ghost_of_the_one_before() {
    let mut state = state();
    let spec = catalog().default_spec().clone();
    let mut other = spec.clone();
    other.knobs.attn_ctas = Some(16);
    tell(&mut state, iteration(&spec, 0));
    tell(&mut state, iteration(&spec, 1));
    assert!(state.view().unwrap().ghost.is_none());
    tell(&mut state, iteration(&other, 2));
    assert!(state.view().unwrap().ghost.is_some());
}

#[test]
fn the_split_snaps_to_tile_rows() {
    let mut state = state();
    let spec = catalog().default_spec().clone();
    tell(&mut state, iteration(&spec, 0));
    let live = live(&state);
    for first in [0, 1, 63, 64, 200, 4095, 8191, 9000] {
        let snapped = live.snap(first);
        assert_eq!(snapped % 128, 0, "{first}");
        assert!((128..8192).contains(&snapped), "{first} → {snapped}");
        assert!(snapped.abs_diff(first.clamp(128, 8064)) <= 64, "{first} → {snapped}");
    }
}

/// Times of a curve are the live run's, whatever is in view: beside a recording the tab says so.
#[test]
fn a_curve_beside_a_recording_says_whose_it_is() {
    let says = |shown| {
        let mut state = state();
        let spec = catalog().default_spec().clone();
        tell(&mut state, iteration(&spec, 0));
        let document = Document::prepare(Arc::new(synthetic::trace(Shape::TINY)), "run");
        let document = Arc::new(document);
        let view = ViewState::new(&document.timeline);
        let (id, paths) = (DocumentId(1), vec!["/data/run.weft".into()]);
        let open = OpenDocument { id, paths, document, view, marks: MarkStore::Session };
        state.documents = vec![open];
        state.shown = shown;
        update(&mut state, Command::ShowBottom(BottomTab::Curve));
        let app = App::with_state(state, Arc::new(|| {}));
        let draw = |ui: &mut egui::Ui, app: &mut App| app.draw(ui);
        let mut window = Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app);
        window.run_steps(3);
        assert!(window.query_by_label_contains("Iteration time over").is_some());
        window.query_by_label_contains("Of the live run, not of the recording in view").is_some()
    };
    assert!(says(Shown::File(DocumentId(1))));
    assert!(!says(Shown::Live));
}

#[test]
fn a_curve_is_shown_while_it_runs_and_takes_only_its_own_points() {
    use weftscope::app::live::CurvePoint;
    use weftscope_profiler::sweep::{Setting, SweepAxis};
    let mut state = state();
    let effects = update(&mut state, Command::Live(LiveCommand::RunCurve(SweepAxis::Split)));
    let [Effect::Curve(_, _, of, axis)] = &effects[..] else { panic!("a curve is run") };
    assert_eq!(state.settings.layout.bottom_tab, BottomTab::Curve);
    let point = |x, time_ns| Ok(CurvePoint { at: Setting::cut(x), time_ns });
    for (x, time_ns) in [(256, 9), (128, 10)] {
        let point = point(x, time_ns);
        tell(&mut state, LiveEvent::CurvePoint { of: Arc::clone(of), axis: *axis, point });
    }
    let mut other = (**of).clone();
    other.knobs.seed += 1;
    let stale = LiveEvent::CurvePoint { of: Arc::new(other), axis: *axis, point: point(512, 1) };
    tell(&mut state, stale);
    let xs: Vec<u32> =
        live(&state).curve.points.iter().map(|point| point.at.first_tokens.unwrap()).collect();
    assert_eq!(xs, [128, 256]);
    update(&mut state, Command::Live(LiveCommand::GoToPoint(Setting::cut(256))));
    assert_eq!(live(&state).draft.spec.knobs.split, SplitChoice::Fixed(256));
    // A point of a larger batch is no cut of a smaller one.
    turn(&mut state, KnobEdit::Tokens(128));
    update(&mut state, Command::Live(LiveCommand::GoToPoint(Setting::cut(256))));
    assert_eq!(live(&state).draft.spec.knobs.split, SplitChoice::Fixed(127));
    let both = Setting::ctas(4, 6);
    update(&mut state, Command::Live(LiveCommand::GoToPoint(both)));
    let knobs = &live(&state).draft.spec.knobs;
    assert_eq!((knobs.attn_ctas, knobs.mlp_ctas), (Some(4), Some(6)));
}
