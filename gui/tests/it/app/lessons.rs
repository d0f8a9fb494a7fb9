//! Lessons in the window: played by mouse and by keys alone, and everything as before afterwards.

use std::sync::Arc;

use egui::Key;
use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{
        App, Command, CompareCommand, Document, OpenDocument, PanelId, Shown, State,
        lessons::{LessonCommand, Stage},
        live::{Draft, KeptIteration, KnobEdit, LiveCommand, LiveEvent, Receipt, SplitMarks},
        update,
    },
    lessons::{BEFORE, Guess, Lesson, Predict, lessons},
    timeline::{FoldId, SignOf},
};
use weftscope_engine::{plan::plan, random::Random, sim::Simulator, spec::RunSpec};
use weftscope_profiler::record::record;
use weftscope_traces::{Label, Span};

use super::{
    live::{state, tell},
    panels::send,
    texts::region,
};
use crate::common::settle::settle;

fn window_of(state: State) -> Harness<'static, App> {
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::with_state(state, Arc::new(|| {}));
    Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
}

fn lesson(window: &mut Harness<'static, App>, command: LessonCommand) {
    send(window, Command::Lesson(command));
}

fn draft<'a>(window: &'a Harness<'static, App>) -> &'a Draft {
    &window.state().state().live.as_ref().unwrap().draft
}

fn stage(window: &Harness<'static, App>) -> (usize, Stage) {
    let playing = window.state().state().lessons.playing.as_ref().unwrap();
    (playing.step, playing.stage)
}

fn click(window: &mut Harness<'static, App>, label: &str) {
    window.get_by_label(label).click();
    window.run_steps(4);
}

fn press(window: &mut Harness<'static, App>, key: Key) {
    window.key_press(key);
    window.run_steps(4);
}

fn number_of(at: usize) -> Arc<Lesson> {
    Arc::clone(lessons().find(|lesson| lesson.number == at).unwrap())
}

/// Says what a guess says.
fn predict(window: &mut Harness<'static, App>, guess: &Guess, predict: &Predict) {
    match (guess, predict) {
        (Guess::Number(value), Predict::Number { asked, unit, .. }) => {
            let scale = asked.scale(*unit).unwrap();
            lesson(window, LessonCommand::Type(format!("{}", value.number / scale)));
        }
        (Guess::Choice(at), _) => lesson(window, LessonCommand::Choose(*at)),
        (Guess::Order(order), _) => {
            for (to, wanted) in order.iter().enumerate() {
                let playing = window.state().state().lessons.playing.as_ref().unwrap();
                let at = playing.draft.order.iter().position(|run| run == wanted).unwrap();
                for at in (to + 1..=at).rev() {
                    lesson(window, LessonCommand::Move { at, by: -1 });
                }
            }
        }
        (Guess::Setting(spec), _) => {
            let cut = KnobEdit::Split(spec.knobs.split);
            send(window, Command::Live(LiveCommand::Turn(cut)));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lesson_is_played_by_mouse_and_leaves_everything_as_it_was() {
    let mut window = window_of(state());
    send(&mut window, Command::Live(LiveCommand::Turn(KnobEdit::Layers(Some(3)))));
    let before = draft(&window).clone();
    click(&mut window, "Learn");
    insta::assert_snapshot!("lessons", region(&window, "Lessons"));
    click(&mut window, "Lesson 1: Waves and the tail, 8 min");
    settle(&mut window);
    let spec = &draft(&window).spec;
    assert_eq!((spec.knobs.layers, spec.batch.tokens()), (Some(1), 8192), "as the lesson begins");
    assert!(!window.state().state().settings.layout.is_open(PanelId::Why), "no answer in sight");
    insta::assert_snapshot!("lesson_predict", region(&window, "Lessons"));
    click(&mut window, "Hint");
    click(&mut window, "Hint");
    lesson(&mut window, LessonCommand::Type("13".to_owned()));
    insta::assert_snapshot!("lesson_hints", region(&window, "Lessons"));
    click(&mut window, "Answer");
    insta::assert_snapshot!("lesson_try", region(&window, "Lessons"));
    click(&mut window, "Look");
    insta::assert_snapshot!("lesson_why", region(&window, "Lessons"));
    click(&mut window, "Predict again");
    assert_eq!(stage(&window), (0, Stage::Predict));
    lesson(&mut window, LessonCommand::Type("14".to_owned()));
    click(&mut window, "Answer");
    settle(&mut window);
    click(&mut window, "Look");
    assert_eq!(window.state().state().settings.lessons.of("waves"), [true]);
    click(&mut window, "Next step");
    assert_eq!((stage(&window), draft(&window).spec.batch.tokens()), ((1, Stage::Predict), 896));
    click(&mut window, "Leave");
    assert_eq!(draft(&window), &before);
    assert!(window.state().state().settings.layout.is_open(PanelId::Why));
    // It goes on where it was left, and begins anew when that is asked for.
    click(&mut window, "Lesson 1: Waves and the tail, 1 of 3 steps");
    assert_eq!(stage(&window), (1, Stage::Predict));
    click(&mut window, "Restart");
    assert_eq!(stage(&window), (0, Stage::Predict));
    assert!(window.state().state().settings.lessons.of("waves").is_empty());
    click(&mut window, "Leave");
    assert_eq!(draft(&window), &before);
}

/// What a step only looks at is brought near, and let go of with the next step.
#[test]
fn looking_brings_the_op_near() {
    let mut state = state();
    update(&mut state, Command::Lesson(LessonCommand::Start(1)));
    let spec = number_of(1).steps[0].run(BEFORE).unwrap().clone();
    tell(&mut state, iteration(&spec));
    let mut window = window_of(state);
    lesson(&mut window, LessonCommand::Type("14".to_owned()));
    lesson(&mut window, LessonCommand::Answer);
    let sight = |window: &Harness<'static, App>| {
        let state = window.state().state();
        let (view, trace) = (state.view().unwrap(), &state.document().unwrap().trace);
        let is_it = |label: &Label| label.name == "gate_up";
        let spans = trace.lanes.iter().flat_map(|lane| {
            let slices = &lane.slices;
            let its = (0..slices.len()).filter(|&at| is_it(trace.label(slices.label[at])));
            its.map(|at| slices.span(at))
        });
        let start_ns = spans.clone().map(|span| span.start_ns).min().unwrap();
        let end_ns = spans.map(|span| span.end_ns).max().unwrap();
        (view.window, Span::new(start_ns, end_ns), view.is_open(FoldId::Sms(0)))
    };
    let (before, _, _) = sight(&window);
    click(&mut window, "Look");
    let (near, op, sms) = sight(&window);
    assert!(near.start_ns < op.start_ns && op.end_ns < near.end_ns, "{near:?} shows {op:?}");
    assert!(near.len_ns() < before.len_ns() / 2 && sms, "{near:?} of {before:?}, SMs {sms}");
    click(&mut window, "Next step");
    settle(&mut window);
    let (again, op, sms) = sight(&window);
    assert!(again.len_ns() > 3 * op.len_ns() && !sms, "{again:?} around {op:?}, SMs {sms}");
}

/// Where frames are slow, a number and Enter come in one.
#[test]
fn what_is_typed_and_entered_in_one_frame_counts() {
    let mut window = window_of(state());
    lesson(&mut window, LessonCommand::Start(3));
    settle(&mut window);
    let enter = |text: &str| {
        let key = egui::Event::Key {
            key: Key::Enter,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: egui::Modifiers::NONE,
        };
        [egui::Event::Text(text.to_owned()), key]
    };
    window.input_mut().events.extend(enter("70"));
    window.run_steps(3);
    assert_eq!(stage(&window), (0, Stage::Try));
    lesson(&mut window, LessonCommand::Restart);
    settle(&mut window);
    window.input_mut().events.extend(enter("seventy"));
    window.run_steps(3);
    assert_eq!(stage(&window), (0, Stage::Predict), "that is no number");
}

#[test]
fn keys_alone_are_enough() {
    let mut window = window_of(state());
    lesson(&mut window, LessonCommand::Start(3));
    settle(&mut window);
    // The field has the focus when a number is asked for.
    window.event(egui::Event::Text("70".to_owned()));
    window.run_steps(2);
    press(&mut window, Key::Enter);
    assert_eq!(stage(&window), (0, Stage::Try));
    press(&mut window, Key::Enter);
    settle(&mut window);
    assert_eq!(stage(&window), (0, Stage::Why));
    press(&mut window, Key::Enter);
    assert_eq!(stage(&window), (1, Stage::Predict));
    press(&mut window, Key::Enter);
    assert_eq!(stage(&window), (1, Stage::Predict), "nothing is chosen");
    settle(&mut window);
    for key in [Key::Num1, Key::Num3, Key::Enter, Key::Enter, Key::Enter] {
        press(&mut window, key);
        settle(&mut window);
    }
    assert_eq!(stage(&window), (2, Stage::Predict));
    for key in [Key::Num2, Key::Enter, Key::Enter, Key::Enter] {
        press(&mut window, key);
        settle(&mut window);
    }
    assert_eq!(stage(&window).1, Stage::Done);
    assert_eq!(window.state().state().settings.lessons.of("overlap"), [true, true, true]);
    press(&mut window, Key::Enter);
    let playing = window.state().state().lessons.playing.as_ref().unwrap();
    assert_eq!(playing.lesson.number, 4, "and on to the next");
}

#[test]
fn rows_of_an_order_are_moved_by_arrows() {
    let mut window = window_of(state());
    lesson(&mut window, LessonCommand::Start(15));
    settle(&mut window);
    let order = |window: &Harness<'static, App>| {
        window.state().state().lessons.playing.as_ref().unwrap().draft.order.clone()
    };
    assert_eq!(order(&window), [0, 1, 2, 3, 4]);
    click(&mut window, "1. default");
    press(&mut window, Key::ArrowDown);
    assert_eq!(order(&window), [1, 0, 2, 3, 4]);
    press(&mut window, Key::ArrowDown);
    press(&mut window, Key::ArrowUp);
    assert_eq!(order(&window), [1, 0, 2, 3, 4], "the focus goes along with the row");
    click(&mut window, "Move default down");
    assert_eq!(order(&window), [1, 2, 0, 3, 4]);
}

/// A run as the session would hand it over.
fn iteration(spec: &RunSpec) -> LiveEvent {
    let trace = record(&mut Simulator::new(&spec.machine), spec, 1, &mut |_| true).unwrap();
    let kept = KeptIteration {
        session: 0,
        number: 0,
        plan: Arc::new(plan(spec).unwrap()),
        marks: SplitMarks::of(spec),
        duration_ns: trace.span().len_ns(),
        alone_compute_ns: 0,
        document: Arc::new(Document::prepare(Arc::new(trace), "test")),
    };
    LiveEvent::Iteration(Arc::new(kept), Receipt::default())
}

/// Lesson 4 asks for the tight phase: what is selected is what is pointed at, and both are drawn.
#[test]
fn a_point_on_the_timeline_is_drawn_beside_the_truth() {
    use weftscope::timeline::{Selection, ViewCommand};
    use weftscope_traces::Phase;
    let mut state = state();
    update(&mut state, Command::Lesson(LessonCommand::Start(4)));
    let spec = number_of(4).steps[0].run(BEFORE).unwrap().clone();
    tell(&mut state, iteration(&spec));
    assert_eq!(state.shown, Shown::Live);
    let document = Arc::clone(state.document().unwrap());
    let slice = |phase: Phase, layer: u32| {
        let trace = &document.trace;
        let streams = document.timeline.ranks[0].streams.iter();
        let lanes = streams.flat_map(|&track| trace.track(track).lanes.clone());
        let mut slices = lanes.flat_map(|lane| {
            let rows = trace.lane(lane).slices.len() as u32;
            (0..rows).map(move |index| weftscope_traces::SliceRef { lane, index })
        });
        let is_it = |slice: &weftscope_traces::SliceRef| {
            let label = trace.label_of(*slice);
            (label.phase, label.layer) == (phase, Some(layer))
        };
        slices.find(is_it).unwrap()
    };
    let mut window = window_of(state);
    settle(&mut window);
    for (phase, is_right) in [(Phase::C, false), (Phase::A, true)] {
        let place = Selection::Slice(slice(phase, 1));
        send(&mut window, Command::View(ViewCommand::GoTo(place)));
        click(&mut window, "Answer");
        settle(&mut window);
        click(&mut window, "Look");
        let playing = window.state().state().lessons.playing.as_ref().unwrap();
        assert_eq!(playing.is_right(), Some(is_right), "{phase:?}");
        let signs = &window.state().state().view().unwrap().signs;
        let of = |of| signs.iter().filter(|sign| sign.of == of).count();
        assert_eq!((of(SignOf::Guess), of(SignOf::Truth)), (1, 1));
        if !is_right {
            click(&mut window, "Predict again");
            assert!(window.state().state().view().unwrap().signs.is_empty());
            settle(&mut window);
        }
    }
    click(&mut window, "Leave");
    assert!(window.state().state().view().unwrap().signs.is_empty());
}

/// What was held, and iterations to go back to, are there again afterwards; the lesson's own are not.
#[test]
fn iterations_and_what_is_held_come_back() {
    let mut state = state();
    let spec = state.live.as_ref().unwrap().draft.spec.clone();
    tell(&mut state, super::live::iteration(&spec, 3));
    update(&mut state, Command::Compare(CompareCommand::Hold));
    let number = |state: &State| state.live.as_ref().unwrap().shown().unwrap().number;
    assert!(state.comparison.is_some() && number(&state) == 3);
    update(&mut state, Command::Lesson(LessonCommand::Start(4)));
    assert!(state.comparison.is_none());
    let of_lesson = number_of(4).steps[0].run(BEFORE).unwrap().clone();
    tell(&mut state, iteration(&of_lesson));
    assert_eq!(number(&state), 0);
    update(&mut state, Command::Lesson(LessonCommand::Leave));
    assert!(state.comparison.is_some() && number(&state) == 3);
    assert_eq!(state.live.as_ref().unwrap().draft.spec, spec);
    assert_eq!(state.live.as_ref().unwrap().history.len(), 1);
}

/// A sample that a lesson has opened goes with it; one that was open stays.
#[test]
fn a_recording_of_a_lesson_is_closed_with_it() {
    let mut window = window_of(state());
    lesson(&mut window, LessonCommand::Start(13));
    settle(&mut window);
    let names = |window: &Harness<'static, App>| {
        let documents = &window.state().state().documents;
        documents.iter().map(OpenDocument::name).collect::<Vec<_>>()
    };
    assert_eq!(names(&window), ["sample:h200x2-tokenweave"]);
    settle(&mut window);
    lesson(&mut window, LessonCommand::Type("16".to_owned()));
    lesson(&mut window, LessonCommand::Answer);
    lesson(&mut window, LessonCommand::Try);
    settle(&mut window);
    let playing = window.state().state().lessons.playing.as_ref().unwrap();
    assert_eq!(playing.is_right(), Some(true), "the measured share, not a simulated one");
    lesson(&mut window, LessonCommand::Leave);
    assert_eq!(names(&window), [] as [&str; 0]);
    assert_eq!(window.state().state().shown, Shown::Live);
    send(&mut window, Command::Open(vec!["sample:h200x2-tokenweave".into()]));
    settle(&mut window);
    lesson(&mut window, LessonCommand::Start(13));
    settle(&mut window);
    lesson(&mut window, LessonCommand::Leave);
    assert_eq!(names(&window), ["sample:h200x2-tokenweave"]);
}

/// Whatever is asked for in whatever order: a lesson stays within its steps, and leaving puts everything back.
#[test]
fn no_order_of_commands_loses_what_was_there() {
    let mut random = Random(20_261_129);
    let mut state = state();
    update(&mut state, Command::Live(LiveCommand::Turn(KnobEdit::Layers(Some(5)))));
    let before = state.live.as_ref().unwrap().draft.clone();
    let layout = state.settings.layout.clone();
    let mut seen_done = false;
    for _ in 0..300 {
        for _ in 0..80 {
            let small = random.below(6) as usize;
            let command = match random.below(50) {
                0 => LessonCommand::Start(random.below(18) as usize),
                1 => LessonCommand::Restart,
                2..10 => LessonCommand::Type(["14", "x", "", "1e9"][small % 4].to_owned()),
                10..18 => LessonCommand::Choose(small),
                18 => LessonCommand::Move { at: small, by: small as i32 - 3 },
                19 => LessonCommand::Hint,
                20 => {
                    LessonCommand::Show(["before", "after", "recording", "?"][small % 4].to_owned())
                }
                21 => LessonCommand::Again,
                22..32 => LessonCommand::Answer,
                32..42 => LessonCommand::Try,
                _ => LessonCommand::Next,
            };
            update(&mut state, Command::Lesson(command));
            if let Some(playing) = &state.lessons.playing {
                assert!(playing.step < playing.lesson.steps.len());
                assert!(playing.hints <= 2);
                seen_done |= playing.stage == Stage::Done;
            }
        }
        update(&mut state, Command::Lesson(LessonCommand::Leave));
        assert_eq!(state.live.as_ref().unwrap().draft, before);
        let mut now = state.settings.layout.clone();
        now.set_open(PanelId::Lessons, false);
        let mut then = layout.clone();
        then.set_open(PanelId::Lessons, false);
        assert_eq!(now, then);
    }
    assert!(seen_done, "no lesson was ever over");
}

/// At 1600 × 1000 nothing of a step has to be scrolled to, with both hints and with the reasons.
#[test]
fn every_step_fits_on_one_screen() {
    /// Where the lowest line of the window begins.
    const FOOT: f32 = 978.0;
    let mut window = window_of(state());
    for at in lessons().filter(|lesson| lesson.recording.is_none()) {
        lesson(&mut window, LessonCommand::Start(at.number));
        for (place, step) in at.steps.iter().enumerate() {
            settle(&mut window);
            lesson(&mut window, LessonCommand::Hint);
            lesson(&mut window, LessonCommand::Hint);
            let low = |window: &Harness<'static, App>, label: &str| {
                let bottom = window.get_by_label(label).rect().bottom();
                assert!(
                    bottom < FOOT,
                    "lesson {}, step {}: {label} {bottom}",
                    at.number,
                    place + 1
                );
            };
            let lowest = window.get_by_label("Hint 2").rect().bottom();
            // Under the head of the last hint are its lines.
            assert!(lowest < FOOT - 60.0, "lesson {}, step {}: {lowest}", at.number, place + 1);
            if let Predict::Place(_) = step.predict {
                // What is not pointed at cannot be answered; its step is as short as the others.
                lesson(&mut window, LessonCommand::Leave);
                break;
            }
            predict(&mut window, &step.reference, &step.predict);
            lesson(&mut window, LessonCommand::Answer);
            lesson(&mut window, LessonCommand::Try);
            settle(&mut window);
            let is_last = place + 1 == at.steps.len();
            low(&window, if is_last { "Finish" } else { "Next step" });
            let playing = window.state().state().lessons.playing.as_ref().unwrap();
            assert_eq!(playing.is_right(), Some(true), "lesson {}, step {}", at.number, place + 1);
            lesson(&mut window, LessonCommand::Next);
        }
    }
}
