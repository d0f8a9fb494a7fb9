use std::path::{Path, PathBuf};

use weftscope_traces::Span;

use crate::{files::TraceFormat, theme::Mode};

/// What a document can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// The recording.
    Trace(TraceFormat),
    /// A picture of the timeline.
    Png,
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
