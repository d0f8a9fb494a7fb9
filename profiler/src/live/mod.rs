//! A session that runs by itself and hands over each iteration as a trace.
//!
//! Two named threads: one runs the engine's [`Session`](weftscope_engine::session::Session), the other builds
//! the trace, so the next iteration is under way while the last is made ready. Neither ever waits for
//! the window: of iterations that nobody fetched, the newest stays and the others are counted. Where there are no threads,
//! in a browser, a [`TurnSession`] runs when it is told to.

mod commands;
mod events;
mod options;
mod retry;
mod session;
mod turns;
mod worker;

pub use events::{Event, Iteration};
pub use options::{ExecutorFactory, Options};
pub use session::{LiveError, LiveSession};
pub use turns::TurnSession;

#[cfg(test)]
mod tests;
