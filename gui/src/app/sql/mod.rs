//! Queries of the user's own over what is in view: asked off the thread of the window, shown as a table, and as a track
//! where they have times.

/// A page in a browser has no database to ask.
pub(crate) const HAS_SQL: bool = cfg!(not(target_arch = "wasm32"));

mod answer;
mod flush;
mod go_to;
mod update;
mod work;

pub use answer::{SqlAnswer, SqlCell, SqlFailure};
pub(crate) use flush::flush_sql;
pub(crate) use update::{sorted, take_outcome, update_sql};
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
pub(crate) use work::rows;
pub(crate) use work::work_out;

use std::sync::Arc;

use super::{
    asking::Asking,
    document::{Document, Shown},
};

/// What a user can ask of the tab of queries.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlCommand {
    /// The query is now this.
    Type(String),
    /// Ask it.
    Run,
    /// Ask this ready question, by its name.
    Ready(&'static str),
    /// Name the track that an answer becomes.
    NameTrack(String),
    /// Show the answer on screen as a track of this name.
    AsTrack,
    /// Ask again for the track of this name.
    Again(String),
    /// Take the track of this name away.
    Remove(String),
    /// Go to what a row of the answer is about, by its number as it came.
    GoTo(usize),
}

/// What a job works out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlTask {
    /// Rows to show.
    Rows {
        /// The query.
        query: String,
    },
    /// A track of this name.
    Track {
        /// Its name.
        name: String,
        /// The query.
        query: String,
    },
    /// The recording without the track of this name.
    Remove {
        /// Its name.
        name: String,
    },
}

/// How such a job ended.
pub enum SqlOutcome {
    /// Rows to show.
    Rows(SqlAnswer),
    /// The query has no answer.
    Failed(SqlFailure),
    /// The recording has another track, or one less.
    Changed {
        /// The document that was asked.
        old: Arc<Document>,
        /// What takes its place.
        new: Arc<Document>,
        /// What was done, in words.
        what: String,
    },
}

/// What the tab shows of the last query.
#[derive(Default)]
pub enum SqlShown {
    /// Nothing was asked yet, or it was stopped.
    #[default]
    Nothing,
    /// Its answer.
    Rows(Box<SqlAnswer>),
    /// Why it has none.
    Failed(SqlFailure),
}

/// The tab of queries.
#[derive(Default)]
pub struct SqlTab {
    /// What is typed.
    pub query: String,
    /// The name that a track gets.
    pub track_name: String,
    /// The answer, or why there is none.
    pub shown: SqlShown,
    /// Rows of the answer in the order that the user chose; as they came where it is empty.
    pub order: Vec<usize>,
    /// What the answer is of.
    of: Option<Shown>,
    /// What the user asked for last, each time with another number.
    wanted: Option<(u64, SqlTask)>,
    asking: Asking<u64>,
}

impl SqlTab {
    /// The answer, where there is one.
    pub fn answer(&self) -> Option<&SqlAnswer> {
        match &self.shown {
            SqlShown::Rows(answer) => Some(answer),
            _ => None,
        }
    }
}
