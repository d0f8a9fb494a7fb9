use std::path::Path;

use clap::{Command, CommandFactory};

use super::{Cli, Failure, Outcome, args::WindowArgs, doctor};
#[cfg(feature = "live")]
use crate::remote::{Recording, Ssh, Target, TargetError};
use crate::{
    app::{self, Start},
    cluster,
    files::{FileError, Sample, did_you_mean, is_elsewhere},
};

/// The window, or the same without one where there is no display.
pub(super) fn run(args: &WindowArgs) -> Outcome {
    let server = server(args)?;
    for file in args.files.iter().filter(|_| server.is_none()).chain(&args.against) {
        check(file)?;
    }
    if args.headless || !doctor::has_display() {
        if server.is_some() {
            let cause = "a run on a server is looked at in a window, and there is no display";
            return Err(Failure::failed(cause, "DISPLAY"));
        }
        return without_window(args);
    }
    let files = if server.is_some() { Vec::new() } else { args.files.clone() };
    let start = Start {
        against: args.against.clone(),
        classifier: args.names.classifier()?,
        #[cfg(feature = "live")]
        server: server.map(|target| (Ssh::default(), target)),
        ..Start::opening(files)
    };
    let Err(error) = app::run_window(start) else { return Ok(()) };
    // Not an error of the command: the same work is done without the window.
    let error = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let line = format!("weftscope: no window could be opened ({error}); running without\n");
    let _unheard = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    without_window(args)
}

/// The server that is named in the place of files.
#[cfg(feature = "live")]
fn server(args: &WindowArgs) -> Result<Option<Target>, Failure> {
    let as_text = |file: &std::path::PathBuf| file.to_string_lossy().into_owned();
    let servers = args.files.iter().filter(|file| !Recording::is_meant(file)).map(as_text);
    let Some(text) = servers.into_iter().find(|text| Target::is_meant(text)) else {
        return Ok(None);
    };
    if args.files.len() > 1 {
        // Not what was given: it may be a link, and that a secret.
        return Err(Failure::misuse("a server is named alone", "FILE"));
    }
    text.parse().map(Some).map_err(|error: TargetError| Failure::misuse(error.to_string(), "FILE"))
}

/// A program without an engine has nothing to run elsewhere.
#[cfg(not(feature = "live"))]
fn server(_args: &WindowArgs) -> Result<Option<()>, Failure> {
    Ok(None)
}

/// A wrong path is reported on the command line, not in a window that opens first.
fn check(file: &Path) -> Outcome {
    if is_elsewhere(file) {
        return Ok(());
    }
    if Sample::of_path(file)?.is_some() {
        return Ok(());
    }
    let Err(error) = std::fs::metadata(file) else { return Ok(()) };
    let is_word = file.extension().is_none() && file.components().count() == 1;
    if error.kind() == std::io::ErrorKind::NotFound && is_word {
        let typed = file.display().to_string();
        let program = Cli::command();
        let near = did_you_mean(&typed, program.get_subcommands().map(Command::get_name));
        let cause = format!("neither a command nor a file{near} (weftscope --help explains)");
        return Err(Failure::misuse(cause, &typed));
    }
    Err(FileError::io("cannot open", &error, file).into())
}

fn without_window(args: &WindowArgs) -> Outcome {
    let files = &args.files;
    if !args.against.is_empty() {
        if files.is_empty() {
            let cause = "without a window it takes a recording to compare: FILE --against FILE";
            return Err(Failure::misuse(cause, "--against"));
        }
        return super::compare::run(&super::args::CompareArgs {
            files: args.against.clone(),
            to: files.clone(),
            fail_over: None,
            by_layer: false,
            json: false,
            table: None,
            names: args.names.clone(),
        });
    }
    if files.is_empty() {
        return super::headless::run(Path::new("."));
    }
    let is_digests = |file: &Path| !matches!(cluster::folder_of(file), Ok(None));
    if let Some(folder) = files.iter().find(|file| is_digests(file)) {
        let cause = "digests of a job are looked at in a window, and there is no display";
        return Err(Failure::failed(cause, folder.display()));
    }
    super::report::run(&super::args::ReportArgs {
        files: files.to_vec(),
        json: false,
        table: None,
        names: args.names.clone(),
    })
}
