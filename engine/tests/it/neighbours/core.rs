use super::{outcome, shown};

/// Weights of a layer.
const WEIGHTS: f64 = 8192.0 * 8192.0;

/// The paper's: m numbers instead of d, both in as many bytes.
#[test]
fn as_many_fewer_bytes_are_sent_as_numbers() {
    for numbers in ["1", "16", "256"] {
        let outcome = outcome("core", &[("numbers", numbers)]);
        let fewer = shown(&outcome, "bytes sent, fewer");
        let expected = WEIGHTS / numbers.parse::<f64>().unwrap();
        assert!((fewer / expected - 1.0).abs() < 1e-9, "{fewer} {expected}");
    }
}

/// Drawing and reading vectors takes the rate of memory: 8 bytes a number sent and a weight (drawn and read, twice, 2 bytes each)
/// and 4 a weight, at least, and no more than half as much again.
#[test]
fn vectors_cost_what_memory_moves() {
    for numbers in [4.0, 16.0, 64.0] {
        let outcome = outcome("core", &[("numbers", &numbers.to_string())]);
        let machine = &outcome.runs.with.plan.spec.machine;
        let bytes = 4.0 * WEIGHTS * (8.0 * numbers + 4.0);
        let least_ns = bytes / machine.gpu.hbm_bytes_per_s * 1e9;
        let took_ns = shown(&outcome, "drawing and reading vectors");
        assert!((0.9 * least_ns..1.5 * least_ns).contains(&took_ns), "{took_ns} {least_ns}");
    }
}

/// What communication is worth in the paper, where it is "a major bottleneck": behind 100 Gb/s a step is faster, by no more than if
/// communication were free.
#[test]
fn a_step_is_faster_behind_a_slow_network() {
    let outcome = outcome("core", &[]);
    let speed_up = shown(&outcome, "speed-up of a step");
    let free = shown(&outcome, "without") / shown(&outcome, "computation alone");
    assert!(speed_up > 1.0 && speed_up < free, "{speed_up} {free}");
}

/// More numbers take longer. By NVLink 64 of them do not pay: 8 · 64 bytes of memory a weight instead of 3.5 over links that are a
/// tenth as fast. Behind 100 Gb/s the same sum has them pay up to some 90.
#[test]
fn numbers_pay_up_to_where_memory_costs_more_than_links() {
    let with = |numbers| shown(&outcome("core", &[("numbers", numbers)]), "with");
    let times = ["1", "8", "64", "512"].map(with);
    assert!(times.is_sorted(), "{times:?}");
    let speed_up = |network, numbers| {
        let set = [("network", network), ("numbers", numbers)];
        shown(&outcome("core", &set), "speed-up of a step")
    };
    assert!(speed_up("nvlink", "64") < 1.0);
    assert!(speed_up("100gbe", "64") > 1.0 && speed_up("100gbe", "256") < 1.0);
}
