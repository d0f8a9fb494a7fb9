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

/// The window over a program there, or over its parts on each of these servers. It goes on when the window is closed.
pub(super) fn show(args: &ProgramArgs, servers: &[String]) -> Outcome {
    if args.record == RecordArg::Asked {
        let cause = "the window asks at once; start it there with `weftscope run --record asked`, and show it with `weftscope record --attach JOB --on SERVER`";
        return Err(Failure::misuse(cause, "--record"));
    }
    check_window(None, "--on")?;
    let words = args.command.iter().map(|word| word.to_str().map(str::to_owned));
    let command: Option<Vec<String>> = words.collect();
    let command = command.ok_or_else(|| Failure::misuse("a word of it is not UTF-8", "CMD"))?;
    let whom = |node: usize, folder| Whom::Start {
        command: command.clone(),
        folder,
        level: args.level.level(),
        patch: args.patch(),
        trigger: args.trigger().to_string(),
        variables: variables(node, servers.len()),
    };
    let watched = on(servers, &whom, &args.names, &title(args))?;
    window(watched, Classifier::default(), "weftscope run")
}

/// By which a program that is started on several servers knows its part, as torchrun's arguments are called; of one it needs none.
fn variables(node: usize, nodes: usize) -> Vec<(String, String)> {
    if nodes < 2 {
        return Vec::new();
    }
    vec![("NODE_RANK".to_owned(), node.to_string()), ("NNODES".to_owned(), nodes.to_string())]
}

/// What is watched on the servers that were named; `whom` gets the place of a server among them, and the folder named with it.
pub(in crate::cli) fn on(
    servers: &[String],
    whom: &dyn Fn(usize, Option<String>) -> Whom,
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
    let mut there: Vec<OnServer> = Vec::new();
    for (at, server) in servers.iter().enumerate() {
        let (target, folder) = named(server)?;
        let target_name = target.to_string();
        if there.iter().any(|other| other.server.to_string() == target_name) {
            return Err(Failure::misuse(format!("{target_name} is named twice"), "--on"));
        }
        let asked = ProgramAsked { whom: whom(at, folder), rules: rules.clone() };
        there.push(OnServer { ssh: Ssh::default(), server: target, asked });
    }
    let places: Vec<String> = there.iter().map(|part| part.server.to_string()).collect();
    let title = format!("{title} on {}", places.join(", "));
    Ok(Watched { program: Program::OnServers(there), title })
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
    fn each_part_knows_which_it_is_and_no_server_has_two() {
        let whom = |node, folder: Option<String>| {
            let (command, level, patch) = (vec!["true".to_owned()], None, "worth".to_owned());
            let (trigger, variables) = ("at-start".to_owned(), variables(node, 2));
            Whom::Start { command, folder, level, patch, trigger, variables }
        };
        let on = |servers: [&str; 2]| {
            on(&servers.map(str::to_owned), &whom, &NameArgs::default(), "true")
        };
        let watched = on(["ssh://a/x", "ssh://b"]).unwrap();
        assert_eq!(watched.title, "true on ssh://a, ssh://b");
        let Program::OnServers(parts) = watched.program else { panic!("it is elsewhere") };
        let facts = |part: &OnServer| match &part.asked.whom {
            Whom::Start { folder, variables, .. } => (folder.clone(), variables[0].1.clone()),
            Whom::There(_) => panic!("it is started"),
        };
        let parts: Vec<_> = parts.iter().map(facts).collect();
        assert_eq!(parts, [(Some("/x".to_owned()), "0".to_owned()), (None, "1".to_owned())]);
        assert!(on(["ssh://a/x", "ssh://a"]).is_err());
        assert!(super::variables(0, 1).is_empty());
    }

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
