//! Step 5: write a `.weft` file from times of your own, and read it back. Slices of a lane are disjoint; whoever has
//! overlapping ones pushes them packed, and the builder spreads them over lanes.
//!
//! `cargo run -p weftscope-traces --example c5_write_a_weft_file -- mine.weft`, then `weftscope mine.weft`

use std::{env, error::Error, fs};

use weftscope_traces::{
    ArgsId, Kind, Label, Meta, Provenance, RankInfo, Span, TraceBuilder, TrackKind, container,
    stream::silent,
};

fn main() -> Result<(), Box<dyn Error>> {
    let source = "a loop in an example".to_owned();
    let mut meta = Meta::new("two streams", Provenance::Modelled { source });
    meta.ranks.push(RankInfo { rank: 0, ..RankInfo::default() });
    let mut builder = TraceBuilder::new(meta);

    let rank = builder.track(None, "rank 0", TrackKind::Rank { rank: 0 });
    let stream = |name: &str, stream, builder: &mut TraceBuilder| {
        let track = builder.track(Some(rank), name, TrackKind::Stream { rank: 0, stream });
        builder.lane(track)
    };
    let compute = stream("compute", 0, &mut builder);
    let comm = stream("communication", 1, &mut builder);
    let label = |name: &str, kind| Label { name: name.to_owned(), kind, ..Label::default() };
    let gemm = builder.label(label("gemm", Kind::Gemm));
    let reduce = builder.label(label("all-reduce", Kind::Comm));
    for step in 0..10 {
        let at = step * 100_000; // ns
        builder.push(compute, Span::new(at, at + 80_000), gemm, ArgsId::NONE, 0);
        builder.push(comm, Span::new(at + 50_000, at + 95_000), reduce, ArgsId::NONE, 0);
    }
    // Sorts, and checks every invariant: a trace that exists holds.
    let trace = builder.finish()?;

    let mut bytes = Vec::new();
    container::write(&trace, &mut bytes, &mut silent)?;
    assert_eq!(container::read(&bytes[..], &mut silent)?, trace, "what was written comes back");
    match env::args_os().nth(1) {
        Some(path) => fs::write(path, &bytes)?,
        None => println!(
            "{} slices in {} bytes; name a file to keep them",
            trace.num_slices(),
            bytes.len()
        ),
    }
    Ok(())
}
