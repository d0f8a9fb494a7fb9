use std::path::Path;

use serde::{Deserialize, Serialize};
use weftscope_traces::tables::TableFormat;

use super::{FileError, did_you_mean};

/// What a trace can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TraceFormat {
    /// The native format, everything kept.
    Weft,
    /// Chrome/Kineto JSON, plain.
    Json,
    /// Chrome/Kineto JSON, gzip.
    JsonGz,
    /// Perfetto's own, protobuf.
    Perfetto,
}

impl TraceFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Weft, Self::Json, Self::JsonGz, Self::Perfetto];

    /// What file names end with, without the first dot; the usual one first.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Weft => &["weft"],
            Self::Json => &["json"],
            Self::JsonGz => &["json.gz"],
            Self::Perfetto => &["pftrace", "perfetto-trace"],
        }
    }

    /// The usual ending.
    pub fn extension(self) -> &'static str {
        self.endings()[0]
    }

    /// The format that a file name asks for.
    ///
    /// # Errors
    /// [`FileError`] naming the endings that are known.
    pub fn of_path(path: &Path) -> Result<Self, FileError> {
        let asked = Self::ALL.into_iter().find(|format| has_ending(path, format.endings()));
        asked.ok_or_else(|| unknown_ending(path, Self::ALL.iter().flat_map(|it| it.endings())))
    }
}

/// What a recording or a table of it can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// All of it.
    Trace(TraceFormat),
    /// One of its tables.
    Table(TableFormat),
}

impl OutputFormat {
    /// What names of tables end with, without the first dot.
    pub const TABLES: &[(&'static str, TableFormat)] = &[
        ("csv", TableFormat::Csv),
        #[cfg(not(target_arch = "wasm32"))]
        ("parquet", TableFormat::Parquet),
        ("json", TableFormat::Json),
    ];

    /// The format that a file name asks for; a name that both have asks for the whole recording.
    ///
    /// # Errors
    /// [`FileError`] naming the endings that are known.
    pub fn of_path(path: &Path) -> Result<Self, FileError> {
        let trace = TraceFormat::ALL.into_iter().find(|it| has_ending(path, it.endings()));
        let table = || Self::TABLES.iter().find(|(ending, _)| has_ending(path, &[ending]));
        trace
            .map(Self::Trace)
            .or_else(|| table().map(|&(_, format)| Self::Table(format)))
            .ok_or_else(|| {
                let traces = TraceFormat::ALL.iter().flat_map(|format| format.endings());
                let tables = Self::TABLES.iter().map(|(ending, _)| ending);
                unknown_ending(path, traces.chain(tables.filter(|ending| **ending != "json")))
            })
    }

    /// The format in which a file name asks for a table.
    ///
    /// # Errors
    /// [`FileError`] naming the endings that are known.
    pub fn table_of_path(path: &Path) -> Result<TableFormat, FileError> {
        let table = Self::TABLES.iter().find(|(ending, _)| has_ending(path, &[ending]));
        let unknown = || unknown_ending(path, Self::TABLES.iter().map(|(ending, _)| ending));
        table.map(|&(_, format)| format).ok_or_else(unknown)
    }
}

/// Endings as help and errors list them.
pub fn endings_in_words<'a>(endings: impl Iterator<Item = &'a &'static str>) -> String {
    let endings: Vec<String> = endings.map(|ending| format!(".{ending}")).collect();
    endings.join(", ")
}

/// True when the name of a file ends with one of `endings`, which stand without the first dot.
fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    endings.iter().any(|ending| name.ends_with(&format!(".{ending}")))
}

/// The error for a name with none of `endings`.
fn unknown_ending<'a>(path: &Path, endings: impl Iterator<Item = &'a &'static str>) -> FileError {
    let endings: Vec<String> = endings.map(|ending| format!(".{ending}")).collect();
    let typed = path.extension().map(|typed| format!(".{}", typed.to_string_lossy()));
    let near = did_you_mean(&typed.unwrap_or_default(), endings.iter().map(String::as_str));
    let known = endings.join(", ");
    let cause = format!("cannot tell the format: known endings are {known}{near}");
    FileError::new(cause, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ask_for_formats() {
        let of = |name: &str| TraceFormat::of_path(Path::new(name)).ok();
        assert_eq!(of("a/b.weft"), Some(TraceFormat::Weft));
        assert_eq!(of("b.JSON.gz"), Some(TraceFormat::JsonGz));
        assert_eq!(of("b.json"), Some(TraceFormat::Json));
        assert_eq!(of("b.pftrace"), Some(TraceFormat::Perfetto));
        assert_eq!(of("b.perfetto-trace"), Some(TraceFormat::Perfetto));
        assert_eq!(of("b.gz"), None);
        assert_eq!(of("json"), None);
        assert_eq!(of(".."), None);
        let error = TraceFormat::of_path(Path::new("b.pftrac")).unwrap_err().to_string();
        assert_eq!(
            error,
            "cannot tell the format: known endings are .weft, .json, .json.gz, .pftrace, .perfetto-trace, did you mean \".pftrace\"?: b.pftrac"
        );
    }
}
