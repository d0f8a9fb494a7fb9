//! A recording on a server: `ssh://user@host:port/path/of/it`, from `/~/` on in the home folder there.

use std::path::{Path, PathBuf};

use super::{Target, TargetError};

/// Where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// On which server.
    pub target: Target,
    /// Path there.
    pub path: String,
}

impl Recording {
    /// The recording that is named in the place of files; `None` where none is, or a server alone.
    ///
    /// # Errors
    /// [`TargetError`] for an address that is none.
    pub fn among(files: &[PathBuf]) -> Result<Option<Self>, TargetError> {
        let place = files.iter().filter_map(|file| file.to_str()).find_map(parts);
        let Some((server, path)) = place else { return Ok(None) };
        let target = server.parse()?;
        let home = path.strip_prefix("/~/").map(|rest| format!("~/{rest}"));
        Ok(Some(Self { target, path: home.unwrap_or_else(|| path.to_owned()) }))
    }

    /// Whether a file is meant as one.
    pub fn is_meant(file: &Path) -> bool {
        file.to_str().and_then(parts).is_some()
    }
}

/// The server, and the path there, which begins with a slash and is more than that.
fn parts(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    // A link of `weftscope serve` leads to a run alone.
    let scheme = text.find("://").filter(|_| text.starts_with("ssh://"))? + 3;
    let slash = scheme + text[scheme..].find('/')?;
    (text.len() > slash + 1).then(|| text.split_at(slash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_behind_a_server_is_a_recording_there() {
        for (text, expected) in [
            ("ssh://box/data/run 7.weft", Some(("ssh://box", "/data/run 7.weft"))),
            (
                "ssh://ann@box:2222/~/runs/x.json.gz",
                Some(("ssh://ann@box:2222", "~/runs/x.json.gz")),
            ),
            ("ssh://[::1]/x", Some(("ssh://[::1]", "/x"))),
            ("ssh://box", None),
            ("ssh://box/", None),
            ("runs/ssh.weft", None),
        ] {
            let place = Recording::among(&[PathBuf::from(text)]).unwrap();
            let found = place.as_ref().map(|place| (place.target.to_string(), &place.path[..]));
            let expected = expected.map(|(server, path)| (server.to_owned(), path));
            assert_eq!(found, expected, "{text}");
            assert_eq!(Recording::is_meant(Path::new(text)), expected.is_some(), "{text}");
        }
        assert!(Recording::among(&[PathBuf::from("ssh://-oX/x")]).is_err());
    }
}
