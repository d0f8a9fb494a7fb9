//! `run --on`: the program on a server, the window here.

use std::{fs, path::PathBuf};

use weftscope_traces::Classifier;

use super::{ProgramArgs, RecordArg, check_window, title, window};
use crate::{
    cli::{Failure, Outcome, names::NameArgs},
    files::FileError,
    jobs::{OnServer, Program, ProgramAsked, Rules, Watched, Whom},
    remote::{Recording, Ssh, Target},
};

/// The window over a program there. It goes on when the window is closed.
pub(super) fn show(args: &ProgramArgs, server: &str) -> Outcome {
    if args.record == RecordArg::Asked {
        let cause = "the window asks at once; start it there with `weftscope run --record asked`, and show it with `weftscope record --attach JOB --on SERVER`";
        return Err(Failure::misuse(cause, "--record"));
    }
    check_window(None, "--on")?;
    let words = args.command.iter().map(|word| word.to_str().map(str::to_owned));
    let command: Option<Vec<String>> = words.collect();
    let command = command.ok_or_else(|| Failure::misuse("a word of it is not UTF-8", "CMD"))?;
    let (_, folder) = named(server)?;
    let whom = Whom::Start {
        command,
        folder,
        level: args.level.level(),
        patch: args.patch(),
        trigger: args.trigger().to_string(),
    };
    let watched = on(server, whom, &args.names, &title(args))?;
    window(watched, Classifier::default(), "weftscope run")
}

/// What is watched on a server that was named.
pub(in crate::cli) fn on(
    server: &str,
    whom: Whom,
    names: &NameArgs,
    title: &str,
) -> Result<Watched, Failure> {
    // What is wrong with the rules is told before anything is reached.
    names.classifier()?;
    let text = |path: &PathBuf| {
        let text = fs::read_to_string(path).map_err(|e| FileError::io("cannot read", &e, path))?;
        Ok::<_, Failure>((path.display().to_string(), text))
    };
    let file = names.rules.as_ref().map(text).transpose()?;
    let rules = Rules { comm: names.comm.clone(), file };
    let (target, _) = named(server)?;
    let title = format!("{title} on {target}");
    let asked = ProgramAsked { whom, rules };
    let there = OnServer { ssh: Ssh::default(), server: target, asked };
    Ok(Watched { program: Program::OnServer(there), title })
}

/// The server, and a folder there.
pub(in crate::cli) fn named(server: &str) -> Result<(Target, Option<String>), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::misuse(error.to_string(), "--on");
    let place = Recording::among(&[PathBuf::from(server)]).map_err(|error| wrong(&error))?;
    if let Some(place) = place {
        return Ok((place.target, Some(place.path)));
    }
    match server.parse() {
        Ok(Target::Weft(_)) => Err(wrong(&"programs are watched over ssh:// alone")),
        Ok(target) => Ok((target, None)),
        Err(error) => Err(wrong(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_have_a_folder_behind_it() {
        let named = |text| named(text).map(|(target, folder)| (target.to_string(), folder));
        assert_eq!(named("ssh://box").unwrap(), ("ssh://box".to_owned(), None));
        let (target, folder) = named("ssh://ann@box:2222/~/serving").unwrap();
        assert_eq!((&target[..], folder.as_deref()), ("ssh://ann@box:2222", Some("~/serving")));
        assert_eq!(named("ssh://box/data/x").unwrap().1.as_deref(), Some("/data/x"));
        for wrong in ["box", "ssh://-oX", "weft://localhost:9338#token=x"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }
}
