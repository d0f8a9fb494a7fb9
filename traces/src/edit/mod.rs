//! Whole traces out of whole traces.

mod answers;
mod apart;
mod clocks;
mod merge;
mod only_rank;
mod recordings;
mod rows;

pub use answers::{
    Answer, AnswerSlice, HeldAnswer, answer_of_heading, answers, with_answer, without_answer,
};
pub use apart::number_apart;
pub use merge::{MergeError, merge};
pub use only_rank::{only_rank, only_ranks, ranks};
