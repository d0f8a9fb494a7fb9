use super::{outcome, shown};

/// "Speed-ups of up to 21.7 %". How much hangs on what a run of bytes costs, which the abstract does not give: at the 64 bytes that were
/// assumed first the model gains 62 %, beyond the claim. What was published lies between runs that cost a half and a whole burst of LPDDR4,
/// 16 and 32 bytes; and the dearer a run, the more there is to gain.
#[test]
fn what_was_published_is_the_gain_of_runs_that_cost_half_a_burst_to_a_whole() {
    let faster = |burst| shown(&outcome("tensor-slicing", &[("burst", burst)]), "faster");
    let gains = ["0", "16", "32", "64", "128"].map(faster);
    assert!(gains.windows(2).all(|pair| pair[0] < pair[1]), "{gains:?}");
    assert!((gains[1]..=gains[2]).contains(&0.217), "{gains:?}");
}

/// Where a run costs nothing but its bytes, both count the same and choose the same.
#[test]
fn without_bursts_there_is_nothing_to_win() {
    let outcome = outcome("tensor-slicing", &[("burst", "0")]);
    assert_eq!(outcome.runs.with.time_ns, outcome.runs.without.time_ns);
}

/// A larger scratchpad holds larger slices, which move fewer bytes.
#[test]
fn larger_scratchpads_are_no_slower() {
    let times = ["64", "256", "1024", "4096"].map(|scratchpad| {
        shown(&outcome("tensor-slicing", &[("scratchpad", scratchpad)]), "by bursts")
    });
    assert!(times.windows(2).all(|pair| pair[1] <= 1.01 * pair[0]), "{times:?}");
    assert!(times[3] < times[0], "{times:?}");
}
