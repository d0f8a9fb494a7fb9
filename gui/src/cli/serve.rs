//! `weftscope serve`: the server's end of windows elsewhere, on a socket.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
};

use clap::Args;

use super::{Failure, Outcome, agent::offer};
use crate::{
    app::live::away::SharedRun,
    remote::{Bound, Log, Serving, Where, secrets_folder},
};

/// Where it listens unless told otherwise: WEFT on the keys of a telephone.
const PORT: u16 = 9338;

/// `serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "It prints the link for windows: weftscope 'weft://HOST:PORT#token=…'. The link is a secret, since whoever has it may run plans here; the token is kept in a file of yours alone, and removing that file makes another.\n\nExamples:\n  weftscope serve                              on this computer alone, for ssh -L 9338:localhost:9338 or kubectl port-forward\n  weftscope serve --unix /run/user/1000/w.sock\n  weftscope serve --listen 0.0.0.0:9338 --tls  for other computers"
)]
pub struct ServeArgs {
    /// Address and port to listen on; port 0: any that is free. Beyond 127.0.0.1 and ::1 only with --tls [default: 127.0.0.1:9338].
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address, conflicts_with = "unix")]
    pub listen: Option<SocketAddr>,
    /// Listen on a socket in the file system instead, which nobody but you may enter.
    #[arg(long, value_name = "PATH")]
    pub unix: Option<PathBuf>,
    /// Speak TLS 1.3 alone, with a certificate that is made once and kept beside the token; its SHA-256 stands in the link.
    #[arg(long, conflicts_with = "unix")]
    pub tls: bool,
    /// The file of the token, made where there is none; refused when others may read it [default: ~/.config/weftscope/token].
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Print the link without its token: windows then read it from a file of their own (`WEFTSCOPE_TOKEN_FILE`).
    #[arg(long)]
    pub no_token_in_link: bool,
    /// Offer simulated machines alone.
    #[arg(long)]
    pub no_gpus: bool,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| "an address and a port, as 127.0.0.1:9338 or [::1]:9338".to_owned())
}

/// Serves windows until it is interrupted.
pub(super) fn run(args: &ServeArgs) -> Outcome {
    let place = match (&args.unix, args.listen) {
        (Some(path), _) => Where::Unix(path.clone()),
        (None, address) => Where::Tcp(address.unwrap_or(([127, 0, 0, 1], PORT).into())),
    };
    let token_file = match &args.token_file {
        Some(file) => file.clone(),
        None => secrets_folder().map_err(failed)?.join("token"),
    };
    let mut offer = offer(args.no_gpus);
    offer.shared = Some(SharedRun::default());
    let bound = Bound::to(&place, &token_file, args.tls, &offer.host).map_err(failed)?;
    say(&bound, args, &token_file)?;
    let executors = offer.executors.clone();
    let serving = Serving::begin(bound, offer, Log::to(io::stderr())).map_err(failed)?;
    wait(&serving);
    if executors.close() {
        Ok(())
    } else {
        Err(failed("the GPUs are still busy and are left to the driver"))
    }
}

fn failed(cause: impl std::fmt::Display) -> Failure {
    Failure::failed(cause, "serve")
}

/// The link on standard output, what it means on standard error.
fn say(bound: &Bound, args: &ServeArgs, token_file: &std::path::Path) -> Outcome {
    let with_token = !args.no_token_in_link;
    let secret = if with_token {
        "The link is a secret: whoever has it may run plans here."
    } else {
        "The token is not in the link; windows read it from the file that WEFTSCOPE_TOKEN_FILE names."
    };
    let about = format!(
        "weftscope: open it with: weftscope '{}'\nweftscope: {secret} Token file: {}\n",
        if with_token { "LINK" } else { "LINK without a token" },
        token_file.display()
    );
    let _unheard = io::stderr().write_all(about.as_bytes());
    let mut out = io::stdout();
    writeln!(out, "{}", bound.link(with_token))?;
    Ok(out.flush()?)
}

/// Until an interrupt; whoever is connected then is told by the end of its connection.
#[cfg(feature = "gpus")]
fn wait(serving: &Serving) {
    let interrupts = super::interrupt::await_them();
    while interrupts.count() == 0 {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let windows = serving.windows();
    if windows > 0 {
        let line = format!("weftscope: {windows} connected until now\n");
        let _unheard = io::stderr().write_all(line.as_bytes());
    }
}

#[cfg(not(feature = "gpus"))]
fn wait(_serving: &Serving) {
    loop {
        std::thread::park();
    }
}
