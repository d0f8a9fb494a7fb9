//! The digest of a simulated cluster, several ranks at a time.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    thread,
    time::Instant,
};

use weftscope_profiler::cluster::{Cluster, ClusterError, ClusterSpec};
use weftscope_traces::words::counted;

use super::{
    DigestArgs,
    files::{self, Part},
};
use crate::{
    cli::{Failure, Outcome},
    files::{FileError, write_atomically},
};

/// Where the truth lies, in the folder of the job.
const TRUTH: &str = "_truth.json";

pub(super) fn run(args: &DigestArgs, file: &Path) -> Outcome {
    let text = fs::read_to_string(file).map_err(|e| FileError::io("cannot read", &e, file))?;
    let wrong = |error: ClusterError| Failure::misuse(error, &file.display().to_string());
    let mut spec = ClusterSpec::from_json(&text).map_err(wrong)?;
    if let Some(job) = &args.job {
        spec.job.clone_from(job);
    }
    let began = Instant::now();
    let cluster = Cluster::new(&spec).map_err(wrong)?;
    let simulated = began.elapsed();
    let folder = begin(args, &cluster)?;
    let began = Instant::now();
    let written = write_all(args, &cluster)?;
    let took = began.elapsed().as_secs_f64().max(1e-9);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{}: {} on {}, {} of ops ({:.2} million a second; groups were simulated in {:.1} s)",
        folder.display(),
        counted(spec.ranks().into(), "rank"),
        counted(cluster.servers().into(), "server"),
        counted(written.rows, "row"),
        written.rows as f64 / took / 1e6,
        simulated.as_secs_f64(),
    )?;
    if written.known > 0 {
        writeln!(out, "  {} there already: left alone", counted(written.known, "rank"))?;
    }
    Ok(out.flush()?)
}

struct Written {
    rows: u64,
    /// Ranks that were there.
    known: u64,
}

/// Writes every rank that is not there; each thread takes the next.
fn write_all(args: &DigestArgs, cluster: &Cluster) -> Result<Written, Failure> {
    let (next, rows, known) = (AtomicU32::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let work = || -> Outcome {
        loop {
            let rank = next.fetch_add(1, Ordering::Relaxed);
            if rank >= cluster.spec().ranks() {
                return Ok(());
            }
            let of = cluster.digest_of(rank);
            if !args.again && files::are_there(&args.output, &of) {
                known.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let of_rank = cluster.rank(rank);
            let iterations = of_rank.iteration_rows();
            let ops = of_rank.op_rows().inspect(|_| {
                rows.fetch_add(1, Ordering::Relaxed);
            });
            files::write(&Part { folder: &args.output, number: 0 }, &of, ops, &iterations)?;
        }
    };
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    Ok(Written { rows: rows.into_inner(), known: known.into_inner() })
}

/// What is true of the cluster, for whoever judges answers: how it is described, and every server's clock.
fn truth(cluster: &Cluster) -> serde_json::Value {
    let clock = |server: u32| {
        let (offset_ns, drift) = cluster.clock_of(server);
        let (server, drift_ppm) = (Cluster::server_name(server), drift * 1e6);
        serde_json::json!({ "server": server, "offset_ns": offset_ns, "drift_ppm": drift_ppm })
    };
    let clocks: Vec<serde_json::Value> = (0..cluster.servers()).map(clock).collect();
    serde_json::json!({ "cluster": cluster.spec(), "clocks": clocks })
}

/// The job's folder, fit to be filled: new, or begun for the very same cluster. Ranks of another one would stay among the new.
fn begin(args: &DigestArgs, cluster: &Cluster) -> Result<PathBuf, Failure> {
    let folder = args.output.join(format!("job={}", cluster.spec().job));
    let cannot = |error: io::Error| FileError::io("cannot make the folder", &error, &folder);
    fs::create_dir_all(&folder).map_err(cannot)?;
    let text = format!("{:#}", truth(cluster));
    let path = folder.join(TRUTH);
    let is_same = fs::read_to_string(&path).is_ok_and(|known| known == text);
    let holds_ranks = || {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.file_name())
            .any(|name| name.to_string_lossy().starts_with("rank="))
    };
    if !is_same && holds_ranks() {
        let cause = "the digest of something else is there; give this one another name with --job, or remove that";
        return Err(Failure::failed(cause, folder.display()));
    }
    write_atomically(&path, |out| {
        out.write_all(text.as_bytes()).map_err(|error| FileError::io("cannot write", &error, &path))
    })?;
    Ok(folder)
}
