//! The window: state as plain data, requests, one mutator, and the loop that joins them to egui.
//!
//! Each frame, `logic` drains one closed list of [`Event`]s and applies the [`Command`]s of the
//! frame before through [`update()`]; `ui` then gets `&State` and returns commands. Nothing else changes the
//! state, so every behaviour of the window is tested without a window.

pub mod action;
#[cfg(feature = "live")]
mod address;
mod aggregate;
mod apply;
#[cfg(feature = "live")]
mod arriving;
mod asking;
mod batch_picture;
mod browse;
#[cfg(not(target_arch = "wasm32"))]
mod cluster;
mod command;
mod comparison;
mod document;
mod effect;
mod event;
mod explain;
mod explaining;
mod figures;
mod flush;
mod glyphs;
mod inputs;
mod lesson_progress;
#[cfg(feature = "live")]
pub mod lessons;
#[cfg(feature = "live")]
pub mod live;
mod look;
mod marks;
#[cfg(feature = "live")]
pub mod neighbours;
mod notice;
mod opening;
mod palette;
mod panel;
#[cfg(feature = "live")]
pub mod part;
mod path_question;
mod places;
mod queries;
mod recent;
mod runner;
mod search;
mod settings;
mod sql;
mod state;
mod statistics;
mod table_sort;
mod ui;
mod update;
mod what_if;
mod window;

pub use aggregate::RangeTables;
pub use apply::apply;
pub use batch_picture::{BatchPicture, CutRequest, RequestPicture, Stretch, StretchKind};
pub(crate) use browse::has_file_dialog;
#[cfg(not(target_arch = "wasm32"))]
pub use cluster::{ClusterCommand, ClusterView};
pub use command::Command;
pub use comparison::{CompareCommand, Comparison, Pane, Reference, Role};
pub use document::{Document, DocumentId, OpenDocument, Shown, short_name};
pub use effect::Effect;
pub use event::{Event, JobResult};
pub use explain::Explanation;
pub use explaining::Explaining;
pub use inputs::Inputs;
pub(crate) use inputs::RankInputs;
pub use lesson_progress::{LessonProgress, Progress};
pub use marks::{MarkStore, MarksEvent, MarksTask};
pub use notice::{Notice, NoticeId, Notices, Severity};
#[cfg(feature = "live")]
use opening::refill;
pub use palette::palette_rows;
pub use panel::{BottomTab, Extent, PanelFacts, PanelId, PanelLayout, Side};
pub use path_question::{PathPurpose, PathQuestion};
pub use places::RankPlaces;
#[cfg(feature = "live")]
pub(crate) use queries::Queries;
pub(crate) use queries::Unanswered;
pub use recent::Recent;
pub use runner::Runner;
pub use settings::{Settings, SettingsError, ThemeChoice};
pub(crate) use sql::HAS_SQL;
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
pub(crate) use sql::rows;
pub use sql::{SqlAnswer, SqlCell, SqlCommand, SqlFailure, SqlOutcome, SqlShown, SqlTab, SqlTask};
pub use state::{Overlay, State};
pub use statistics::{StatisticsCommand, StatisticsPart, StatisticsTab};
pub use table_sort::{SortKey, TableId, TableSort};
pub use update::update;
pub use what_if::{Predicted, WhatIf, WhatIfCommand, WhatIfOutcome, WhatIfTask};
#[cfg(target_arch = "wasm32")]
pub(crate) use window::SETTINGS_KEY;
#[cfg(not(target_arch = "wasm32"))]
pub use window::run_window;
pub use window::{App, Start};
