//! Calibrating this computer's GPUs from the machine panel; the GPUs are made up, and what they come to is too.

use std::sync::Arc;

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{
        App, Command, Effect, Event, JobResult, State, apply,
        live::{Backend, Catalog, Draft, KnobEdit, Live, LiveCommand, LiveEvent, flush},
        update,
    },
    here::{Calibrated, Here, Refused},
    jobs::JobId,
};
use weftscope_engine::{
    command::Command as SessionCommand,
    cuda::{ComputeMode, GpuInfo, Gpus, machine_of},
    machine::{self, ExpectedError, HERE, MODEL_VERSION, Machine},
};

use super::live::state;

/// GPUs that are not there.
pub(super) fn two_gpus() -> Arc<Gpus> {
    let gpu = |index| GpuInfo {
        index,
        name: "NVIDIA H200".to_owned(),
        compute_capability: (9, 0),
        sms: 132,
        memory_bytes: 141_000_000_000,
        peers: vec![true, true],
        multicast: false,
        compute_mode: ComputeMode::Shared,
        pci_address: String::new(),
    };
    Arc::new(Gpus { driver: (13, 0), gpus: vec![gpu(0), gpu(1)] })
}

/// What a calibration of them might come to.
fn calibrated() -> Machine {
    let on = "2026-11-29".to_owned();
    let mut machine = machine_of(&two_gpus());
    machine.host.kernel_gap_ns = 1234.0;
    machine.expected_error = Some(ExpectedError::new(0.035, 0.08, 15, false, "runs".to_owned()));
    machine.calibrated = Some(machine::Calibrated { on, model_version: MODEL_VERSION });
    machine
}

/// The live run on these GPUs, a first picture of which has come.
pub(super) fn on_gpus(here: Here) -> State {
    let mut state = state();
    apply(&mut state, Event::Live(Box::new(LiveEvent::Gpus(two_gpus(), Box::new(here)))));
    update(&mut state, Command::Live(LiveCommand::Turn(KnobEdit::Machine(HERE.to_owned()))));
    flush(&mut state);
    state.live.as_mut().unwrap().asked_s = None;
    assert!(matches!(flush(&mut state)[..], [Effect::Baselines(..)]));
    state
}

pub(super) fn uncalibrated() -> Here {
    Here { machine: machine_of(&two_gpus()), refused: None }
}

fn live(state: &State) -> &Live {
    state.live.as_ref().unwrap()
}

fn begin(state: &mut State) -> JobId {
    let effects = update(state, Command::Live(LiveCommand::Calibrate));
    let [Effect::Calibrate(job, backend)] = &effects[..] else { panic!("it begins") };
    assert!(matches!(backend, Backend::Gpus(found, _) if *found == two_gpus()));
    job.id
}

fn pauses(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Session(SessionCommand::Pause)])
}

#[test]
fn the_run_on_gpus_waits_and_then_has_the_new_constants() {
    let mut state = on_gpus(uncalibrated());
    let id = begin(&mut state);
    assert!(pauses(&flush(&mut state)), "the run waits");
    assert!(update(&mut state, Command::Live(LiveCommand::Calibrate)).is_empty(), "once at a time");
    assert!(flush(&mut state).is_empty(), "no baselines meanwhile");
    let kept = Ok("/cache/machines/nvidia-h200-x2.json".into());
    let result = JobResult::Calibrated(Box::new(Calibrated { machine: calibrated(), kept }));
    apply(&mut state, Event::JobDone { id, result });
    assert_eq!(live(&state).draft.spec.machine, calibrated());
    assert_eq!(live(&state).catalog.host(HERE).unwrap().machine, calibrated());
    let effects = flush(&mut state);
    let [Effect::Session(SessionCommand::SetSpec(spec)), Effect::Session(SessionCommand::Run)] =
        &effects[..]
    else {
        panic!("the run goes on with them")
    };
    assert_eq!(spec.machine, calibrated());
    state.live.as_mut().unwrap().asked_s = None;
    let effects = flush(&mut state);
    let [Effect::Baselines(_, _, of)] = &effects[..] else { panic!("and the baselines anew") };
    assert_eq!(of.machine, calibrated());
    let notice = state.notices.iter().last().unwrap();
    assert!(notice.text.contains("± 3.5 %") && notice.text.contains("nvidia-h200-x2.json"));
}

#[test]
fn a_cancelled_calibration_changes_nothing() {
    let mut state = on_gpus(uncalibrated());
    let id = begin(&mut state);
    assert!(pauses(&flush(&mut state)));
    update(&mut state, Command::CancelJob(id));
    apply(&mut state, Event::JobDone { id, result: JobResult::Cancelled });
    assert_eq!(live(&state).draft.spec.machine, uncalibrated().machine);
    let effects = flush(&mut state);
    let [Effect::Session(SessionCommand::Run), Effect::Baselines(..)] = &effects[..] else {
        panic!("run and baselines go on")
    };
}

/// A simulated run has nothing to wait for, and a machine without GPUs nothing to measure.
#[test]
fn what_is_simulated_goes_on() {
    let catalog = Catalog::builtin().unwrap();
    let mut none = State::default();
    none.live = Some(Live::new(catalog.clone(), Draft::new(catalog.default_spec().clone())));
    assert!(update(&mut none, Command::Live(LiveCommand::Calibrate)).is_empty());
    let mut state = on_gpus(uncalibrated());
    update(&mut state, Command::Live(LiveCommand::Turn(KnobEdit::Machine("h200x2".to_owned()))));
    flush(&mut state);
    begin(&mut state);
    assert!(!flush(&mut state).iter().any(|effect| pauses(std::slice::from_ref(effect))));
}

/// What the machine panel says and offers.
#[test]
fn the_offer_is_there_until_it_is_taken() {
    const OFFER: &str = "Calibrate (about a minute)";
    let window = |state: State| {
        let app = App::with_state(state, Arc::new(|| {}));
        let draw = |ui: &mut egui::Ui, app: &mut App| app.draw(ui);
        let mut window = Harness::builder().with_size([1024.0, 900.0]).build_ui_state(draw, app);
        window.run_steps(3);
        window
    };
    let offered = window(on_gpus(uncalibrated()));
    offered.get_by_label(OFFER);
    offered.get_by_label("not calibrated: constants of h200x2");
    let known = window(on_gpus(Here { machine: calibrated(), refused: None }));
    assert!(known.query_by_label(OFFER).is_none());
    known.get_by_label("calibrated 2026-11-29, ± 3.5 %");
    let path = "/cache/machines/nvidia-h200-x2.json".into();
    let refused = Some(Refused { path, why: "it is damaged".to_owned() });
    let damaged = window(on_gpus(Here { refused, ..uncalibrated() }));
    damaged.get_by_label(OFFER);
    damaged.get_by_label_contains("nvidia-h200-x2.json is not used: it is damaged");
    let mut state = on_gpus(uncalibrated());
    begin(&mut state);
    let measuring = window(state);
    assert!(measuring.query_by_label(OFFER).is_none());
    measuring.get_by_label("Measuring; the live run waits.");
}
