//! `lesson`: opens a lesson, plays them all to check them, or writes what an instructor prints.

mod check;
mod handout;
mod page;
mod quantities;
mod slides;

use std::path::PathBuf;

use clap::Args;

use super::{Failure, Outcome, doctor};
use crate::{
    app::{self, Start},
    lessons::{Lesson, all, lessons},
};

/// Arguments of `lesson`.
#[derive(Debug, Args)]
pub struct LessonArgs {
    /// Lesson by number (`weftscope list lessons`) [default: the list, in the window].
    #[arg(value_name = "N")]
    pub number: Option<usize>,
    /// Play the answers of every lesson, or of N, on the simulator: the reference must be right and the wrong ones wrong.
    #[arg(long)]
    pub check: bool,
    /// With --check: the texts with their figures too, to read while a lesson is written.
    #[arg(long, requires = "check")]
    pub texts: bool,
    /// Write the pages to print into this folder: students.html, instructor.html with answers and minutes, and a picture of
    /// each step.
    #[arg(long, value_name = "FOLDER", conflicts_with = "check")]
    pub handout: Option<PathBuf>,
    /// List the quantities and places that a lesson may ask for.
    #[arg(long, conflicts_with_all = ["check", "handout", "number"])]
    pub quantities: bool,
    /// With --quantities: what they are of a run, e.g. '{"strategy": "default", "batch": "4096"}'.
    #[arg(long, requires = "quantities", value_name = "JSON")]
    pub of: Option<String>,
}

/// Does what is asked.
pub(super) fn run(args: &LessonArgs) -> Outcome {
    if args.quantities {
        return quantities::run(args.of.as_deref());
    }
    if let Some(folder) = &args.handout {
        return handout::run(folder, args.number);
    }
    if args.check {
        return check::run(args);
    }
    window(args.number)
}

/// Opens the window at a lesson, or at the list of them.
fn window(number: Option<usize>) -> Outcome {
    chosen(number)?;
    if !doctor::has_display() {
        let cause = "a lesson is played in a window, and there is no display; `weftscope lesson --check` plays the answers without one";
        return Err(Failure::failed(cause, "lesson"));
    }
    let start = Start { lesson: Some(number), ..Start::opening(Vec::new()) };
    app::run_window(start).map_err(|error| Failure::failed(error, "the window"))
}

/// The lessons that are asked for: the one of a number, or all.
fn chosen(number: Option<usize>) -> Result<Vec<&'static Lesson>, Failure> {
    if let Some(error) = all().iter().find_map(|lesson| lesson.as_ref().err()) {
        return Err(Failure::Failed(error.to_string()));
    }
    let chosen: Vec<&Lesson> = lessons()
        .filter(|lesson| number.is_none_or(|number| lesson.number == number))
        .map(AsRef::as_ref)
        .collect();
    match (chosen.is_empty(), number) {
        (true, Some(number)) => {
            let cause = format!("there is no lesson {number} (weftscope list lessons)");
            Err(Failure::misuse(cause, "N"))
        }
        _ => Ok(chosen),
    }
}
