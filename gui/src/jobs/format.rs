use std::path::{Path, PathBuf};

use weftscope_traces::{Span, tables::TableFormat};

use crate::{
    files::{OutputFormat, TraceFormat},
    theme::Mode,
};

/// What a document can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// The recording.
    Trace(TraceFormat),
    /// A picture of the timeline.
    Png,
    /// The rows of a query, all of them.
    Rows(TableFormat),
}

/// How a picture looks: as the window does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLook {
    /// Colours.
    pub mode: Mode,
    /// Time shown.
    pub window: Option<Span>,
}

/// A document on its way to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// As what.
    pub format: ExportFormat,
    /// How a picture looks.
    pub look: PictureLook,
    /// The query whose rows they are, of rows.
    pub query: String,
    /// Where to.
    pub path: PathBuf,
    /// Whether a file that lies there may be replaced.
    pub replace: bool,
}

impl ExportFormat {
    /// What file names end with, without the first dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Trace(format) => format.extension(),
            Self::Png => "png",
            Self::Rows(TableFormat::Csv) => "csv",
            Self::Rows(TableFormat::Json) => "json",
            #[cfg(not(target_arch = "wasm32"))]
            Self::Rows(TableFormat::Parquet) => "parquet",
        }
    }

    /// The format that a typed name asks for where this one was offered: rows stay rows.
    pub(crate) fn typed(self, path: &Path) -> Self {
        match self {
            Self::Rows(_) => OutputFormat::table_of_path(path).map_or(self, Self::Rows),
            _ => Self::of_path(path).unwrap_or(self),
        }
    }

    /// The format that a file name asks for.
    pub fn of_path(path: &Path) -> Option<Self> {
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
            return Some(Self::Png);
        }
        TraceFormat::of_path(path).ok().map(Self::Trace)
    }
}
