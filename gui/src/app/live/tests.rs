//! GPUs as the window sees them, made up.

use std::sync::Arc;

use weftscope_engine::{
    cuda::{ComputeMode, GpuInfo, Gpus},
    spec::{StrategyKind, Transport},
};

use super::{
    Backend, Catalog, Draft, KnobEdit, Live, LiveCommand, LiveEvent, Status, apply_live, flush,
    update_live,
};
use crate::app::{Effect, Shown, State};

fn two_gpus() -> Arc<Gpus> {
    let gpu = |index| GpuInfo {
        index,
        name: "NVIDIA H200".to_owned(),
        compute_capability: (9, 0),
        sms: 132,
        memory_bytes: 141_000_000_000,
        peers: vec![true, true],
        multicast: true,
        compute_mode: ComputeMode::Shared,
        pci_address: String::new(),
    };
    Arc::new(Gpus { driver: (13, 0), gpus: vec![gpu(0), gpu(1)] })
}

/// A window that has run on the simulator and has just heard of two GPUs.
fn state() -> State {
    let catalog = Catalog::builtin().unwrap();
    let draft = Draft::new(catalog.default_spec().clone());
    let mut state = State::default();
    state.shown = Shown::Live;
    state.live = Some(Live::new(catalog, draft));
    flush(&mut state);
    apply_live(&mut state, LiveEvent::Gpus(two_gpus()));
    state
}

fn live(state: &State) -> &Live {
    state.live.as_ref().unwrap()
}

/// Picks a machine; gives the backend of the session that starts for it.
fn pick(state: &mut State, name: &str) -> Backend {
    update_live(state, LiveCommand::Turn(KnobEdit::Machine(name.to_owned())));
    let effects = flush(state);
    let [Effect::Restart(backend, ..), Effect::Baselines(_, baselines_on, _)] = &effects[..] else {
        panic!("a new session and its baselines");
    };
    assert_eq!(backend, baselines_on);
    backend.clone()
}

#[test]
fn real_gpus_come_first_and_run_for_real() {
    let mut state = state();
    let first = &live(&state).catalog.hosts()[0];
    assert_eq!(first.machine.title, "2 × NVIDIA H200 (this machine)");
    assert_eq!(live(&state).backend, Backend::Simulated, "they are not chosen yet");
    assert!(flush(&mut state).is_empty());
    assert_eq!(pick(&mut state, "here"), Backend::Gpus(two_gpus()));
    let spec = &live(&state).draft.spec;
    assert_eq!((spec.knobs.tp, spec.knobs.transport), (2, Transport::P2p));
    // Another knob goes to the same session.
    update_live(&mut state, LiveCommand::Turn(KnobEdit::Layers(Some(3))));
    assert!(matches!(flush(&mut state)[..], [Effect::Session(_), Effect::Baselines(..)]));
    assert_eq!(pick(&mut state, "h200x2"), Backend::Simulated);
    // Looking again does not list them twice.
    apply_live(&mut state, LiveEvent::Gpus(two_gpus()));
    let hosts = live(&state).catalog.hosts().iter();
    assert_eq!(hosts.filter(|host| host.backend != Backend::Simulated).count(), 1);
}

#[test]
fn what_gpus_refuse_is_known_before_it_is_chosen() {
    let mut state = state();
    let model = KnobEdit::Model("qwen3-235b-a22b".to_owned());
    assert_eq!(live(&state).refusals.why(&model), None, "the simulator runs it");
    pick(&mut state, "here");
    let refusals = &live(&state).refusals;
    assert!(refusals.why(&model).unwrap().contains("mixture of experts"));
    assert_eq!(refusals.draft(), None);
    assert_eq!(refusals.why(&KnobEdit::Strategy(StrategyKind::TokenWeave)), None);
    update_live(&mut state, LiveCommand::Turn(model));
    flush(&mut state);
    let why = live(&state).refusals.draft().unwrap().to_owned();
    let session = live(&state).session.index;
    apply_live(&mut state, LiveEvent::Refused { session, cause: why, fatal: false });
    assert!(matches!(live(&state).status, Status::Refused(_)));
    assert!(flush(&mut state).is_empty(), "turning back is left to the user");
}

#[test]
fn gpus_that_fail_leave_a_notice_and_the_simulator() {
    for fatal in [true, false] {
        let mut state = state();
        pick(&mut state, "here");
        let session = live(&state).session.index;
        let refused =
            |session| LiveEvent::Refused { session, cause: "libnvrtc not found".to_owned(), fatal };
        apply_live(&mut state, refused(session - 1));
        assert_eq!(live(&state).status, Status::Starting, "news of the session before");
        apply_live(&mut state, refused(session));
        let notice = state.notices.iter().next().unwrap();
        assert!(notice.text.ends_with("the simulator goes on: libnvrtc not found"), "{notice:?}");
        let effects = flush(&mut state);
        assert!(
            matches!(&effects[0], Effect::Restart(Backend::Simulated, id, _) if id.index == session + 1)
        );
        assert_eq!(live(&state).draft.spec.machine.name, "h100x8");
    }
}

#[test]
fn a_turn_is_timed_to_its_picture() {
    let mut state = state();
    state.now_s = 10.0;
    update_live(&mut state, LiveCommand::Turn(KnobEdit::Layers(Some(1))));
    flush(&mut state);
    let mut iteration = |number, spec: &weftscope_engine::spec::RunSpec, now_s| {
        let mut simulator = weftscope_engine::sim::Simulator::new(&spec.machine);
        let record = weftscope_profiler::record::record;
        let trace = record(&mut simulator, spec, 1, &mut |_| true).unwrap();
        let iteration = super::KeptIteration {
            session: 0,
            number,
            plan: Arc::new(weftscope_engine::plan::plan(spec).unwrap()),
            marks: super::SplitMarks::of(spec),
            duration_ns: trace.span().len_ns(),
            alone_compute_ns: 0,
            document: Arc::new(crate::app::Document::prepare(Arc::new(trace), "test")),
        };
        state.now_s = now_s;
        apply_live(&mut state, LiveEvent::Iteration(Arc::new(iteration)));
        live(&state).answer_s
    };
    let asked = {
        let mut spec = Catalog::builtin().unwrap().default_spec().clone();
        spec.knobs.layers = Some(1);
        spec
    };
    let mut before = asked.clone();
    before.knobs.seed = 7;
    assert_eq!(iteration(0, &before, 10.1), None, "it was asked for before");
    assert_eq!(iteration(1, &asked, 10.25), Some(0.25));
    assert_eq!(iteration(2, &asked, 10.75), Some(0.25), "a repeat answers nothing");
}
