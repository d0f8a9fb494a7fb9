//! What GPUs can do at best, as their makers' data sheets say: dense matrix rates (without sparsity) and device memory.

use super::Bound;

/// Rates of a GPU, a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GpuRates {
    /// Words of its name, all of which a recording's name of it holds.
    words: &'static [&'static str],
    /// FLOP/s of bf16 and fp16.
    half: f64,
    /// FLOP/s of fp8; `None` where it has none.
    eighth: Option<f64>,
    /// Bytes/s of device memory.
    memory: f64,
}

const fn gpu(
    words: &'static [&'static str],
    half: f64,
    eighth: Option<f64>,
    memory: f64,
) -> GpuRates {
    GpuRates { words, half, eighth, memory }
}

/// The special before the general.
const GPUS: [GpuRates; 27] = [
    gpu(&["B200"], 2250e12, Some(4500e12), 8000e9),
    gpu(&["GH200"], 989.5e12, Some(1979e12), 4000e9),
    gpu(&["H200"], 989.5e12, Some(1979e12), 4800e9),
    gpu(&["H100", "NVL"], 835.5e12, Some(1671e12), 3900e9),
    gpu(&["H100", "PCIe"], 756e12, Some(1513e12), 2000e9),
    gpu(&["H100"], 989.5e12, Some(1979e12), 3350e9),
    gpu(&["H800"], 989.5e12, Some(1979e12), 3350e9),
    gpu(&["H20"], 148e12, Some(296e12), 4000e9),
    gpu(&["A100", "SXM4", "80GB"], 312e12, None, 2039e9),
    gpu(&["A100", "80GB"], 312e12, None, 1935e9),
    gpu(&["A100"], 312e12, None, 1555e9),
    gpu(&["A800", "80GB"], 312e12, None, 2039e9),
    gpu(&["A10G"], 70e12, None, 600e9),
    gpu(&["A10"], 125e12, None, 600e9),
    gpu(&["A40"], 149.7e12, None, 696e9),
    gpu(&["A30"], 165e12, None, 933e9),
    gpu(&["L40S"], 362e12, Some(733e12), 864e9),
    gpu(&["L40"], 181e12, Some(362e12), 864e9),
    gpu(&["L4"], 121e12, Some(242.5e12), 300e9),
    gpu(&["V100", "SXM"], 125e12, None, 900e9),
    gpu(&["V100"], 112e12, None, 900e9),
    gpu(&["T4"], 65e12, None, 320e9),
    gpu(&["RTX", "4090"], 165.2e12, Some(330.3e12), 1008e9),
    gpu(&["RTX", "3090"], 71e12, None, 936e9),
    gpu(&["MI300X"], 1307.4e12, Some(2614.9e12), 5300e9),
    gpu(&["MI325X"], 1307.4e12, Some(2614.9e12), 6000e9),
    // A recording counts each of its two dies as a GPU.
    gpu(&["MI250X"], 191.5e12, None, 1638e9),
];

impl GpuRates {
    /// Those of a GPU by its name, e.g. `NVIDIA H100 80GB HBM3`; `None` of one that is not listed.
    pub fn of(name: &str) -> Option<&'static Self> {
        let words: Vec<String> = name
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .map(str::to_ascii_lowercase)
            .collect();
        let holds = |word: &str| {
            let word = word.to_ascii_lowercase();
            // `SXM` also stands for `SXM2` and `SXM3`.
            words.iter().any(|own| *own == word || (word == "sxm" && own.starts_with(&word)))
        };
        GPUS.iter().find(|gpu| gpu.words.iter().all(|word| holds(word)))
    }

    /// The shortest time of work in ns, and what it is for; `None` of types whose rate is not listed, as `float`, of which
    /// a recording does not say whether the tensor cores took it.
    pub(super) fn roofline(&self, dtype: &str, flops: f64, bytes: f64) -> Option<(f64, Bound)> {
        let rate = self.flops_per_s(dtype)?;
        let (compute_ns, memory_ns) = (flops / rate * 1e9, bytes / self.memory * 1e9);
        Some(if compute_ns >= memory_ns {
            (compute_ns, Bound::Compute)
        } else {
            (memory_ns, Bound::Memory)
        })
    }

    /// FLOP/s of a type, as PyTorch writes it.
    pub fn flops_per_s(&self, dtype: &str) -> Option<f64> {
        let lower = dtype.rsplit("::").next().unwrap_or(dtype).to_ascii_lowercase();
        match lower.as_str() {
            "bfloat16" | "half" | "float16" => Some(self.half),
            eighth if eighth.starts_with("float8") => self.eighth,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_told_by_their_names() {
        for (name, memory) in [
            ("NVIDIA H200", Some(4800e9)),
            ("NVIDIA H100 80GB HBM3", Some(3350e9)),
            ("NVIDIA H100 PCIe", Some(2000e9)),
            ("NVIDIA A100-SXM4-80GB", Some(2039e9)),
            ("NVIDIA A100-SXM4-40GB", Some(1555e9)),
            ("Tesla V100-SXM2-16GB", Some(900e9)),
            ("NVIDIA L4", Some(300e9)),
            ("NVIDIA GeForce RTX 4090", Some(1008e9)),
            ("NVIDIA A1000 Laptop", None),
            ("", None),
        ] {
            assert_eq!(GpuRates::of(name).map(|gpu| gpu.memory), memory, "{name}");
        }
    }

    /// 989.5 GFLOP take a ms on an H200; as many bytes as go through its memory in 2 ms take those.
    #[test]
    fn the_slower_of_two_rates_bounds() {
        let h200 = GpuRates::of("NVIDIA H200").expect("listed");
        let (ns, bound) = h200.roofline("c10::BFloat16", 989.5e9, 1.0).expect("known");
        assert_eq!((ns.round(), bound), (1e6, Bound::Compute));
        let (ns, bound) = h200.roofline("c10::Half", 1.0, 9.6e9).expect("known");
        assert_eq!((ns.round(), bound), (2e6, Bound::Memory));
        assert_eq!(h200.roofline("float", 1.0, 1.0), None);
    }
}
