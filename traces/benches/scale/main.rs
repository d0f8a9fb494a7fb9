//! Files of any size, against the programs that people have: `cargo bench -p weftscope-traces --bench scale`.
//!
//! Prints one table. Every figure is the best of three, each in a process of its own, ours and the peers' in turn.
//! Peers are asked where they are: `WEFTSCOPE_PERFETTO_DIR` (trace_processor in node) and `WEFTSCOPE_ORACLE_PYTHON` (with
//! `pysimdjson`). `-- --mb 50,200` chooses the sizes of JSON, `--large-gb 20` adds one that is read once, without peers,
//! `--slices 10000000,100000000` the traces that are zoomed; `--only zoom` (or json, others, odd) leaves the rest out.

mod inputs;
mod measure;
mod peers;
mod zoom;

use std::path::{Path, PathBuf};

use measure::{Figures, figures};

const ROUNDS: usize = 3;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, threads, path] = &args[..]
        && flag == measure::ONE
    {
        return measure::one(threads, Path::new(path));
    }
    let numbers = |flag: &str, default: &[usize]| -> Vec<usize> {
        let at = args.iter().position(|arg| arg == flag);
        let given = at.and_then(|at| {
            let numbers = args.get(at + 1)?.split(',').map(|number| number.parse().ok());
            numbers.collect()
        });
        given.unwrap_or_else(|| default.to_vec())
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scale");
    std::fs::create_dir_all(&folder).expect("a folder for inputs");
    println!(
        "| what | records | wall s | CPU s | MB/s | bytes a slice, at most while reading | peer |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let only = args.iter().position(|arg| arg == "--only").and_then(|at| args.get(at + 1));
    let is_wanted = |part: &str| only.is_none_or(|only| only == part);
    if is_wanted("json") {
        numbers("--mb", &[50, 200, 1000]).into_iter().for_each(|mb| kineto(&folder, mb));
        numbers("--large-gb", &[]).into_iter().for_each(|gb| large(&folder, gb));
    }
    if is_wanted("others") {
        others(&folder);
    }
    if is_wanted("odd") {
        adversarial(&folder);
    }
    println!();
    if is_wanted("zoom") {
        numbers("--slices", &[10_000_000]).into_iter().for_each(zoom::print);
    }
}

/// Files of other formats.
fn others(folder: &Path) {
    for (what, name, write) in inputs::OTHERS {
        let path = folder.join(name);
        write(&path);
        let best = best_of(|| figures(2, &path));
        row(&format!("{what}, two threads"), &best, "");
    }
}

/// JSON of which reading once takes a minute.
fn large(folder: &Path, gb: usize) {
    let path = folder.join("large.json");
    inputs::kineto(&path, gb << 30);
    row(&format!("Kineto JSON, {gb} GiB, two threads, once"), &figures(2, &path), "");
    _ = std::fs::remove_file(path);
}

/// JSON as PyTorch writes it.
fn kineto(folder: &Path, mb: usize) {
    let path = folder.join("kineto.json");
    inputs::kineto(&path, mb << 20);
    let (mut one, mut two, mut peers) = (None, None, peers::Best::default());
    for _ in 0..ROUNDS {
        keep_best(&mut one, figures(1, &path));
        keep_best(&mut two, figures(2, &path));
        peers.ask(&path);
    }
    for (threads, best) in [("one thread", one), ("two threads", two)] {
        if let Some(best) = best {
            let what = format!("Kineto JSON, {mb} MiB, {threads}");
            row(&what, &best, &peers.beside(&best));
        }
    }
}

/// Legal, but not what anybody wrote a reader for; each against an ordinary file of its size.
fn adversarial(folder: &Path) {
    for (what, name, write) in inputs::ADVERSARIAL {
        let (path, twin) = (folder.join(name), folder.join("ordinary.json"));
        write(&path);
        let bytes = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        inputs::kineto(&twin, bytes as usize);
        let (mut odd, mut ordinary) = (None, None);
        for _ in 0..ROUNDS {
            keep_best(&mut odd, figures(2, &path));
            keep_best(&mut ordinary, figures(2, &twin));
        }
        if let (Some(odd), Some(ordinary)) = (odd, ordinary) {
            let times = odd.wall_s / ordinary.wall_s;
            row(what, &odd, &format!("{times:.1} × an ordinary file of its size"));
        }
    }
}

fn best_of(mut measure: impl FnMut() -> Figures) -> Figures {
    let mut best = None;
    for _ in 0..ROUNDS {
        keep_best(&mut best, measure());
    }
    best.expect("one round at least")
}

fn keep_best(best: &mut Option<Figures>, new: Figures) {
    if best.as_ref().is_none_or(|best| new.wall_s < best.wall_s) {
        *best = Some(new);
    }
}

fn row(what: &str, of: &Figures, peer: &str) {
    let Figures { slices, rejected, wall_s, cpu_s, mb_per_s, resident_bytes, most_bytes } = *of;
    let rejected = if rejected == 0 { String::new() } else { format!(" + {rejected} counted") };
    println!(
        "| {what} | {slices}{rejected} | {wall_s:.2} | {cpu_s:.2} | {mb_per_s:.0} | {:.0}, {:.0} | {peer} |",
        resident_bytes as f64 / slices as f64,
        most_bytes as f64 / slices as f64
    );
}
