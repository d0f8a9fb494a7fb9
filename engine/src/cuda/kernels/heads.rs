//! Sizes of attention heads that kernels are written for.

/// What prefill and decode attention, rotation and head norms have been checked with.
pub(in crate::cuda) const HEAD_DIMS: [u32; 4] = [64, 96, 128, 256];

/// How a program is compiled for heads of a size; 128 is what it has without being told.
pub(super) fn defines(head_dim: u32) -> Vec<String> {
    if head_dim == 128 { Vec::new() } else { vec![format!("WEFT_HEAD_DIM={head_dim}")] }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{decode, prefill},
        *,
    };

    /// What a block may have: 227 KB on Hopper, 99 KB on sm_86, sm_89 and sm_120.
    const HOPPER_BYTES: u32 = 227 * 1024;
    const LEAST_BYTES: u32 = 99 * 1024;

    #[test]
    fn every_size_fits_the_shared_memory_of_every_gpu() {
        for head_dim in HEAD_DIMS {
            let (hopper, portable) = prefill::smem_bytes(head_dim);
            assert!(hopper <= HOPPER_BYTES, "{head_dim}: {hopper}");
            assert!(portable <= LEAST_BYTES, "{head_dim}: {portable}");
            assert!(decode::smem_bytes(head_dim) <= LEAST_BYTES, "{head_dim}");
        }
        // As measured ever since there was one size.
        assert_eq!(prefill::smem_bytes(128), (183_552, 69_632));
        assert_eq!(decode::smem_bytes(128), 98_304);
    }
}
