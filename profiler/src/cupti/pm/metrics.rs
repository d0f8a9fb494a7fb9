//! From counters to the metrics of a chip.

use weftscope_engine::observer::Counter;

/// A way to get at a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The counter.
    pub counter: Counter,
    /// Metrics whose values are summed.
    pub names: Vec<String>,
    /// Bytes in the interval, to be divided by its length; else a percentage as it is.
    pub is_bytes: bool,
}

impl Metric {
    /// The counter's value from those of its metrics over `interval_ns`: GB/s (bytes a nanosecond) or percent.
    pub fn value(&self, values: &[f64], interval_ns: i64) -> f64 {
        let sum: f64 = values.iter().sum();
        if self.is_bytes { sum / interval_ns.max(1) as f64 } else { sum }
    }
}

/// Counters in order of importance: when a chip cannot collect all in one pass, the last are left out.
pub const COUNTERS: [Counter; 5] =
    [Counter::SmActive, Counter::TensorActive, Counter::Hbm, Counter::LinkTx, Counter::LinkRx];

/// Share of its peak, over time whether or not anything runs.
const SHARE: &str = ".avg.pct_of_peak_sustained_elapsed";

/// Ways to get at a counter, best first, on a chip that has the base metrics `known`. Names of Ampere to Blackwell.
pub fn candidates(counter: Counter, known: &[String]) -> Vec<Metric> {
    let has = |name: &str| known.iter().any(|metric| metric == name);
    let share =
        |name: &str| Metric { counter, names: vec![format!("{name}{SHARE}")], is_bytes: false };
    let bytes = |names: &[&str]| Metric {
        counter,
        names: names.iter().map(|name| format!("{name}.sum")).collect(),
        is_bytes: true,
    };
    let all = |names: &[&str]| names.iter().all(|name| has(name)).then(|| bytes(names));
    match counter {
        Counter::SmActive => {
            has("sm__cycles_active").then(|| share("sm__cycles_active")).into_iter().collect()
        }
        Counter::TensorActive => tensor(known).into_iter().map(|name| share(&name)).collect(),
        Counter::Hbm => [
            all(&["dram__bytes"]),
            all(&["dram__bytes_read", "dram__bytes_write"]),
            all(&["fbpa__dram_read_bytes", "fbpa__dram_write_bytes"]),
        ]
        .into_iter()
        .flatten()
        .collect(),
        Counter::LinkTx => all(&["nvltx__bytes"]).into_iter().collect(),
        Counter::LinkRx => all(&["nvlrx__bytes"]).into_iter().collect(),
        // Counted by kernels, not by the chip.
        Counter::BusiestExpert => Vec::new(),
    }
}

/// Tensor-pipe metrics of a chip, best first: cycles that the pipe is busy, else instructions issued to it. The
/// shorter name is the wider one (`…_tensor` holds `…_tensor_op_hmma`).
fn tensor(known: &[String]) -> Vec<String> {
    let mut found: Vec<&String> = known
        .iter()
        .filter(|name| name.starts_with("sm__") && name.contains("pipe_tensor"))
        .filter(|name| name.contains("cycles_active") || name.contains("inst_executed"))
        .collect();
    found.sort_by_key(|name| (!name.contains("cycles_active"), name.len(), name.as_str()));
    found.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_widest_busy_tensor_pipe_comes_first() {
        let chip = known(&[
            "sm__inst_executed_pipe_tensor",
            "sm__inst_executed_pipe_tensor_op_gmma",
            "sm__pipe_tensor_op_hmma_cycles_active",
            "sm__pipe_tensor_cycles_active",
            "smsp__inst_executed_pipe_tensor",
        ]);
        let names: Vec<String> = candidates(Counter::TensorActive, &chip)
            .into_iter()
            .flat_map(|metric| metric.names)
            .collect();
        assert_eq!(
            names,
            [
                "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed",
                "sm__pipe_tensor_op_hmma_cycles_active.avg.pct_of_peak_sustained_elapsed",
                "sm__inst_executed_pipe_tensor.avg.pct_of_peak_sustained_elapsed",
                "sm__inst_executed_pipe_tensor_op_gmma.avg.pct_of_peak_sustained_elapsed",
            ]
        );
    }

    #[test]
    fn bytes_become_a_rate_and_halves_are_summed() {
        let chip = known(&["dram__bytes_read", "dram__bytes_write", "nvltx__bytes"]);
        let memory = candidates(Counter::Hbm, &chip);
        assert_eq!(memory.len(), 1);
        assert_eq!(memory[0].names, ["dram__bytes_read.sum", "dram__bytes_write.sum"]);
        // 30 MB in 10 µs are 3000 GB/s.
        assert!((memory[0].value(&[2e7, 1e7], 10_000) - 3_000.0).abs() < 1e-9);
        assert_eq!(candidates(Counter::LinkTx, &chip).len(), 1);
    }

    #[test]
    fn what_a_chip_lacks_has_no_candidate() {
        for counter in COUNTERS {
            assert!(candidates(counter, &[]).is_empty());
        }
    }
}
