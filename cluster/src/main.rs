//! `weftscope-cluster DIR`: the five questions over a digest, and the verdict.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use weftscope_cluster::{Answer, Ballista, ClusterError, Digest, Options, questions};

/// Questions over the digests of thousands of ranks: who comes late, which communicator waits, what is hidden, which link is
/// slow, what drifts.
#[derive(Debug, Parser)]
#[command(name = "weftscope-cluster", version)]
struct Args {
    /// Folder that `weftscope digest … -o DIR` filled.
    folder: PathBuf,
    /// What to ask: stragglers, skew, matrix (skew rank by rank), overlap, links, drift [default: all but matrix].
    questions: Vec<String>,
    /// Which job, where there are several.
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
    /// Ask this instead, a query of SQL: tables op, iteration, comm, arrival, collective, member, clock.
    #[arg(long, value_name = "QUERY", conflicts_with = "questions")]
    sql: Option<String>,
    /// Machine-readable, all rows.
    #[arg(long)]
    json: bool,
    /// Rows of each table to print.
    #[arg(long, value_name = "N", default_value_t = 10)]
    rows: usize,
    /// Memory for sorting, joining and grouping, MiB; beyond it they go to disk.
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    memory: usize,
    /// Threads [default: all]; with --scheduler, the parts that queries are cut into.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Let executors of Ballista answer: the scheduler's df://HOST:PORT (weftscope-ballista runs both).
    #[arg(long, value_name = "URL")]
    scheduler: Option<String>,
    /// Folder for what is kept between questions, which scheduler and executors see too [default: the digest's].
    #[arg(long, value_name = "DIR", requires = "scheduler")]
    shared: Option<PathBuf>,
    /// Seconds that one query may take there.
    #[arg(long, value_name = "S", default_value_t = 600, requires = "scheduler")]
    limit: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let unknown = |name: &&String| !questions::NAMES.contains(&name.as_str()) && *name != "matrix";
    if let Some(name) = args.questions.iter().find(unknown) {
        eprintln!(
            "weftscope-cluster: there is no question {name}; there are {}, matrix",
            questions::NAMES.join(", ")
        );
        return ExitCode::from(2);
    }
    let threads =
        args.threads.or_else(|| std::thread::available_parallelism().ok().map(Into::into));
    let threads = threads.unwrap_or(1).max(1);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let done = match runtime {
        Ok(runtime) => {
            runtime.block_on(answered(&args, threads)).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weftscope-cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Where files of others' are in a shared folder, an interruption removes them.
async fn answered(args: &Args, threads: usize) -> Result<(), ClusterError> {
    #[cfg(feature = "ballista")]
    return weftscope_cluster::ballista::unless_interrupted(run(args, threads)).await;
    #[cfg(not(feature = "ballista"))]
    run(args, threads).await
}

async fn run(args: &Args, threads: usize) -> Result<(), ClusterError> {
    let began = Instant::now();
    let ballista = args.scheduler.clone().map(|scheduler| Ballista {
        scheduler,
        shared: args.shared.clone(),
        limit: Duration::from_secs(args.limit),
    });
    let memory_bytes = args.memory << 20;
    let options = Options { job: args.job.clone(), memory_bytes, threads, ballista };
    let digest = Digest::open(&args.folder, &options).await?;
    let mut answers = Vec::new();
    if let Some(query) = &args.sql {
        answers.push(digest.sql(query).await?);
    } else {
        let asked: Vec<&str> = match args.questions.is_empty() {
            true => questions::NAMES.to_vec(),
            false => args.questions.iter().map(String::as_str).collect(),
        };
        for name in asked {
            answers.extend(questions::ask(&digest, name).await?);
        }
    }
    print(args, &digest, &answers)
        .map_err(|cause| ClusterError::Io { cause, path: "standard output".into() })?;
    eprintln!("{} ranks in {:.1} s", digest.ranks, began.elapsed().as_secs_f64());
    Ok(())
}

fn print(args: &Args, digest: &Digest, answers: &[Answer]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if args.json {
        let answers: Vec<_> = answers.iter().map(Answer::json).collect();
        let all =
            serde_json::json!({ "job": digest.job, "ranks": digest.ranks, "answers": answers });
        return writeln!(out, "{all}");
    }
    for answer in answers {
        writeln!(out, "{}", answer.text(args.rows))?;
    }
    Ok(())
}
