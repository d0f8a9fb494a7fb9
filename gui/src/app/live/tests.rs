//! GPUs as the window sees them, made up.

use std::sync::Arc;

use weftscope_engine::{
    command::Command as SessionCommand,
    cuda::{ComputeMode, GpuInfo, Gpus, machine_of},
    machine,
    model::{self, ModelShape},
    spec::{StrategyKind, Transport},
};

use super::{
    Backend, Catalog, Draft, GpuRun, KnobEdit, Live, LiveCommand, LiveEvent, Status, apply_live,
    flush, update_live,
};
use crate::{
    app::{Effect, Shown, State},
    here::Here,
};

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

/// Nobody has calibrated them.
fn gpus_event() -> LiveEvent {
    let here = Here::within(None, machine_of(&two_gpus()));
    LiveEvent::Gpus(two_gpus(), Box::new(here))
}

/// A window that has run on the simulator and has just heard of two GPUs.
fn state() -> State {
    state_of(Catalog::builtin().unwrap())
}

fn state_of(catalog: Catalog) -> State {
    let draft = Draft::new(catalog.default_spec().clone());
    let mut state = State::default();
    state.shown = Shown::Live;
    state.live = Some(Live::new(catalog, draft));
    flush(&mut state);
    apply_live(&mut state, gpus_event());
    state
}

fn live(state: &State) -> &Live {
    state.live.as_ref().unwrap()
}

/// Picks a machine; gives the backend of the session that starts for it.
fn pick(state: &mut State, name: &str) -> Backend {
    update_live(state, LiveCommand::Turn(KnobEdit::Machine(name.to_owned())));
    let effects = flush(state);
    let [Effect::Restart(backend, ..)] = &effects[..] else { panic!("a new session alone") };
    assert_eq!(&baselines_once_answered(state), backend);
    backend.clone()
}

/// Where the baselines run that begin when the picture has come, and not before.
fn baselines_once_answered(state: &mut State) -> Backend {
    assert!(flush(state).is_empty(), "no picture, no baselines");
    state.live.as_mut().unwrap().asked_s = None;
    let effects = flush(state);
    let [Effect::Baselines(_, backend, _)] = &effects[..] else { panic!("the baselines") };
    assert!(flush(state).is_empty(), "once");
    backend.clone()
}

#[test]
fn real_gpus_come_first_and_run_for_real() {
    let mut state = state();
    let first = &live(&state).catalog.hosts()[0];
    assert_eq!(first.machine.title, "2 × NVIDIA H200");
    assert_eq!(live(&state).backend, Backend::Simulated, "they are not chosen yet");
    assert!(flush(&mut state).is_empty());
    assert_eq!(pick(&mut state, "here"), Backend::Gpus(two_gpus(), GpuRun::default()));
    let spec = &live(&state).draft.spec;
    assert_eq!((spec.knobs.tp, spec.knobs.transport), (2, Transport::P2p));
    // Another knob goes to the same session.
    update_live(&mut state, LiveCommand::Turn(KnobEdit::Layers(Some(3))));
    assert!(matches!(flush(&mut state)[..], [Effect::Session(_)]));
    assert_eq!(baselines_once_answered(&mut state), Backend::Gpus(two_gpus(), GpuRun::default()));
    assert_eq!(pick(&mut state, "h200x2"), Backend::Simulated);
    // Looking again does not list them twice.
    apply_live(&mut state, gpus_event());
    let hosts = live(&state).catalog.hosts().iter();
    assert_eq!(hosts.filter(|host| host.backend != Backend::Simulated).count(), 1);
}

#[test]
fn what_gpus_refuse_is_known_before_it_is_chosen() {
    let llama = model::builtin("llama-3.3-70b").unwrap();
    let odd_heads = ModelShape { name: "odd-heads".to_owned(), head_dim: 80, ..llama.clone() };
    let catalog = Catalog::new(
        vec![llama, odd_heads],
        machine::names().filter_map(machine::builtin).collect(),
    );
    let mut state = state_of(catalog.unwrap());
    let model = KnobEdit::Model("odd-heads".to_owned());
    assert_eq!(live(&state).refusals.why(&model), None, "the simulator runs it");
    pick(&mut state, "here");
    let refusals = &live(&state).refusals;
    assert!(refusals.why(&model).unwrap().contains("head size 80"));
    assert_eq!(refusals.draft(), None);
    assert_eq!(refusals.why(&KnobEdit::Strategy(StrategyKind::TokenWeave)), None);
    update_live(&mut state, LiveCommand::Turn(model));
    flush(&mut state);
    let why = live(&state).refusals.draft().unwrap().to_owned();
    let session = live(&state).session.index;
    apply_live(&mut state, LiveEvent::Refused { session, cause: why });
    assert!(matches!(live(&state).status, Status::Refused(_)));
    let effects = flush(&mut state);
    assert!(matches!(effects[..], [Effect::Baselines(..)]), "turning back is left to the user");
}

#[test]
fn gpus_that_fail_keep_the_machine_and_are_tried_again() {
    let mut state = state();
    pick(&mut state, "here");
    let session = live(&state).session.index;
    let broke = |session, retry_s: Option<u64>| LiveEvent::Broke {
        session,
        cause: "barrier timed out".to_owned(),
        retry_in: retry_s.map(std::time::Duration::from_secs),
    };
    apply_live(&mut state, broke(session - 1, Some(1)));
    assert_eq!(live(&state).status, Status::Starting, "news of the session before");
    state.now_s = 5.0;
    for (wait_s, notices) in [(Some(1), 1), (Some(2), 1), (None, 2)] {
        apply_live(&mut state, broke(session, wait_s));
        let retry_at_s = wait_s.map(|wait_s| 5.0 + wait_s as f64);
        let cause = "barrier timed out".to_owned();
        assert_eq!(live(&state).status, Status::Broke { cause, retry_at_s });
        assert_eq!(state.notices.iter().count(), notices, "the first and the last are said aloud");
        assert!(flush(&mut state).is_empty(), "machine and knobs stay");
    }
    assert_eq!(live(&state).backend, Backend::Gpus(two_gpus(), GpuRun::default()));
    let effects = update_live(&mut state, LiveCommand::Retry);
    assert!(matches!(effects[..], [Effect::Session(SessionCommand::Run)]));
    assert_eq!(live(&state).status, Status::Starting);
}

#[test]
fn how_gpus_run_starts_a_session_and_only_weights_and_launching_change_the_baselines() {
    let mut state = state();
    pick(&mut state, "here");
    let other = GpuRun { iterations: 4, seen: super::Seen::Stamps, ..GpuRun::default() };
    update_live(&mut state, LiveCommand::RunOnGpus(other.clone()));
    let effects = flush(&mut state);
    let [Effect::Restart(backend, ..)] = &effects[..] else { panic!("a new session") };
    assert_eq!(backend, &Backend::Gpus(two_gpus(), other.clone()));
    state.live.as_mut().unwrap().asked_s = None;
    assert!(flush(&mut state).is_empty(), "the baselines stand");
    let one_by_one = GpuRun { launch: super::Launch::OneByOne, ..other };
    update_live(&mut state, LiveCommand::RunOnGpus(one_by_one.clone()));
    assert!(matches!(flush(&mut state)[..], [Effect::Restart(..)]));
    assert_eq!(baselines_once_answered(&mut state), Backend::Gpus(two_gpus(), one_by_one.clone()));
    let loaded = GpuRun { weights: Some("llama".into()), ..one_by_one };
    update_live(&mut state, LiveCommand::RunOnGpus(loaded.clone()));
    assert!(matches!(flush(&mut state)[..], [Effect::Restart(..)]));
    assert_eq!(baselines_once_answered(&mut state), Backend::Gpus(two_gpus(), loaded));
    pick(&mut state, "h200x2");
    update_live(&mut state, LiveCommand::RunOnGpus(GpuRun::default()));
    assert!(flush(&mut state).is_empty(), "a simulated run has none of this");
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
        apply_live(
            &mut state,
            LiveEvent::Iteration(Arc::new(iteration), super::Receipt::default()),
        );
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
