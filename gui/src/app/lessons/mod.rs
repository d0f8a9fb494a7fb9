//! Lessons as they are played in the window: which, how far, what was guessed, and what is put back afterwards.

mod closely;
mod flush;
mod guess_draft;
mod play;
mod point;
mod signs;
mod update;
mod work;

pub(crate) use flush::{flush_lessons, settings_to_keep};
pub use guess_draft::GuessDraft;
pub use play::{Playing, Stage};
pub(crate) use point::take_point;
#[cfg(feature = "gpus")]
pub(crate) use signs::ShownTruth;
pub(crate) use update::{take_truth, update_lessons};
pub use work::LessonWork;
pub(crate) use work::work_out;

/// Lessons in the window.
#[derive(Default)]
pub struct Classroom {
    /// The lesson that is played.
    pub playing: Option<Playing>,
}

/// What a student can ask for.
#[derive(Clone, Debug, PartialEq)]
pub enum LessonCommand {
    /// Play the lesson of this number, from where it was left.
    Start(usize),
    /// Begin the lesson anew.
    Restart,
    /// End the lesson: everything as it was before.
    Leave,
    /// The number is typed so.
    Type(String),
    /// This sentence is the one.
    Choose(usize),
    /// Move a run by one place: −1 up, +1 down.
    Move {
        /// Its place.
        at: usize,
        /// Which way.
        by: i32,
    },
    /// This is the prediction.
    Answer,
    /// Show the next hint.
    Hint,
    /// Turn the knobs, and see.
    Try,
    /// Show a run of the step, by its name.
    Show(String),
    /// Predict once more.
    Again,
    /// Go on.
    Next,
}
