//! What stands beside predicted times, and beside no measured one.

use std::sync::Arc;

use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use weftscope::app::{
    App, Command, Document, Event, State, apply,
    live::{CurvePoint, KeptIteration, LiveCommand, LiveEvent, Receipt, SplitMarks},
    update,
};
use weftscope_engine::{
    batch::Batch,
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    machine::builtin,
    observer::Observer,
    plan::{Plan, plan},
    sim::Simulator,
    spec::{Knobs, RunSpec},
};
use weftscope_profiler::{
    record::record,
    sweep::{Setting, SweepAxis},
};
use weftscope_traces::Trace;

use super::live::{catalog, state, tell};

/// A small run on this machine.
fn spec_on(machine: &str) -> RunSpec {
    let mut spec = catalog().default_spec().clone();
    spec.machine = builtin(machine).unwrap();
    spec.batch = Batch::prefill(1024, 1024);
    spec.knobs.layers = Some(1);
    spec
}

fn recorded(spec: &RunSpec) -> Trace {
    record(&mut Simulator::new(&spec.machine), spec, 1, &mut |_| true).unwrap()
}

/// A simulator in the place of GPUs.
struct Posing(Simulator);

impl Executor for Posing {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        self.0.run(plan, iteration, observer)
    }

    fn provenance(&self) -> ExecutorInfo {
        ExecutorInfo { measured: true, ..self.0.provenance() }
    }
}

/// The live run with this iteration in view.
fn state_with(spec: &RunSpec, trace: Trace) -> State {
    let mut state = state();
    let kept = KeptIteration {
        session: 0,
        number: 0,
        plan: Arc::new(plan(spec).unwrap()),
        marks: SplitMarks::of(spec),
        duration_ns: trace.span().len_ns(),
        alone_compute_ns: 0,
        document: Arc::new(Document::prepare(Arc::new(trace), "test")),
    };
    tell(&mut state, LiveEvent::Iteration(Arc::new(kept), Receipt::default()));
    state
}

/// Signs of doubt in the window, each once for every place.
fn signs(state: State) -> Vec<String> {
    let app = App::with_state(state, Arc::new(|| {}));
    let draw = |ui: &mut egui::Ui, app: &mut App| app.draw(ui);
    let mut window = Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app);
    window.run_steps(3);
    let labels = window.query_all_by_label_contains("± ");
    labels.filter_map(|node| node.accesskit_node().label().or_else(|| node.value())).collect()
}

#[test]
fn predicted_times_say_how_far_they_may_be_off_and_measured_ones_nothing() {
    let known = spec_on("h100x8");
    let error = known.machine.expected_error.as_ref().unwrap().layer_pct;
    let sign = format!("± {error:.1} %");
    let found = signs(state_with(&known, recorded(&known)));
    assert!(found.contains(&sign), "{found:?}");
    let baselines =
        found.iter().any(|text| text.starts_with("All modelled") && text.contains(&sign));
    assert!(baselines, "{found:?}");
    let unknown = spec_on("h200x8");
    assert_eq!(unknown.machine.expected_error, None);
    let found = signs(state_with(&unknown, recorded(&unknown)));
    assert!(found.contains(&"± ?".to_owned()), "{found:?}");
    let mut gpus = Posing(Simulator::new(&known.machine));
    let measured = record(&mut gpus, &known, 1, &mut |_| true).unwrap();
    assert_eq!(measured.meta.runs[0].expected_error, None);
    let found = signs(state_with(&known, measured));
    assert!(!found.contains(&sign), "{found:?}");
}

/// The recording of a simulated run knows its error wherever it is opened.
#[test]
fn a_recording_takes_the_error_along() {
    let spec = spec_on("h100x4");
    let trace = recorded(&RunSpec { knobs: Knobs { tp: 4, ..spec.knobs.clone() }, ..spec });
    let doubt = trace.meta.doubt().unwrap();
    assert_eq!(
        doubt.0.unwrap().percent,
        builtin("h100x4").unwrap().expected_error.unwrap().layer_pct
    );
}

#[test]
fn a_curve_of_predicted_times_says_what_its_band_is() {
    let spec = spec_on("h100x8");
    let mut state = state_with(&spec, recorded(&spec));
    update(&mut state, Command::Live(LiveCommand::RunCurve(SweepAxis::Split)));
    let of = state.live.as_ref().unwrap().curve.spec.clone().unwrap();
    for (x, time_ns) in [(256, 1_000_000), (512, 900_000), (768, 1_100_000)] {
        let point = Ok(CurvePoint { at: Setting::cut(x), time_ns });
        let event = LiveEvent::CurvePoint { of: Arc::clone(&of), axis: SweepAxis::Split, point };
        apply(&mut state, Event::Live(Box::new(event)));
    }
    let before = signs(state_with(&spec, recorded(&spec))).len();
    assert_eq!(signs(state).len(), before + 1);
}
