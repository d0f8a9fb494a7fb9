//! What the library was asked for, by environment variables.

use std::{ffi::OsString, path::PathBuf};

use weftscope_wire::{Level, Trigger, variables};

/// Which modules are patched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Patch {
    /// Those with kernels of few, long blocks, by name.
    Worth,
    /// All, whatever they cost.
    All,
    /// Those with a kernel whose name holds this.
    Named(String),
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Folder in which the socket is made.
    pub job: PathBuf,
    /// The most that may be recorded.
    pub level: Level,
    /// Where that cannot be had, the next less.
    pub steps_down: bool,
    /// When to record.
    pub trigger: Trigger,
    /// Folder of compiled device code; needed for blocks.
    pub programs: Option<PathBuf>,
    /// The Sanitizer's library; needed for blocks.
    pub sanitizer: Option<PathBuf>,
    /// Which modules are patched.
    pub patch: Patch,
}

impl Settings {
    /// From a look-up of variables; `None`: this process is not to be watched.
    pub fn from(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let text = |name| variable(name).and_then(|value| value.into_string().ok());
        let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let level = text(variables::LEVEL);
        Some(Self {
            job: path(variables::JOB)?,
            steps_down: level.as_deref() == Some(variables::AUTO),
            level: level.and_then(|name| Level::of(&name)).unwrap_or(Level::Blocks),
            // Whoever asks for something else is told by the command line; the program itself goes on.
            trigger: text(variables::RECORD)
                .and_then(|text| Trigger::of(&text))
                .unwrap_or_default(),
            programs: path(variables::PROGRAMS),
            sanitizer: path(variables::SANITIZER),
            patch: match text(variables::PATCH).as_deref() {
                None | Some("" | "worth") => Patch::Worth,
                Some("all") => Patch::All,
                Some(part) => Patch::Named(part.to_owned()),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use weftscope_wire::Begin;

    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Option<Settings> {
        Settings::from(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn without_a_job_nobody_watches() {
        assert_eq!(settings(&[("WEFTSCOPE_LEVEL", "blocks")]), None);
        assert_eq!(settings(&[("WEFTSCOPE_JOB", "")]), None);
    }

    #[test]
    fn what_is_not_said_is_as_much_as_pays() {
        let all = settings(&[("WEFTSCOPE_JOB", "/j")]).unwrap();
        assert_eq!(
            (all.level, all.trigger, all.patch),
            (Level::Blocks, Trigger::default(), Patch::Worth)
        );
        let some = settings(&[
            ("WEFTSCOPE_JOB", "/j"),
            ("WEFTSCOPE_LEVEL", "channels"),
            ("WEFTSCOPE_RECORD", "at-start"),
            ("WEFTSCOPE_PATCH", "nvjet"),
        ])
        .unwrap();
        assert_eq!((some.level, some.steps_down), (Level::Channels, false));
        assert_eq!(some.trigger.begin, Begin::AtStart);
        assert_eq!(some.patch, Patch::Named("nvjet".to_owned()));
        let auto = settings(&[("WEFTSCOPE_JOB", "/j"), ("WEFTSCOPE_LEVEL", "auto")]).unwrap();
        assert_eq!((auto.level, auto.steps_down), (Level::Blocks, true));
    }
}
