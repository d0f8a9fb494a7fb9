//! `weftscope agent`: the server's end of a window elsewhere.

use std::{io, time::Duration};

use clap::Args;

#[cfg(feature = "gpus")]
use super::interrupt;
use super::{Failure, Outcome, until::Until};
use crate::{
    files::host_name,
    here::{here_of, probe},
    remote::{Offer, serve},
};

/// How long writing down what a window does not have may take.
const LAST_WORK: Duration = Duration::from_secs(600);

/// `agent`.
#[derive(Debug, Args)]
pub struct AgentArgs {
    /// Speak over standard input and output; `weftscope serve` listens on a socket.
    #[arg(long, required = true)]
    pub stdio: bool,
    /// Offer simulated machines alone.
    #[arg(long)]
    pub no_gpus: bool,
}

/// Serves one window until it goes.
pub(super) fn run(args: &AgentArgs) -> Outcome {
    let offer = offer(args.no_gpus);
    // Whoever ends it (a node's scheduler, a shell that is left) lets it write down first what the window does not have.
    #[cfg(feature = "gpus")]
    let interrupts = interrupt::await_them();
    #[cfg(feature = "gpus")]
    let is_over = move || interrupts.count() > 0;
    #[cfg(not(feature = "gpus"))]
    let is_over = || false;
    let input = Until::of(io::stdin(), is_over)
        .map_err(|error| Failure::failed(format!("no thread to read on: {error}"), "agent"))?;
    let served = serve(input, io::stdout(), &offer);
    // What a program has told is not lost with the window.
    offer.busy.wait(LAST_WORK);
    let in_time = offer.executors.close();
    served.map_err(|error| Failure::failed(error, "standard input"))?;
    if in_time {
        Ok(())
    } else {
        Err(Failure::failed("the GPUs are still busy and are left to the driver", "agent"))
    }
}

/// What this computer offers to windows elsewhere.
pub(super) fn offer(no_gpus: bool) -> Offer {
    // Without GPUs there is nothing to tell: `weftscope doctor` says why.
    let found = if no_gpus { None } else { probe().ok() };
    let machine = found.as_ref().map(|found| here_of(found).machine);
    let gpus = found.map(Into::into);
    Offer { gpus, machine, host: host_name(), ..Offer::default() }
}
