use super::{outcome, shown};

/// More chunks: less memory, more time; never less than shares of weights and values.
#[test]
fn chunks_trade_memory_for_time() {
    let of = |chunks| {
        let outcome = outcome("motion2nx", &[("chunks", chunks)]);
        ["MiB held, in chunks", "an image, in chunks"].map(|figure| shown(&outcome, figure))
    };
    let all = ["1", "2", "4", "8", "16", "32"].map(of);
    for pair in all.windows(2) {
        assert!(pair[1][0] < pair[0][0] && pair[1][1] > pair[0][1], "{pair:?}");
    }
}

/// Against arithmetic: a chunk more has three rounds more in each of six layers, and each costs the latency.
#[test]
fn a_chunk_costs_its_rounds() {
    let time_ns = |latency, chunks| {
        let set = [("latency", latency), ("chunks", chunks)];
        shown(&outcome("motion2nx", &set), "an image, in chunks")
    };
    let more_ns = |chunks| time_ns("21", chunks) - time_ns("1", chunks);
    for (chunks, count) in [("1", 1.0), ("8", 8.0)] {
        let rounds_ns = 3.0 * 6.0 * count * 20e6;
        let took = more_ns(chunks);
        assert!((took / rounds_ns - 1.0).abs() < 0.02, "{chunks}: {took} {rounds_ns}");
    }
}
