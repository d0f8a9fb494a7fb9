//! The timeline: every rank, stream and SM of a trace over time.
//!
//! Three steps, one verb each. `prepare` turns a window of a trace into flat lists at a power-of-two
//! resolution: pure, runs on any thread, tested as text. `paint` turns a list into one mesh a row band.
//! `timeline_ui` reads the pointer and the keys and returns [`ViewCommand`]s; it never changes anything, so
//! menus, tests and the command line drive the same view by the same commands.

mod command;
mod data;
mod layout;
mod scale;
mod ui;
mod view;

pub use command::ViewCommand;
pub use data::{RankRows, TimelineData};
pub use layout::{Layout, Row, RowKind};
pub use scale::TimeScale;
pub use ui::timeline_ui;
pub use view::{FoldId, Ghost, Hover, RangeSelection, Search, Selection, ViewState};
