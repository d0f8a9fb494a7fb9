//! What a lesson draws over the rows: what was guessed, and what is so.

use weftscope_traces::Span;

/// Whose a sign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOf {
    /// The student's.
    Guess,
    /// The simulator's, or the recording's.
    Truth,
}

/// A line, or a stretch, with a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Trace time, ns; an instant is empty.
    pub span: Span,
    /// Whose it is.
    pub of: SignOf,
    /// What stands at its top; empty: nothing.
    pub words: String,
}
