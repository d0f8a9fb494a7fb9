//! `completions` and `man`: what a shell and `man` know of the commands, made from their own definitions.

use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::generate;
use clap_mangen::Man;

use super::{
    Cli, Failure, Outcome,
    args::{CompletionsArgs, ManArgs},
};
use crate::files::{FileError, did_you_mean};

/// Prints a script that the shell reads.
pub(super) fn completions(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "weftscope", &mut script);
    print(&script)
}

/// Prints a page for `man`, or writes them all.
pub(super) fn man(args: &ManArgs) -> Outcome {
    let mut program = Cli::command();
    program.build();
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder)
            .map_err(|error| FileError::io("cannot make the folder", &error, folder))?;
        let hidden = program.get_subcommands().filter(|command| !command.is_hide_set());
        for command in hidden.cloned().chain([program.clone()]) {
            write_page(command, folder)?;
        }
        return Ok(());
    }
    let Some(name) = &args.command else { return print(&page(program)?) };
    let command = program.get_subcommands().find(|command| command.get_name() == name);
    match command {
        Some(command) => print(&page(command.clone())?),
        None => {
            let near = did_you_mean(name, program.get_subcommands().map(Command::get_name));
            Err(Failure::misuse(format!("no such command{near}"), name))
        }
    }
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}

fn write_page(command: Command, folder: &Path) -> Outcome {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = folder.join(format!("{name}.1"));
    let page = page(command)?;
    std::fs::write(&path, page).map_err(|error| FileError::io("cannot write", &error, &path))?;
    Ok(())
}

fn print(bytes: &[u8]) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}
