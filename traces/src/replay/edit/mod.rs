//! Changes to a replay before it is run, one kind a file; [`text`] has their words.

mod comm;
mod cut;
mod fuse;
mod host;
mod machine;
mod remove;
mod scale;
mod straggler;
mod text;
mod tp;
mod weave;

use std::sync::Arc;

pub use machine::MachineChange;
pub use text::EditForm;

use super::{MachineRates, Replay};
use crate::model::Kind;

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Communication is not there: wrong results, the time to compare with.
    NoComm,
    /// Communication takes so many times as long.
    CommTimes(f64),
    /// Collectives run on so many SMs.
    CommSms(u32),
    /// Collectives and the norm behind each become one kernel, in which every rank norms its share of the tokens.
    FuseNorm,
    /// The tokens are cut in two, and communication of each part runs beside computation of the other.
    Weave(Cut),
    /// Kernels of a kind take so many times as long.
    KindTimes(Kind, f64),
    /// No rank takes longer from collective to collective than the others do.
    NoStraggler,
    /// A rank begins every iteration later by this.
    Straggler {
        /// The rank.
        rank: u32,
        /// By how much, ns.
        late_ns: i64,
    },
    /// What an iteration launches is launched at once, as by a CUDA graph.
    NoLaunch,
    /// It runs on another machine.
    Machine(MachineChange),
    /// Another number of ranks shares the work of every layer.
    Tp {
        /// How many.
        ranks: u32,
        /// The machine that it was recorded on, where that is known.
        on: Option<Arc<MachineRates>>,
    },
    /// The host never hesitates: no launch comes later after the one before than launches of its kernel usually do.
    SteadyHost,
}

/// Where tokens are cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// Behind this share of the tokens, 0…1, ends excluded.
    At(f64),
    /// Where the iteration is shortest.
    Best,
}

/// Why an edit cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EditError {
    /// It is no edit.
    #[error("{0}")]
    Text(String),
    /// There is nothing that it would change.
    #[error("{edit} changes nothing: {why}")]
    Nothing {
        /// The edit.
        edit: String,
        /// Why.
        why: String,
    },
}

/// A replay with edits made.
#[derive(Clone, Debug)]
pub struct Edited {
    /// It.
    pub replay: Replay,
    /// The edits, with cuts that were looked for found.
    pub edits: Vec<Edit>,
    /// What was changed, a sentence each.
    pub notes: Vec<String>,
}

impl Replay {
    /// The replay with edits made, one after another.
    ///
    /// # Errors
    /// [`EditError`] names the edit that has nothing to change, and why.
    pub fn edited(&self, edits: &[Edit]) -> Result<Edited, EditError> {
        let mut edited = Edited { replay: self.clone(), edits: Vec::new(), notes: Vec::new() };
        for (at, edit) in edits.iter().enumerate() {
            let edit = match edit {
                Edit::Weave(Cut::Best) => Edit::Weave(cut::best(&edited.replay, &edits[at + 1..])?),
                edit => edit.clone(),
            };
            let note = edit.make(&mut edited.replay)?;
            edited.notes.push(note);
            edited.edits.push(edit);
        }
        Ok(edited)
    }
}

impl Edit {
    /// Makes it, and says what it changed.
    fn make(&self, replay: &mut Replay) -> Result<String, EditError> {
        match self {
            Self::NoComm => comm::none(replay),
            Self::CommTimes(factor) => comm::times(replay, *factor),
            Self::CommSms(sms) => comm::on_sms(replay, *sms),
            Self::FuseNorm => fuse::fuse(replay),
            Self::Weave(Cut::At(share)) => weave::weave(replay, *share),
            Self::Weave(Cut::Best) => weave::weave(replay, 0.5),
            Self::KindTimes(kind, factor) => scale::kind(replay, *kind, *factor),
            Self::NoStraggler => straggler::none(replay),
            Self::Straggler { rank, late_ns } => straggler::add(replay, *rank, *late_ns),
            Self::NoLaunch => host::as_graphs(replay),
            Self::SteadyHost => host::steady(replay),
            Self::Machine(change) => machine::change(replay, change),
            Self::Tp { ranks, on } => tp::degree(replay, *ranks, on.as_deref()),
        }
        .map_err(|why| EditError::Nothing { edit: self.to_string(), why })
    }
}
