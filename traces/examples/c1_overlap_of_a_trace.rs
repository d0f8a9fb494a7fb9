//! Step 1: open a trace and print how much of its communication is hidden. Takes any file that Weftscope opens (PyTorch's
//! JSON, `.weft`, either in gzip); without one, a recording of two H200s that ships with the program.
//!
//! `cargo run -p weftscope-traces --example c1_overlap_of_a_trace -- trace.json.gz`

use std::{env, error::Error, fs::File, io::BufReader, path::PathBuf};

use weftscope_traces::{
    OpenOptions,
    analysis::{Config, Ops, overlap},
    open,
    stream::silent,
};

fn main() -> Result<(), Box<dyn Error>> {
    let sample =
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/h200x2-tokenweave.weft"));
    let path = env::args_os().nth(1).map_or_else(sample, PathBuf::from);
    let file = BufReader::new(File::open(&path)?);
    let trace = open(file, &OpenOptions::default(), &mut silent)?;
    println!("{} ({})", trace.meta.title, trace.meta.provenance.name());

    // Gathered once; every analysis takes it.
    let ops = Ops::of(&trace, &Config::default());
    for rank in &overlap(&ops).ranks {
        let figures = &rank.total;
        // Of no communication there is no share.
        let hidden = figures.overlap_pct.map_or("none".to_owned(), |pct| format!("{pct:.1} %"));
        println!(
            "rank {}: {:.1} us of communication, {hidden} hidden, {:.1} us exposed; nothing ran for {:.1} us",
            rank.rank,
            figures.comm_ns as f64 / 1e3,
            figures.exposed_comm_ns as f64 / 1e3,
            figures.idle_ns as f64 / 1e3,
        );
    }
    // What the file did not say, or said twice, is counted, never dropped in silence.
    for (what, count) in &trace.diagnostics.counts {
        println!("note: {count} {what}");
    }
    Ok(())
}
