//! What the questions and a digest cost.

use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

use weftscope_cluster::{Answer, ClusterError, Digest, Options, questions};
use weftscope_traces::analysis::{Config, Ops, overlap};
use weftscope_traces::digest::of_rank;
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, open};

/// What the questions are asked on.
pub(crate) const THREADS: usize = 2;

/// A digest that was asked everything.
pub(crate) struct Asked {
    pub(crate) digest: Digest,
    pub(crate) answers: Vec<Answer>,
    /// Opening and each question: its name, and the seconds that it took.
    pub(crate) steps: Vec<(&'static str, f64)>,
    /// The most memory that the process had until then; 0 where the system does not say.
    pub(crate) most_bytes: u64,
    /// Rows of ops.
    pub(crate) ops: i64,
}

impl Asked {
    /// Opens a digest and asks the five questions, one after the other.
    pub(crate) fn of(digests: &Path) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let options = Options { threads: THREADS, ..Options::default() };
        let asked = runtime.block_on(async {
            let began = Instant::now();
            let digest = Digest::open(digests, &options).await?;
            let mut steps = vec![("opening", began.elapsed().as_secs_f64())];
            let mut answers = Vec::new();
            for name in questions::NAMES {
                let began = Instant::now();
                answers.extend(questions::ask(&digest, name).await?);
                steps.push((name, began.elapsed().as_secs_f64()));
            }
            let most_bytes = most_resident_bytes();
            let counted = digest.sql("select count(*) from op").await?;
            let ops = counted.rows.first().and_then(|row| row[0].int()).unwrap_or(0);
            Ok::<_, ClusterError>(Self { digest, answers, steps, most_bytes, ops })
        });
        asked.map_err(|error| error.to_string())
    }

    /// The answer to a question.
    pub(crate) fn answer(&self, name: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.name == name)
    }
}

/// How fast thread blocks are digested.
pub(crate) struct Blocks {
    pub(crate) blocks: u64,
    pub(crate) per_s: f64,
}

/// Digests a recording on this thread, without reading and writing: the best of three.
pub(crate) fn digest(recording: &Path) -> Result<Blocks, String> {
    let cannot = |error: &dyn std::fmt::Display| format!("{error}: {}", recording.display());
    let file = File::open(recording).map_err(|error| cannot(&error))?;
    let trace = open(file, &OpenOptions::default(), &mut silent).map_err(|error| cannot(&error))?;
    let once = || {
        let began = Instant::now();
        let ops = Ops::of(&trace, &Config::default());
        let overlap = overlap(&ops);
        let ranks = ops.ranks.iter().zip(&overlap.ranks);
        let blocks = ranks.map(|(rank, of)| of_rank(&ops, rank, of).tally().blocks).sum::<u64>();
        Blocks { blocks, per_s: blocks as f64 / began.elapsed().as_secs_f64() }
    };
    let best = (0..3).map(|_| once()).max_by(|a, b| a.per_s.total_cmp(&b.per_s));
    best.filter(|it| it.blocks > 0).ok_or_else(|| cannot(&"there are no thread blocks"))
}

/// The most memory that this process ever had in RAM.
fn most_resident_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map_or(0, |kib| kib << 10)
}
