//! What the library was asked for, by environment variables.

use std::{ffi::OsString, path::PathBuf};

use weftscope_wire::{Level, Trigger, variables};

/// Which modules are patched.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// These,
    pub which: Which,
    /// without those with a kernel whose name holds one of these.
    pub without: Vec<String>,
    /// What all stamps may take of the time of the kernels that leave them; `None`: whatever they take.
    pub within: Option<f64>,
}

impl Patch {
    /// Out of text: `worth`, `all` or a part of a kernel's name, then `-NAME` for each that is left out and `within:SHARE`, with commas
    /// between.
    pub fn of(text: &str) -> Self {
        let mut which = Which::Worth;
        let (mut without, mut within) = (Vec::new(), None);
        for word in text.split(',').filter(|word| !word.is_empty()) {
            if let Some(share) = word.strip_prefix("within:") {
                within = share.parse().ok();
                continue;
            }
            match (word.strip_prefix('-'), word) {
                (Some(name), _) => without.push(name.to_owned()),
                (None, "worth") => which = Which::Worth,
                (None, "all") => which = Which::All,
                (None, part) => which = Which::Named(part.to_owned()),
            }
        }
        without.retain(|name| !name.is_empty());
        Self { which, without, within }
    }
}

/// Kernels whose modules are patched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those with kernels of few, long blocks, by name.
    Worth,
    /// All, whatever they cost.
    All,
    /// Those with a kernel whose name holds this.
    Named(String),
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
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
            patch: Patch::of(&text(variables::PATCH).unwrap_or_default()),
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
            (Level::Blocks, Trigger::default(), Patch::of("worth"))
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
        assert_eq!(some.patch, Patch::of("nvjet"));
        let auto = settings(&[("WEFTSCOPE_JOB", "/j"), ("WEFTSCOPE_LEVEL", "auto")]).unwrap();
        assert_eq!((auto.level, auto.steps_down), (Level::Blocks, true));
    }

    #[test]
    fn kernels_are_left_out_by_name() {
        let patch = Patch::of("all,-splitKreduce,-norm,");
        assert_eq!(patch.which, Which::All);
        assert_eq!(patch.without, ["splitKreduce", "norm"]);
        assert_eq!(Patch::of("-x").which, Which::Worth);
        let within = Patch::of("worth,-x,within:0.05");
        assert_eq!((within.within, within.without), (Some(0.05), vec!["x".to_owned()]));
        assert_eq!(patch.within, None);
        assert_eq!(Patch::of("").without, Vec::<String>::new());
    }
}
