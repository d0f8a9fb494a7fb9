use std::path::{Path, PathBuf};

use weftscope_traces::{Span, tables::TableFormat};

use crate::{
    files::{OutputFormat, TraceFormat},
    picture::{Figure, FigureKind, PictureFormat},
    theme::Mode,
};

/// What a document can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// The recording.
    Trace(TraceFormat),
    /// What the recording would be, changed.
    Predicted(TraceFormat),
    /// A picture of the timeline.
    Png,
    /// The same as rectangles and words.
    Svg,
    /// The same on a page.
    Pdf,
    /// A figure by itself, in the format that its name asks for.
    Figure(FigureKind),
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
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// As what.
    pub format: ExportFormat,
    /// How a picture looks.
    pub look: PictureLook,
    /// The query whose rows they are, of rows.
    pub query: String,
    /// The figure, where it is one.
    pub figure: Option<Figure>,
    /// Where to.
    pub path: PathBuf,
    /// Whether a file that lies there may be replaced.
    pub replace: bool,
}

impl ExportFormat {
    /// What file names end with, without the first dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Trace(format) | Self::Predicted(format) => format.extension(),
            Self::Png => "png",
            // A page in a browser has no other pictures.
            Self::Svg | Self::Figure(_) if cfg!(target_arch = "wasm32") => "png",
            Self::Svg | Self::Figure(_) => "svg",
            Self::Pdf => "pdf",
            Self::Rows(TableFormat::Csv) => "csv",
            Self::Rows(TableFormat::Json) => "json",
            #[cfg(not(target_arch = "wasm32"))]
            Self::Rows(TableFormat::Parquet) => "parquet",
        }
    }

    /// Whether it is written where all of a recording lies when a part of it is here.
    #[cfg(feature = "live")]
    pub(crate) fn is_had_there(self) -> bool {
        matches!(self, Self::Trace(_) | Self::Rows(_))
    }

    /// Whether slices are written, and not what a picture shows of them.
    #[cfg(feature = "live")]
    pub(crate) fn is_of_slices(self) -> bool {
        matches!(self, Self::Trace(_) | Self::Predicted(_) | Self::Rows(_))
    }

    /// The format that a typed name asks for where this one was offered: rows stay rows, and a figure a figure.
    pub(crate) fn typed(self, path: &Path) -> Self {
        match self {
            Self::Rows(_) => OutputFormat::table_of_path(path).map_or(self, Self::Rows),
            Self::Figure(_) => self,
            Self::Predicted(_) => TraceFormat::of_path(path).map_or(self, Self::Predicted),
            _ => Self::of_path(path).unwrap_or(self),
        }
    }

    /// The format that a file name asks for.
    pub fn of_path(path: &Path) -> Option<Self> {
        if let Some(format) = PictureFormat::of_path(path) {
            return Some(match format {
                PictureFormat::Png => Self::Png,
                PictureFormat::Svg => Self::Svg,
                PictureFormat::Pdf => Self::Pdf,
            });
        }
        TraceFormat::of_path(path).ok().map(Self::Trace)
    }
}
