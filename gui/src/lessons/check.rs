//! Plays lessons: the reference answer must be right and every wrong answer wrong, by what is simulated now.

use std::{path::Path, sync::Arc};

use weftscope_engine::spec::RunSpec;
use weftscope_traces::Classifier;

use super::{
    facts::Facts,
    guess::Guess,
    lesson::{Lesson, Recording, Step},
    predict::Predict,
    truth::{Simulated, Truth},
};
use crate::files::{Sample, no_hook, open_trace};

/// How a step went.
pub struct StepCheck {
    /// Place of the step, from 1.
    pub step: usize,
    /// What the simulator says, in words; empty where it says nothing.
    pub truth: String,
    /// What is wrong, a sentence each; empty when it is as it should be.
    pub faults: Vec<String>,
}

/// The facts of the sample that a lesson reads, or that stands for a student's own; `None` of a lesson that simulates.
///
/// # Errors
/// When it cannot be read.
pub fn recorded(lesson: &Lesson) -> Result<Option<Arc<Facts>>, String> {
    let Some(name) = lesson.recording.as_ref().map(Recording::sample) else { return Ok(None) };
    let path = Sample::named(name)
        .map(Sample::path)
        .ok_or_else(|| format!("there is no sample {name:?}"))?;
    let trace = open_trace(Path::new(&path), &Classifier::default(), &mut no_hook);
    trace.map(|trace| Some(Arc::new(Facts::of(Arc::new(trace))))).map_err(|error| error.to_string())
}

/// Plays a lesson, step by step; `on_step` hears of each with the runs that it was judged by.
pub fn check(lesson: &Lesson, on_step: &mut dyn FnMut(StepCheck, Option<&Truth>)) {
    let mut simulated = Simulated::default();
    let recording = recorded(lesson);
    for (at, step) in lesson.steps.iter().enumerate() {
        let mut judged = |guess: &Guess| {
            let recording = recording.clone()?;
            Truth::of(step, recording, knobs_of(guess), &mut simulated, &|| false)
        };
        match judged(&step.reference) {
            Ok(truth) => {
                let mut faults = faults(step, &truth, &mut judged);
                if at == 0 {
                    faults.extend(truth.filled(&lesson.text).err());
                }
                let words = truth.answer.words(&step.predict);
                on_step(StepCheck { step: at + 1, truth: words, faults }, Some(&truth));
            }
            Err(cause) => {
                let check = StepCheck { step: at + 1, truth: String::new(), faults: vec![cause] };
                on_step(check, None);
            }
        }
    }
}

/// The knobs that an answer is, where it is knobs.
fn knobs_of(guess: &Guess) -> Option<&RunSpec> {
    match guess {
        Guess::Setting(spec) => Some(spec),
        _ => None,
    }
}

fn faults(
    step: &Step,
    truth: &Truth,
    judged: &mut dyn FnMut(&Guess) -> Result<Truth, String>,
) -> Vec<String> {
    let Step { words, predict, reference, wrong, .. } = step;
    let mut faults = Vec::new();
    if !truth.answer.accepts(reference, predict) {
        faults.push(format!(
            "the reference answer {} is refused: it is {}",
            reference.words(predict),
            truth.answer.words(predict)
        ));
    }
    for wrong in wrong {
        // Other knobs are another truth.
        let is_taken = match knobs_of(wrong).map(|_| judged(wrong)) {
            None => Ok(truth.answer.accepts(wrong, predict)),
            Some(other) => other.map(|other| other.answer.accepts(wrong, predict)),
        };
        match is_taken {
            Ok(false) => {}
            Ok(true) => {
                let words = wrong.words(predict);
                faults.push(format!("the wrong answer {words} is taken for right"));
            }
            Err(cause) => faults.push(cause),
        }
    }
    if let Predict::Order { runs, .. } = predict {
        let listed = Guess::Order((0..runs.len()).collect());
        if truth.answer.accepts(&listed, predict) {
            faults.push("the runs are listed in the right order already".to_owned());
        }
    }
    let texts = [&words.question, &words.doing, &words.why];
    let texts = texts.into_iter().chain(&words.hints);
    faults.extend(texts.filter_map(|text| truth.filled(text).err()));
    faults
}
