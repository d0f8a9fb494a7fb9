use std::ffi::OsString;

use weftscope_kernels::Arch;

use super::GpuInfo;

/// Environment variable that forces the portable kernels, with the value `portable`: to test them on a Hopper GPU.
const FORCE: &str = "WEFTSCOPE_KERNELS";

/// Which of the twin kernels (GEMM, prefill attention, fused collective) a GPU runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KernelFamily {
    /// Written for sm_90a: copy engine, warpgroup matrix instructions, clusters.
    Hopper,
    /// For sm_80 and every later one: warp-level matrix instructions, ordinary copies, at most 99 KB of shared memory a block.
    Portable,
}

impl KernelFamily {
    /// Of a GPU in this process's environment; `None` when it is older than every program.
    pub fn here(gpu: &GpuInfo) -> Option<Self> {
        let (major, minor) = gpu.compute_capability;
        Arch::of(major, minor).map(|arch| Self::of(arch, |name| std::env::var_os(name)))
    }

    /// The best that a GPU of this architecture can run, unless the environment forces the portable one. Blackwell has no
    /// warpgroup instructions of Hopper's kind, so it is portable too.
    pub fn of(arch: Arch, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let forced = variable(FORCE).is_some_and(|value| value == "portable");
        if arch == Arch::Sm90a && !forced { Self::Hopper } else { Self::Portable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hopper_is_hopper_and_only_unforced() {
        let forced = |name: &str| (name == FORCE).then(|| OsString::from("portable"));
        let other = |name: &str| (name == FORCE).then(|| OsString::from("hopper"));
        for arch in Arch::ALL {
            assert_eq!(KernelFamily::of(arch, forced), KernelFamily::Portable);
            let best =
                if arch == Arch::Sm90a { KernelFamily::Hopper } else { KernelFamily::Portable };
            assert_eq!(KernelFamily::of(arch, |_| None), best);
            assert_eq!(KernelFamily::of(arch, other), best);
        }
    }
}
