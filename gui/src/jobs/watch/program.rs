//! Where a program is that is watched.

use std::{ffi::OsString, path::PathBuf};

use weftscope_profiler::watch::{Order, Place, Setup, Trigger, found::meant};

use super::asked::{NotThere, ProgramAsked, Whom, attachable, setup_for};
use crate::remote::{Ssh, Target};

/// A program to watch.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Where it is.
    pub program: Program,
    /// The command line.
    pub title: String,
}

/// Where a program is that is to be watched.
#[derive(Clone, Debug)]
pub enum Program {
    /// It is to be started.
    Start {
        /// What watching needs.
        setup: Box<Setup>,
        /// What to start.
        order: Box<Order>,
    },
    /// It runs, and its processes listen on these sockets.
    There(Vec<PathBuf>),
    /// It is, or will be, on servers: one, or a part of it on each.
    OnServers(Vec<OnServer>),
}

/// A program on a server, or that server's part of one.
#[derive(Clone, Debug)]
pub struct OnServer {
    /// How servers are reached.
    pub ssh: Ssh,
    /// Which.
    pub server: Target,
    /// What is asked of it.
    pub asked: ProgramAsked,
}

impl Watched {
    /// The program on this computer; one that is started says what it says into `output`.
    ///
    /// # Errors
    /// In words, when something that it needs is not there.
    pub(crate) fn here(
        asked: &ProgramAsked,
        (folder, output): (Option<PathBuf>, PathBuf),
    ) -> Result<Self, String> {
        let (command, level, patch, trigger, variables) = match &asked.whom {
            Whom::There(whom) => {
                let (sockets, title) = attachable(meant(whom)).map_err(
                    |NotThere { whom: place, why }| match place {
                        Some(place) => format!("{place}: {why}"),
                        None => format!("{whom}: {why}"),
                    },
                )?;
                return Ok(Self { program: Program::There(sockets), title });
            }
            Whom::Start { command, level, patch, trigger, variables, .. } => {
                (command, level, patch, trigger, variables)
            }
        };
        let trigger = Trigger::of(trigger).ok_or("it is not understood when to record")?;
        let setup = setup_for(*level, &trigger)?;
        let command = command.iter().map(OsString::from).collect();
        let place = Place { folder, output: Some(output), variables: variables.clone() };
        let order = Order { command, patch: patch.clone(), trigger, place };
        let program = Program::Start { setup: Box::new(setup), order: Box::new(order) };
        Ok(Self { program, title: asked.title() })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::asked::Rules, *};

    #[test]
    fn who_is_not_there_and_what_is_not_understood_is_said() {
        let asked = |whom| ProgramAsked { whom, rules: Rules::default() };
        let place = || (None, PathBuf::from("/nowhere/log"));
        let whom = Whom::There("no-such-job".to_owned());
        let told = Watched::here(&asked(whom), place()).unwrap_err();
        assert_eq!(told, "no-such-job: no process listens by that name (weftscope ps lists them)");
        let (command, patch) = (vec!["sh".to_owned(), "a b".to_owned()], "worth".to_owned());
        let (folder, level, trigger) = (None, None, "sometime".to_owned());
        let variables = Vec::new();
        let started = asked(Whom::Start { command, folder, level, patch, trigger, variables });
        assert_eq!(started.title(), "sh 'a b'");
        assert_eq!(
            Watched::here(&started, place()).unwrap_err(),
            "it is not understood when to record"
        );
        let wrong = Rules { comm: vec!["(".to_owned()], file: None };
        assert!(wrong.classifier().is_err());
    }
}
