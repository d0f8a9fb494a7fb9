use crate::{plan::OpId, random::mix};

/// Spread of block durations: a hash of seed, rank, op and block, so that a run does not depend on the order in which
/// blocks are simulated.
#[derive(Clone, Copy)]
pub(super) struct Jitter {
    state: u64,
}

impl Jitter {
    /// For the blocks of one op on one rank.
    pub(super) fn new(seed: u64, rank: u16, op: OpId) -> Self {
        Self { state: mix(mix(seed ^ (u64::from(rank) << 32)) ^ u64::from(op.0)) }
    }

    /// Uniform in [−2¹⁵, 2¹⁵).
    pub(super) fn of_block(self, block: u32) -> i64 {
        let hash = (self.state ^ u64::from(block)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let hash = (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (hash as i64) >> 48
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_centred_and_fills_its_range() {
        let jitter = Jitter::new(7, 3, OpId(11));
        let values: Vec<i64> = (0..10_000).map(|block| jitter.of_block(block)).collect();
        let mean = values.iter().sum::<i64>() as f64 / 10_000.0;
        assert!(mean.abs() < 0.02 * 32_768.0, "mean {mean}");
        assert!(values.iter().all(|value| (-32_768..32_768).contains(value)));
        assert!(
            values.iter().any(|&value| value > 32_000)
                && values.iter().any(|&value| value < -32_000)
        );
    }
}
