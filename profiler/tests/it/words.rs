//! The engine knows nothing of traces; what it says of durations and shares in its reasons has their form all the same.

use proptest::prelude::*;
use weftscope_engine::words as engine;
use weftscope_traces::words as traces;

proptest! {
    #[test]
    fn engine_and_traces_write_figures_alike(
        ns in 0_i64..4_000_000_000_000,
        share in 0.0..20.0_f64,
        digits in 0_u32..13,
    ) {
        // As many short ones as long ones.
        let ns = ns / 10_i64.pow(digits);
        prop_assert_eq!(engine::duration(ns as f64), traces::duration(ns));
        prop_assert_eq!(engine::percent(share), traces::percent(share));
    }
}
