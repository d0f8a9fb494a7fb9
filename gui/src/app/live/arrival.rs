//! What a preparing thread hands over, wherever it comes from.

use std::time::Duration;

use super::{KeptIteration, LiveEvent};

/// Where the preparing thread takes what it hands over.
pub(super) trait Source {
    /// What came next; `None` when nothing came in so long, or nothing that the window is told.
    fn next(&mut self, patience: Duration) -> Option<Arrival>;
    /// The window has taken in the last iteration.
    fn taken_in(&mut self);
}

/// What comes from there.
pub(super) enum Arrival {
    /// An iteration with its picture.
    Iteration(Box<KeptIteration>),
    /// Anything else.
    News(LiveEvent),
}
