use std::{fs, path::Path};

use super::FileError;

/// The content of the file that `text` names, when it looks like a path; `what` it is of, and the `names` of those that need no file.
///
/// # Errors
/// [`FileError`]: there is none, or it cannot be read.
pub fn read_named_file(text: &str, what: &str, names: &str) -> Result<Option<String>, FileError> {
    let path = Path::new(text);
    if !text.ends_with(".json") && !text.contains('/') {
        return Ok(None);
    }
    if !path.exists() {
        let cause = format!("no such {what} file (built in are {names})");
        return Err(FileError::new(cause, path));
    }
    let read = fs::read_to_string(path);
    read.map(Some).map_err(|error| FileError::io("cannot read", &error, path))
}
