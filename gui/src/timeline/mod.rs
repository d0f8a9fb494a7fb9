//! The timeline: every rank, stream and SM of a trace over time.
//!
//! Three steps, one verb each. `prepare` turns a window of a trace into flat lists at a power-of-two
//! resolution: pure, runs on any thread, tested as text. `paint` turns a list into one mesh a row band.
//! `timeline_ui` reads the pointer and the keys and returns [`ViewCommand`]s; it never changes anything, so
//! menus, tests and the command line drive the same view by the same commands.

mod areas;
mod arrangement;
mod bands;
mod cache;
mod command;
mod data;
mod emphasis;
mod facts;
mod flag;
mod fold;
mod foresight;
mod header;
mod heights;
mod history;
mod hit;
mod host_kind;
mod indexing;
mod keys;
mod landmark;
mod layout;
mod legend;
mod link;
mod mark;
mod overview;
mod paint;
mod phases;
mod plot_menu;
mod pointer;
mod popup;
mod prepare;
mod row_kind;
mod row_menu;
mod rows;
mod scale;
mod search;
mod shares;
mod sign;
mod snap;
mod tooltip;
mod tree;
mod ui;
mod view;

pub use arrangement::Arrangement;
pub use command::ViewCommand;
pub use data::TimelineData;
pub use facts::facts;
pub use fold::FoldId;
pub use foresight::{Foresight, Sight};
pub use heights::{HeightOf, RowHeights};
pub use history::History;
pub use host_kind::HostKind;
#[cfg(feature = "live")]
pub(crate) use indexing::Indexing;
pub(crate) use keys::TIMELINE_KEYS;
pub use landmark::Landmark;
pub use layout::{Row, RowLayout, view_for_height};
pub use legend::{badge_ui, legend_ui};
pub(crate) use legend::{ghost_legend_ui, legend_entry, legend_swatch};
pub use mark::{Mark, Marks};
pub(crate) use mark::{all_tracks, merged};
pub(crate) use paint::{Meshes, hatch_texture, ribbon_parts};
pub use phases::PhaseMark;
pub use prepare::DrawList;
pub use row_kind::{RowId, RowKind};
pub use rows::{AnswerRows, RankRows};
pub use scale::TimeScale;
pub use search::Search;
pub use shares::{Shares, shares};
pub use sign::{Sign, SignOf};
pub use ui::{filter_rect, selected_y, timeline_ui};
pub use view::{Ghost, Hover, RangeSelection, Selection, ViewState};
