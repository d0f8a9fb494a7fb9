use std::path::Path;

use super::FileError;

/// What a trace can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TraceFormat {
    /// The native format, everything kept.
    Weft,
    /// Chrome/Kineto JSON, plain.
    Json,
    /// Chrome/Kineto JSON, gzip.
    JsonGz,
}

impl TraceFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Weft, Self::Json, Self::JsonGz];

    /// What file names end with, without the first dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Weft => "weft",
            Self::Json => "json",
            Self::JsonGz => "json.gz",
        }
    }

    /// The format that a file name asks for.
    ///
    /// # Errors
    /// [`FileError`] naming the endings that are known.
    pub fn of_path(path: &Path) -> Result<Self, FileError> {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
        let name = name.unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|format| name.ends_with(&format!(".{}", format.extension())))
            .ok_or_else(|| {
                let cause = "cannot tell the format: the name must end in .json, .json.gz or .weft";
                FileError::new(cause, path)
            })
    }
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
        assert_eq!(of("b.gz"), None);
        assert_eq!(of("json"), None);
        assert_eq!(of(".."), None);
    }
}
