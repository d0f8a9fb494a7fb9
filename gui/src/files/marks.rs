//! Marks of a recording in a file beside it: `run.weft.weftscope.json` for `run.weft`.
//!
//! ```json
//! {"version": 1, "marks": [{"start_ns": 1200, "end_ns": 4500, "name": "late rank", "note": ""}]}
//! ```
//! Times are the trace's; an instant has no `end_ns`. What this program does not know in such a file it refuses, so that it
//! never writes less than was there.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use weftscope_traces::Span;

use super::{FileError, write_atomically};
use crate::timeline::Mark;

/// What the names of such files end with.
pub const MARKS_ENDING: &str = ".weftscope.json";
/// Version of the form.
const VERSION: u32 = 1;
/// A file larger than this is not ours: a hundred thousand marks.
const MOST_BYTES: u64 = 16 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    marks: Vec<StoredMark>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredMark {
    start_ns: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_ns: Option<i64>,
    name: String,
    #[serde(default)]
    note: String,
}

/// All that is asked of a file before it is understood.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// The file that keeps the marks of a recording.
pub fn marks_path(recording: &Path) -> PathBuf {
    let mut name = recording.as_os_str().to_owned();
    name.push(MARKS_ENDING);
    PathBuf::from(name)
}

/// Reads marks; none when there is no such file.
///
/// # Errors
/// [`FileError`] when the file cannot be read, is not of this form, or a newer program wrote it.
pub fn read_marks(path: &Path) -> Result<Vec<Mark>, FileError> {
    let cannot = |error: &std::io::Error| FileError::io("cannot read the marks", error, path);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(&error)),
    };
    let mut text = String::new();
    file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(|error| cannot(&error))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(FileError::new("too large for marks (over 16 MiB)", path));
    }
    of_text(&text).map_err(|cause| FileError::new(cause, path))
}

fn of_text(text: &str) -> Result<Vec<Mark>, String> {
    let malformed = |error: serde_json::Error| format!("the marks cannot be read ({error})");
    let Versioned { version } = serde_json::from_str(text).map_err(malformed)?;
    if version != VERSION {
        return Err(format!("the marks are of version {version}, this program knows {VERSION}"));
    }
    let stored: Stored = serde_json::from_str(text).map_err(malformed)?;
    let mark = |mark: StoredMark| {
        let end_ns = mark.end_ns.unwrap_or(mark.start_ns);
        if end_ns < mark.start_ns {
            return Err(format!("the mark “{}” ends before it begins", mark.name));
        }
        let span = Span::new(mark.start_ns, end_ns);
        Ok(Mark { span, name: mark.name, note: mark.note })
    };
    stored.marks.into_iter().map(mark).collect()
}

/// Writes marks: beside, then renamed.
///
/// # Errors
/// [`FileError`]; the file is then as it was.
pub fn write_marks(path: &Path, marks: &[Mark]) -> Result<(), FileError> {
    let mark = |mark: &Mark| StoredMark {
        start_ns: mark.span.start_ns,
        end_ns: (!mark.span.is_empty()).then_some(mark.span.end_ns),
        name: mark.name.clone(),
        note: mark.note.clone(),
    };
    let stored = Stored { version: VERSION, marks: marks.iter().map(mark).collect() };
    write_atomically(path, |out| {
        serde_json::to_writer_pretty(out, &stored)
            .map_err(|error| FileError::new(format!("cannot write the marks: {error}"), path))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn some() -> Vec<Mark> {
        let mark = |start, end, name: &str, note: &str| Mark {
            span: Span::new(start, end),
            name: name.to_owned(),
            note: note.to_owned(),
        };
        vec![
            mark(-5, -5, "", ""),
            mark(1_200, 4_500, "late “rank” 1", "two\nlines"),
            mark(i64::MAX - 1, i64::MAX, "数", "→"),
        ]
    }

    #[test]
    fn marks_survive_a_round_trip_beside_their_recording() {
        let folder = tempfile::tempdir().unwrap();
        let path = marks_path(&folder.path().join("run.weft"));
        assert!(path.ends_with("run.weft.weftscope.json"));
        assert_eq!(read_marks(&path).unwrap(), [], "no file, no marks");
        write_marks(&path, &some()).unwrap();
        assert_eq!(read_marks(&path).unwrap(), some());
        write_marks(&path, &[]).unwrap();
        assert_eq!(read_marks(&path).unwrap(), []);
    }

    #[test]
    fn what_is_broken_or_newer_is_refused_with_cause_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.weft.weftscope.json");
        write_marks(&path, &some()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let refused = |text: &str, cause: &str| {
            fs::write(&path, text).unwrap();
            let error = read_marks(&path).unwrap_err().to_string();
            assert!(error.contains(cause) && error.ends_with("run.weft.weftscope.json"), "{error}");
        };
        for cut in (0..text.len()).filter(|&cut| text.is_char_boundary(cut)) {
            refused(&text[..cut], "the marks cannot be read");
        }
        refused(
            &text.replace("\"version\": 1", "\"version\": 2"),
            "of version 2, this program knows 1",
        );
        refused(&text.replace("\"note\"", "\"colour\""), "unknown field");
        refused(&text.replace("4500", "1100"), "ends before it begins");
        refused("[]", "the marks cannot be read");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read_marks(&path).unwrap_err().to_string().contains("cannot read the marks"));
    }
}
