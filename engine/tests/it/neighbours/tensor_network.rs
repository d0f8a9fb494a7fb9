use super::{outcome, shown};

/// "Around 110 TFLOPS on a single node supplied with eight NVIDIA A100", 250 to 500 effective: within a quarter of the first, and the
/// second as it is. Never more than eight times 19.5, the peak.
#[test]
fn performance_and_effective_performance_are_what_was_measured() {
    let outcome = outcome("tensor-network", &[]);
    let tflops = shown(&outcome, "TFLOPS");
    assert!((tflops / 110.0 - 1.0).abs() < 0.25 && tflops < 8.0 * 19.5, "{tflops}");
    let effective = shown(&outcome, "TFLOPS, effective");
    assert!((250.0..=500.0).contains(&effective), "{effective}");
}

/// Batches pay most where blocks are small.
#[test]
fn small_blocks_gain_most_by_batches() {
    let gain = |multiplets| {
        let outcome = outcome("tensor-network", &[("multiplets", multiplets)]);
        shown(&outcome, "speed-up of batches")
    };
    let [small, large] = ["512", "16384"].map(gain);
    assert!(small > large && large >= 0.99, "{small} {large}");
}
