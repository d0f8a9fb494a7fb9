//! Paths as people type and paste them, and what a folder stands for.

use std::{
    fs,
    path::{Path, PathBuf, absolute},
};

use super::{FileError, MARKS_ENDING, Sample};

/// The paths in a line of text: one that exists as it stands, spaces and all; else several, split as a shell splits words
/// (quotes and backslashes hold spaces together). Addresses that begin with `file://`, as file managers copy them, are
/// paths too.
pub fn paths_of_text(text: &str) -> Vec<PathBuf> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    if Path::new(text).exists() {
        return vec![PathBuf::from(text)];
    }
    let words = shlex::split(text).unwrap_or_else(|| vec![text.to_owned()]);
    words.iter().map(|word| path_of_word(word)).collect()
}

fn path_of_word(word: &str) -> PathBuf {
    let Some(address) = word.strip_prefix("file://") else { return PathBuf::from(word) };
    // A host may stand before the path; files of other hosts are not reached this way.
    let path = address.find('/').map_or(address, |at| &address[at..]);
    PathBuf::from(percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned())
}

/// Files for paths of files and folders, as [`in_folders`] has them. All are absolute, samples aside.
///
/// # Errors
/// As [`in_folders`], and for a sample that there is not.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let whole = |path: PathBuf| {
        // A name of no sample may be that of a file.
        let is_sample = !path.exists() && Sample::of_path(&path)?.is_some();
        Ok(if is_sample { path } else { absolute(&path).unwrap_or(path) })
    };
    in_folders(paths)?.into_iter().map(whole).collect()
}

/// Paths as they are, but for folders: one stands for the recordings that lie in it (not below), in the order of their
/// names.
///
/// # Errors
/// [`FileError`] for a folder that cannot be read or holds no recording.
pub fn in_folders(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        if path.is_dir() {
            files.extend(recordings_in(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn recordings_in(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let cannot = |error: std::io::Error| FileError::io("cannot read the folder", &error, folder);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.is_file() && is_recording(&path) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(FileError::new("no recording lies in this folder", folder));
    }
    Ok(files)
}

/// By its name; every format may be packed.
fn is_recording(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let bare = name.strip_suffix(".gz").unwrap_or(&name);
    let mut endings = weftscope_traces::FORMATS.iter().flat_map(|format| format.endings);
    !name.starts_with('.')
        && !name.ends_with(MARKS_ENDING)
        && endings.any(|ending| name.ends_with(ending) || bare.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_path_or_several() {
        let folder = tempfile::tempdir().unwrap();
        let spaced = folder.path().join("my run.json");
        fs::write(&spaced, "[]").unwrap();
        let text = |path: &Path| path.display().to_string();
        assert_eq!(paths_of_text(&text(&spaced)), [spaced.as_path()]);
        assert_eq!(
            paths_of_text("  a.json 'b c.json' d\\ e.json "),
            ["a.json", "b c.json", "d e.json"].map(PathBuf::from)
        );
        let address = format!("file://{} file://host/x.json", text(&spaced).replace(' ', "%20"));
        assert_eq!(paths_of_text(&address), [spaced, PathBuf::from("/x.json")]);
        assert!(paths_of_text("  ").is_empty());
        assert_eq!(
            paths_of_text("it's"),
            [PathBuf::from("it's")],
            "an open quote is part of the name"
        );
    }

    #[test]
    fn a_folder_stands_for_its_recordings() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "r1.json.gz",
            "r0.json",
            "notes.txt",
            ".r0.json.1-2.part",
            "a.weft",
            "a.weft.weftscope.json",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let sample = super::super::SAMPLES[0].path();
        let files = expand(&[folder.path().to_owned(), sample.clone(), "x.json".into()]).unwrap();
        let names: Vec<_> =
            files[..3].iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.weft", "r0.json", "r1.json.gz"]);
        assert!(files.iter().all(|path| path.is_absolute() || *path == sample));
        assert_eq!(files[3], sample);
        let empty = tempfile::tempdir().unwrap();
        let error = expand(&[empty.path().to_owned()]).unwrap_err();
        assert!(error.to_string().starts_with("no recording lies in this folder: /"), "{error}");
        let error = expand(&["sample:none-such".into()]).unwrap_err();
        assert!(error.to_string().starts_with("no such sample"), "{error}");
    }
}
