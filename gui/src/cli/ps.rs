//! `ps`: processes that are there to be recorded.

use std::io::Write;

use weftscope_profiler::watch::{
    folders::tidy,
    found::{Found, all},
};

use super::{Outcome, plain};

/// Prints one line a process.
pub(super) fn run() -> Outcome {
    let mut out = plain::stdout();
    tidy();
    let found = all();
    if !found.is_empty() {
        writeln!(out, "job             pid  rank  level     recorded  GPUs, command")?;
    }
    for process in &found {
        writeln!(out, "{}", line(process))?;
    }
    writeln!(
        out,
        "{}Processes that were started without `weftscope run` are not here: the library must be there when CUDA is\n\
         initialised; `weftscope run --record asked -- CMD…` starts a program that costs little until it is asked.",
        if found.is_empty() { "No process listens.\n" } else { "" }
    )?;
    Ok(out.flush()?)
}

fn line(found: &Found) -> String {
    let pid = found.pid().map_or_else(|| "–".to_owned(), |pid| pid.to_string());
    let rank = found.rank().map_or_else(|| "–".to_owned(), |rank| rank.to_string());
    let start = format!("{:<12} {pid:>6}  {rank:>4}", found.job());
    match &found.hello {
        Err(why) => format!("{start}  does not answer: {why}"),
        Ok(hello) => {
            let level = hello.level.map_or("none", |level| level.name());
            let recorded = if hello.is_watched { "yes" } else { "no" };
            let gpus = match hello.gpus.len() {
                0 => String::new(),
                _ => format!("{}, ", hello.gpus.join(" + ")),
            };
            let missing: String =
                hello.missing.iter().map(|missing| format!("\n{:27}{missing}", "")).collect();
            format!(
                "{start}  {level:<8}  {recorded:<8}  {gpus}{}{missing}",
                hello.command.join(" ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use weftscope_profiler::watch::{Hello, Level};

    use super::*;

    #[test]
    fn a_process_is_a_line_and_says_what_it_lacks() {
        let hello = Hello {
            level: Some(Level::Channels),
            command: vec!["python".to_owned(), "serve.py".to_owned()],
            variables: vec![("RANK".to_owned(), "1".to_owned())],
            gpus: vec!["NVIDIA H200".to_owned()],
            missing: vec!["no Sanitizer".to_owned()],
            ..Hello::default()
        };
        let mut found = Found { socket: "/run/weftscope/7-0/42.sock".into(), hello: Ok(hello) };
        assert_eq!(
            line(&found),
            "7-0              42     1  channels  no        NVIDIA H200, python serve.py\n                           no Sanitizer"
        );
        found.hello = Err("gone".to_owned());
        assert_eq!(line(&found), "7-0              42     –  does not answer: gone");
    }
}
