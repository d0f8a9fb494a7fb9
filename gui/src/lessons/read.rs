//! A lesson from the two files of its folder.

use weftscope_engine::plan::OpRole;

use super::{
    expression::{Call, Expression},
    file::{GuessFile, LessonFile, PredictFile, StepFile},
    guess::{Guess, Point},
    lesson::{AFTER, BEFORE, IT, Lesson, LessonError, RECORDING, Recording, Run, Step, YOURS},
    place::PlaceRule,
    predict::{Choice, Predict, Within},
    quantity::quantity,
    sections::{Sections, StepWords},
    setup::Setup,
    value::{Asked, Unit},
};
use crate::files::Sample;

/// A folder of `gui/lessons`, as it became part of the program.
#[derive(Clone, Copy, Debug)]
pub struct Folder<'a> {
    /// Its name: `01-waves`.
    pub name: &'a str,
    /// `lesson.md`.
    pub markdown: &'a str,
    /// `lesson.json`.
    pub json: &'a str,
}

impl Folder<'_> {
    /// The lesson in it; `number` is its place in the list.
    ///
    /// # Errors
    /// The first thing that is wrong, with its file.
    pub fn lesson(&self, number: usize) -> Result<Lesson, LessonError> {
        let error = |file: &str| {
            let place = format!("gui/lessons/{}/{file}", self.name);
            move |cause: String| LessonError { place, cause }
        };
        let words = Sections::parse(self.markdown).map_err(error("lesson.md"))?;
        let file: LessonFile = serde_json::from_str(self.json)
            .map_err(|cause| error("lesson.json")(cause.to_string()))?;
        let slug = self.name.trim_start_matches(|it: char| it.is_ascii_digit() || it == '-');
        self.joined(&file, words, slug.to_owned(), number).map_err(error("lesson.json"))
    }

    fn joined(
        &self,
        file: &LessonFile,
        words: Sections,
        slug: String,
        number: usize,
    ) -> Result<Lesson, String> {
        let (texts, files) = (words.steps.len(), file.steps.len());
        if texts != files {
            return Err(format!("steps: there are {files}, and {texts} in lesson.md"));
        }
        if !(2..=5).contains(&files) {
            return Err(format!("steps: there are {files}, and a lesson has two to five"));
        }
        let recording = recording(file)?;
        let mut steps = Vec::new();
        for (at, (words, step)) in words.steps.into_iter().zip(&file.steps).enumerate() {
            let place = |cause| format!("step {}: {cause}", at + 1);
            let step = read_step(words, step, (&file.start, recording.is_some()));
            steps.push(step.map_err(place)?);
        }
        for expression in words.text.expressions() {
            check(expression, &names(&steps[0], recording.is_some()))
                .map_err(|cause| format!("the text: {cause}"))?;
        }
        for (at, step) in steps.iter().enumerate() {
            let names = names(step, recording.is_some());
            for (place, expression) in step.expressions() {
                check(expression, &names)
                    .map_err(|cause| format!("step {}, {place}: {cause}", at + 1))?;
            }
        }
        let (title, text) = (words.title, words.text);
        Ok(Lesson { number, slug, title, minutes: file.minutes, text, recording, steps })
    }
}

fn recording(file: &LessonFile) -> Result<Option<Recording>, String> {
    let known = |name: &String| {
        let found = Sample::named(name).is_some();
        if found { Ok(name.clone()) } else { Err(format!("there is no sample {name:?}")) }
    };
    match (file.recording.as_deref(), &file.sample) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err("sample: it stands for `\"recording\": \"yours\"`".to_owned()),
        (Some("yours"), Some(sample)) => Ok(Some(Recording::Yours(known(sample)?))),
        (Some("yours"), None) => Err("sample: one must stand for yours in checks".to_owned()),
        (Some(_), Some(_)) => Err("sample: it stands only for `yours`".to_owned()),
        (Some(name), None) => known(&name.to_owned()).map(Recording::Sample).map(Some),
    }
}

fn read_step(
    words: StepWords,
    file: &StepFile,
    (start, is_recording): (&Setup, bool),
) -> Result<Step, String> {
    let before = file.before.over(start);
    let mut runs = Vec::new();
    if !is_recording {
        let mut add = |name: &str, setup: &Setup| {
            let spec = setup.spec().map_err(|cause| format!("{name}: {cause}"))?;
            runs.push(Run { name: name.to_owned(), spec });
            Ok::<_, String>(())
        };
        add(BEFORE, &before)?;
        add(AFTER, &file.after.over(&before))?;
        for (name, setup) in &file.runs {
            add(name, &setup.over(&before))?;
        }
    }
    let look = file.look.as_deref().map(|name| op(name, &runs)).transpose();
    let look = look.map_err(|cause| format!("look: {cause}"))?;
    let predict = read_predict(&file.predict).map_err(|cause| format!("predict: {cause}"))?;
    if let Predict::Order { runs: named, .. } = &predict {
        let is_known = |name: &&String| runs.iter().any(|run| run.name == **name);
        if let Some(name) = named.iter().find(|name| !is_known(name)) {
            return Err(format!("predict.order: there is no run {name:?}"));
        }
    }
    let reference =
        guess(&file.reference, &predict, &before).map_err(|cause| format!("reference: {cause}"))?;
    let wrong: Result<Vec<_>, String> =
        file.wrong.iter().map(|wrong| guess(wrong, &predict, &before)).collect();
    let mut wrong = wrong.map_err(|cause| format!("wrong: {cause}"))?;
    if let (Predict::Choice(choices), true) = (&predict, wrong.is_empty()) {
        let all = (0..choices.len()).map(Guess::Choice);
        wrong = all.filter(|guess| *guess != reference).collect();
    }
    if wrong.is_empty() {
        return Err("wrong: there is no wrong answer to be refused".to_owned());
    }
    Ok(Step { words, predict, runs, look, reference, wrong })
}

/// An op to look at, where there is only something to look at.
fn op(name: &str, runs: &[Run]) -> Result<OpRole, String> {
    let spec = |name: &str| runs.iter().find(|run| run.name == name).map(|run| &run.spec);
    if spec(BEFORE).is_none() || spec(BEFORE) != spec(AFTER) {
        return Err("it stands where something is simulated and nothing is tried".to_owned());
    }
    OpRole::from_name(name).ok_or_else(|| format!("there is no op {name:?}"))
}

fn read_predict(file: &PredictFile) -> Result<Predict, String> {
    let PredictFile { number, asked, within, within_percent, choice, order, by, place, setting } =
        file;
    let others = [number.is_some(), choice.is_some(), order.is_some(), place.is_some()];
    if let (Some(goal), false) = (setting, others.contains(&true)) {
        return Expression::parse(goal).map(Predict::Setting);
    }
    match (number, choice, order, place.as_ref().filter(|_| setting.is_none())) {
        (Some(of), None, None, None) => {
            let word = match asked.as_deref().ok_or("in: what is it typed in?")? {
                "us" => "µs",
                "x" => "×",
                other => other,
            };
            let unit = match word {
                "ns" | "µs" | "ms" => Unit::Time,
                "%" => Unit::Share,
                "×" => Unit::Times,
                _ => Unit::Count,
            };
            let within = match (within, within_percent) {
                (Some(within), None) => Within::Absolute(*within),
                (None, Some(percent)) => Within::Part(percent / 100.0),
                _ => return Err("one of within and within_percent is needed".to_owned()),
            };
            let asked = Asked { word: word.to_owned() };
            Ok(Predict::Number { of: Expression::parse(of)?, asked, unit, within })
        }
        (None, Some(choices), None, None) if choices.len() > 1 => {
            let one = |choice: &super::file::ChoiceFile| {
                let when = Expression::parse(&choice.when)?;
                Ok(Choice { words: choice.words.clone(), when })
            };
            choices.iter().map(one).collect::<Result<_, String>>().map(Predict::Choice)
        }
        (None, None, Some(runs), None) if runs.len() > 1 => {
            let by = by.as_deref().ok_or("by: what are they ordered by?")?;
            Ok(Predict::Order { runs: runs.clone(), by: Expression::parse(by)? })
        }
        (None, None, None, Some(name)) => PlaceRule::of_name(name)
            .map(Predict::Place)
            .ok_or_else(|| format!("place: there is no {name:?}")),
        _ => Err(
            "exactly one of number, choice, order (of two or more), place and setting is needed"
                .to_owned(),
        ),
    }
}

fn guess(file: &GuessFile, predict: &Predict, before: &Setup) -> Result<Guess, String> {
    match (file, predict) {
        (GuessFile::Number(number), Predict::Number { asked, unit, .. }) => {
            let value = asked.value(*number, *unit);
            value.map(Guess::Number).ok_or_else(|| format!("{number} is no {}", unit.name()))
        }
        (GuessFile::Number(number), Predict::Choice(choices)) => {
            let is_one = number.fract() == 0.0 && (1.0..=choices.len() as f64).contains(number);
            let choice = is_one.then(|| Guess::Choice(*number as usize - 1));
            choice.ok_or_else(|| format!("{number} is none of {} choices", choices.len()))
        }
        (GuessFile::Order(names), Predict::Order { runs, .. }) => {
            let place = |name: &String| runs.iter().position(|run| run == name);
            let order: Option<Vec<usize>> = names.iter().map(place).collect();
            let order = order.filter(|order| (0..runs.len()).all(|at| order.contains(&at)));
            order.map(Guess::Order).ok_or_else(|| "it is no order of the runs".to_owned())
        }
        (GuessFile::Place { rank, at_us }, Predict::Place(_)) => {
            let time_ns = (at_us * 1e3) as i64;
            Ok(Guess::Place(Point { rank: Some(*rank), time_ns }))
        }
        (GuessFile::Setting(setup), Predict::Setting(_)) => {
            Ok(Guess::Setting(Box::new(setup.over(before).spec()?)))
        }
        _ => Err("it does not answer what is asked".to_owned()),
    }
}

/// Runs that a step's expressions may name.
fn names(step: &Step, is_recording: bool) -> Vec<String> {
    let mut names: Vec<String> = step.runs.iter().map(|run| run.name.clone()).collect();
    if is_recording {
        names.push(RECORDING.to_owned());
    }
    match step.predict {
        Predict::Order { .. } => names.push(IT.to_owned()),
        Predict::Setting(_) => names.push(YOURS.to_owned()),
        _ => {}
    }
    names
}

fn check(expression: &Expression, names: &[String]) -> Result<(), String> {
    for Call { name, arguments } in expression.calls() {
        let found = quantity(name).ok_or_else(|| format!("there is no quantity {name:?}"))?;
        if arguments.len() != found.takes.len() + 1 {
            let takes: Vec<&str> = found.takes.iter().map(|takes| takes.name()).collect();
            return Err(format!("{name} takes ({})", [takes, vec!["run"]].concat().join(", ")));
        }
        for (takes, argument) in found.takes.iter().zip(arguments) {
            takes.check(argument)?;
        }
        let run = &arguments[arguments.len() - 1];
        if !names.contains(run) {
            return Err(format!("there is no run {run:?} (there are {})", names.join(", ")));
        }
    }
    Ok(())
}
