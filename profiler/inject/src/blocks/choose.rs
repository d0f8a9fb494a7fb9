//! Which modules are patched.
//!
//! Every thread of a patched kernel makes a call where its block begins and another where it ends, stamped or not: per
//! warp some 115 ns of its SM each (docs/measurements.md, "Any CUDA program"). A kernel of few, long
//! blocks pays nothing that can be measured; one of tens of thousands of short ones runs several times as long. A module
//! is patched as a whole and for good: taking patches out while a graph or a stream still holds the code ends in an
//! illegal instruction. So it is decided by the names of its kernels, when it is loaded.

use crate::settings::{Patch, Which};

/// Parts of the names of kernels with few, long blocks: products, attention, communication.
const WORTH: &[&str] = &[
    // cuBLAS, cuBLASLt and cuDNN
    "nvjet",
    "gemm",
    "xmma",
    "cudnn_generated",
    "cutlass",
    // compilers' own products
    "triton_tem_",
    "matmul",
    "deep_gemm",
    // attention
    "flash",
    "fmha",
    "attention",
    "attn",
    "mla",
    "mha",
    "FlashAttn",
    // mixtures of experts
    "fused_moe",
    // communication
    "nccl",
    "nvshmem",
    "one_shot",
    "two_shot",
    "multimem",
    "cross_device_reduce",
    "all_reduce",
    "allreduce",
    "all_gather",
    "reduce_scatter",
    "deep_ep",
    "weft_",
];

/// Parts of names that hold one of the above and are many short blocks all the same.
const NOT_WORTH: &[&str] = &["triton_poi_", "triton_red_", "triton_per_", "elementwise_kernel"];

/// Whether a module with these kernels is patched.
pub fn is_asked(patch: &Patch, kernels: &[String]) -> bool {
    let any = |part: &str| kernels.iter().any(|kernel| kernel.contains(part));
    let is_wanted = match &patch.which {
        Which::All => true,
        Which::Worth => kernels.iter().any(|kernel| is_worth(kernel)),
        Which::Named(part) => any(part),
    };
    is_wanted && !patch.without.iter().any(|part| any(part))
}

fn is_worth(kernel: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().any(|part| kernel.contains(part));
    has(WORTH) && !has(NOT_WORTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of a PyTorch layer on an H200, and whether patching them paid there.
    #[test]
    fn the_kernels_of_a_layer_are_told_apart() {
        for (kernel, worth) in [
            ("nvjet_sm90_tst_256x128_64x4_1x2_h_bz_coopA_TNT", true),
            ("cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16", true),
            (
                "_Z40ncclDevKernel_AllReduce_Sum_bf16_RING_LL24ncclDevKernelArgsStorageILm4096EE",
                true,
            ),
            ("triton_tem_fused_mm_0", true),
            ("triton_poi_fused_add_cat_mul_slice_sub_0", false),
            ("triton_red_fused__to_copy_add_mean_mul_pow_rsqrt_0", false),
            ("triton_poi_fused_all_reduce_silu_2", false),
            ("_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_11FillFunctorIaEE", false),
        ] {
            assert_eq!(is_asked(&Patch::of("worth"), &[kernel.to_owned()]), worth, "{kernel}");
        }
    }

    #[test]
    fn one_kernel_decides_for_its_module() {
        let kernels = ["nvjet_tst_128".to_owned(), "other".to_owned()];
        assert!(is_asked(&Patch::of("worth"), &kernels));
        assert!(!is_asked(&Patch::of("worth"), &kernels[1..]));
        assert!(is_asked(&Patch::of("all"), &[]));
        assert!(is_asked(&Patch::of("oth"), &kernels));
        assert!(!is_asked(&Patch::of("flash"), &kernels));
        // So is one that is left out.
        assert!(!is_asked(&Patch::of("worth,-other"), &kernels));
        assert!(is_asked(&Patch::of("worth,-third"), &kernels));
    }
}
