//! Lessons: predict, try, see why. Pure: what a lesson is, what really happens in its runs, and whether a guess is right.
//!
//! Each is a folder of `gui/lessons`: its words in `lesson.md`, its runs and questions in `lesson.json`. A truth is never
//! stored: the runs of a step are simulated, and [`QUANTITIES`] of them are asked, which are answers of the analyses.

mod builtin;
mod check;
mod expression;
mod facts;
mod file;
mod guess;
mod lesson;
mod place;
mod predict;
mod quantity;
mod read;
mod sections;
mod setup;
mod template;
mod truth;
mod value;

pub use builtin::{all, lessons};
pub use check::{StepCheck, check, recorded};
pub use expression::{Call, Expression};
pub use facts::Facts;
pub use guess::{Answer, Guess, Point, knobs, margin};
pub use lesson::{
    AFTER, BEFORE, Drawn, DrawnOf, Lesson, LessonError, RECORDING, Recording, Run, Step, YOURS,
};
pub use place::{PLACES, Place, PlaceRule};
pub use predict::{Choice, Predict, Within};
pub use quantity::{Found, QUANTITIES, Quantity, Takes, quantity};
pub use read::Folder;
pub use sections::StepWords;
pub use setup::{Cut, Setup};
pub use template::Template;
pub use truth::{Simulated, Truth};
pub use value::{Asked, Unit, Value};
