//! A program to watch, as whoever has no program there asks for it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use weftscope_profiler::watch::{Begin, Level, Setup, Trigger, found::Found};
use weftscope_traces::Classifier;

/// What is to be watched, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramAsked {
    /// Which program.
    pub whom: Whom,
    /// What kernels are taken for, before the rules that ship.
    pub rules: Rules,
}

/// Which program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whom {
    /// One that is to be started.
    Start {
        /// The program and its arguments.
        command: Vec<String>,
        /// In this folder, from `~/` on in the home folder; `None`: where whoever starts it is.
        folder: Option<String>,
        /// How much is recorded; `None`: the most that can be had there.
        level: Option<Level>,
        /// Which modules are patched.
        patch: String,
        /// When recording begins, as [`Trigger`] has it as text.
        trigger: String,
        /// What its environment has besides that of whoever starts it.
        variables: Vec<(String, String)>,
    },
    /// One that runs: a process, or a job, as `weftscope ps` lists them.
    There(String),
}

/// Rules for what kernels are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Patterns of names that are communication.
    pub comm: Vec<String>,
    /// Name and text of a file of rules.
    pub file: Option<(String, String)>,
}

impl Rules {
    /// What they make of names.
    ///
    /// # Errors
    /// In words, when they are none.
    pub fn classifier(&self) -> Result<Classifier, String> {
        let classifier = Classifier::new(&self.comm).map_err(|error| error.to_string())?;
        match &self.file {
            Some((name, text)) => {
                classifier.with_rules(name, text).map_err(|error| error.to_string())
            }
            None => Ok(classifier),
        }
    }
}

impl ProgramAsked {
    /// What stands for it: the command line, or what was meant.
    pub fn title(&self) -> String {
        match &self.whom {
            Whom::Start { command, .. } => shlex::try_join(command.iter().map(String::as_str))
                .unwrap_or_else(|_| command.join(" ")),
            Whom::There(whom) => whom.clone(),
        }
    }
}

/// What a level needs, or the most that can be had here; all of it is there.
///
/// # Errors
/// In words, with what is missing, or why recording cannot begin as asked.
pub fn setup_for(level: Option<Level>, trigger: &Trigger) -> Result<Setup, String> {
    let setup = level.map_or_else(Setup::most, Setup::find).map_err(|error| error.to_string())?;
    // Nothing is left of the level without it, and the program may run for hours.
    if let Some(missing) = setup.missing.first() {
        return Err(missing.clone());
    }
    let listens = trigger.steps.is_some()
        || matches!(trigger.begin, Begin::Profiler | Begin::AfterSteps(_) | Begin::Range(_));
    if listens && setup.level() != Level::Blocks {
        let level = setup.level();
        return Err(format!(
            "at level {level} no call of the program's is listened to, so steps, cudaProfilerStart and ranges to record by are not known"
        ));
    }
    Ok(setup)
}

/// Why nobody is there to be recorded.
#[derive(Debug)]
pub struct NotThere {
    /// A process or its socket; `None`: whoever was meant.
    pub whom: Option<String>,
    /// Why.
    pub why: String,
}

/// Sockets of those that can be recorded, and what they run.
///
/// # Errors
/// [`NotThere`]
pub fn attachable(found: Vec<Found>) -> Result<(Vec<PathBuf>, String), NotThere> {
    if found.is_empty() {
        let why = "no process listens by that name (weftscope ps lists them)".to_owned();
        return Err(NotThere { whom: None, why });
    }
    let mut title = String::new();
    let mut sockets = Vec::new();
    for process in found {
        match process.hello {
            Err(why) => {
                return Err(NotThere { whom: Some(process.socket.display().to_string()), why });
            }
            Ok(hello) if hello.is_watched => {
                let why = format!("process {} is being recorded", hello.pid);
                return Err(NotThere { whom: None, why });
            }
            Ok(hello) => {
                if title.is_empty() {
                    title = hello.command.join(" ");
                }
                sockets.push(process.socket);
            }
        }
    }
    if sockets.len() > 1 {
        title = format!("{title} ({} processes)", sockets.len());
    }
    Ok((sockets, title))
}

#[cfg(test)]
mod tests {
    use weftscope_profiler::watch::Hello;

    use super::*;

    fn found(pid: u32, hello: Result<Hello, String>) -> Found {
        Found { socket: format!("/job/{pid}.sock").into(), hello }
    }

    fn hello(is_watched: bool) -> Hello {
        let command = vec!["python".to_owned(), "serve.py".to_owned()];
        Hello { pid: 7, command, is_watched, ..Hello::default() }
    }

    #[test]
    fn whoever_is_free_is_recorded_and_who_is_not_is_named() {
        let (sockets, title) =
            attachable(vec![found(1, Ok(hello(false))), found(2, Ok(hello(false)))]).unwrap();
        assert_eq!((sockets.len(), title.as_str()), (2, "python serve.py (2 processes)"));
        for (found, told) in [
            (vec![], "no process listens by that name"),
            (vec![found(1, Ok(hello(true)))], "process 7 is being recorded"),
            (vec![found(1, Err("gone".to_owned()))], "gone"),
        ] {
            let error = format!("{:?}", attachable(found).unwrap_err());
            assert!(error.contains(told), "{error}");
        }
    }
}
