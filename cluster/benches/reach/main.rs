//! What is asked of the questions, beside what they reach: one table, by
//! `cargo bench --manifest-path cluster/Cargo.toml -- DIGESTS [RECORDING.weft]`.
//!
//! `DIGESTS` is what `weftscope digest --simulate docs/cluster.json -o DIGESTS` wrote: a cluster whose truth lies beside it.
//! The five questions are asked on two threads, one after the other, and held against that truth. A recording with thread
//! blocks is digested on one thread, without reading and writing. Fails where something planted is missed, where something
//! else is named, or where a bound is not kept. With `--features ballista` the questions are asked once more on a scheduler and
//! two executors, and again while one of those is killed.

#[cfg(feature = "ballista")]
mod beyond;
mod judge;
#[cfg(feature = "ballista")]
#[path = "../../tests/questions/servers.rs"]
mod servers;
mod speed;
mod truth;

use std::path::Path;
use std::process::ExitCode;

use speed::Asked;
use truth::Truth;

/// One line of the table.
struct Line {
    what: String,
    reach: String,
    found: String,
    is_reached: bool,
}

/// Seconds that the questions may take together, with opening.
const MOST_S: f64 = 60.0;
/// Bytes that the process may hold.
const MOST_BYTES: u64 = 4 << 30;
/// Blocks a second of a core that are digested.
const LEAST_BLOCKS_PER_S: f64 = 20e6;

fn main() -> ExitCode {
    // Cargo says that this is a benchmark.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let lines = match &args[..] {
        [digests] => table(Path::new(digests), None),
        [digests, recording] => table(Path::new(digests), Some(Path::new(recording))),
        _ => Err("what to ask: -- DIGESTS [RECORDING.weft]".to_owned()),
    };
    match lines {
        Ok(lines) => print(&lines),
        Err(error) => {
            eprintln!("reach: {error}");
            ExitCode::FAILURE
        }
    }
}

fn table(digests: &Path, recording: Option<&Path>) -> Result<Vec<Line>, String> {
    let asked = Asked::of(digests)?;
    let truth = Truth::read(digests, &asked.digest.job)?;
    let mut lines = times(&asked);
    lines.extend(judge::lines(&asked, &truth));
    #[cfg(feature = "ballista")]
    lines.extend(beyond::lines(digests, &asked)?);
    // Last, since the most memory is that of the whole process.
    if let Some(recording) = recording {
        let blocks = speed::digest(recording)?;
        lines.push(Line {
            what: format!("digesting {} blocks, one thread", blocks.blocks),
            reach: format!("≥ {:.0} M blocks/s", LEAST_BLOCKS_PER_S / 1e6),
            found: format!("{:.1} M blocks/s", blocks.per_s / 1e6),
            is_reached: blocks.per_s >= LEAST_BLOCKS_PER_S,
        });
    }
    Ok(lines)
}

/// What the questions cost.
fn times(asked: &Asked) -> Vec<Line> {
    let each: Vec<String> =
        asked.steps.iter().map(|(what, took_s)| format!("{what} {took_s:.1}")).collect();
    let whole_s: f64 = asked.steps.iter().map(|(_, took_s)| took_s).sum();
    let line = |what: String, reach: String, found: String, is_reached| Line {
        what,
        reach,
        found,
        is_reached,
    };
    vec![
        line(
            format!(
                "{} ranks, {} rows of ops: opened and asked five questions on {} threads",
                asked.digest.ranks,
                asked.ops,
                speed::THREADS
            ),
            format!("≤ {MOST_S:.0} s"),
            format!("{whole_s:.1} s ({})", each.join(", ")),
            whole_s <= MOST_S,
        ),
        line(
            "most memory".to_owned(),
            format!("≤ {:.0} GiB", MOST_BYTES as f64 / (1_u64 << 30) as f64),
            format!("{:.2} GiB", asked.most_bytes as f64 / (1_u64 << 30) as f64),
            asked.most_bytes > 0 && asked.most_bytes <= MOST_BYTES,
        ),
    ]
}

fn print(lines: &[Line]) -> ExitCode {
    println!("| what | reach | found | |\n| --- | --- | --- | --- |");
    for Line { what, reach, found, is_reached } in lines {
        let word = if *is_reached { "reached" } else { "missed" };
        println!("| {what} | {reach} | {found} | {word} |");
    }
    if lines.iter().all(|line| line.is_reached) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
