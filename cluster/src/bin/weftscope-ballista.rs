//! `weftscope-ballista scheduler`, `weftscope-ballista executor`: who answers `weftscope-cluster --scheduler`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use log::{LevelFilter, Log, Metadata, Record};
use weftscope_cluster::ClusterError;
use weftscope_cluster::ballista::{ExecutorAt, SchedulerAt, executor, scheduler};

/// Ballista's scheduler and executors for `weftscope-cluster --scheduler`: they know the functions of its questions. Whoever
/// reaches their ports may ask them, and they read what their user may read; by default this machine alone reaches them.
#[derive(Debug, Parser)]
#[command(name = "weftscope-ballista", version)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Takes queries and cuts them for its executors: one of a cluster.
    Scheduler {
        /// Port to listen on.
        #[arg(long, default_value_t = 50050)]
        port: u16,
        #[command(flatten)]
        listens: Listens,
    },
    /// Does what the scheduler gives it: one a server, or several on different ports.
    Executor {
        /// The scheduler: HOST:PORT.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050", value_parser = host_and_port)]
        scheduler: (String, u16),
        /// Port that rows are fetched from.
        #[arg(long, default_value_t = 50051)]
        port: u16,
        /// Port that tasks are told on.
        #[arg(long, default_value_t = 50052)]
        task_port: u16,
        /// Parts of queries to work on at a time [default: one a thread of this machine].
        #[arg(long, value_name = "N")]
        threads: Option<usize>,
        /// Memory for sorting, joining and grouping, MiB; beyond it they go to disk.
        #[arg(long, value_name = "MIB", default_value_t = 2048)]
        memory: u64,
        /// Folder for rows between steps of a query [default: that for temporary files].
        #[arg(long, value_name = "DIR")]
        scratch: Option<PathBuf>,
        #[command(flatten)]
        listens: Listens,
    },
}

#[derive(Debug, Args)]
struct Listens {
    /// Address to listen on; 0.0.0.0 for all of this machine's.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// Name under which others reach this machine [default: the address to listen on].
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
}

impl Listens {
    fn host(&self) -> String {
        self.host.clone().unwrap_or_else(|| self.bind.to_string())
    }
}

fn host_and_port(told: &str) -> Result<(String, u16), String> {
    let address = told.strip_prefix("df://").unwrap_or(told);
    let (host, port) = address.rsplit_once(':').ok_or("HOST:PORT is wanted")?;
    let port = port.parse().map_err(|error| format!("{error}: {port}"))?;
    Ok((host.to_owned(), port))
}

/// What Ballista warns of, on standard error.
struct Warnings;

impl Log for Warnings {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        of.level() <= LevelFilter::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            eprintln!("weftscope-ballista: {}: {}", record.target(), record.args());
        }
    }

    fn flush(&self) {}
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if log::set_logger(&Warnings).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
    match run(cli.what) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weftscope-ballista: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(what: What) -> Result<(), ClusterError> {
    match what {
        What::Scheduler { port, listens } => {
            let at = SchedulerAt { bind: listens.bind, port, host: listens.host() };
            eprintln!("scheduler: df://{}:{port}", at.host);
            scheduler(&at)
        }
        What::Executor { scheduler, port, task_port, threads, memory, scratch, listens } => {
            let threads = threads
                .or_else(|| std::thread::available_parallelism().ok().map(Into::into))
                .unwrap_or(1);
            eprintln!("executor: {}:{port} of {}:{}", listens.host(), scheduler.0, scheduler.1);
            executor(&ExecutorAt {
                scheduler,
                bind: listens.bind,
                host: listens.host(),
                ports: [port, task_port],
                threads,
                memory_bytes: memory << 20,
                scratch: scratch.unwrap_or_else(std::env::temp_dir),
            })
        }
    }
}
