//! The kernel that picks tokens, against the host's own picking.

use half::bf16;

use super::{Bench, Check, CheckError, Outcome, compare::same_numbers, data::Guarded};
use crate::{
    cuda::kernels::{Likeliest, LikeliestCall, token_of},
    generate::{Sampler, Sampling},
};

pub(super) const CHECKS: &[Check] = &[Check::one("likeliest token", "likeliest.cu", likeliest)];

/// `likeliest.cu`: over all shards of the vocabulary what the sampler picks at temperature 0, among logits of which many are
/// equal, some no numbers, and in some rows none is.
fn likeliest(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let kernel = Likeliest::load(bench.loader(0))?;
    let mut compared = 0;
    // Rows, columns of the vocabulary, shards of it.
    let full = [(1, 1, 1), (5, 7, 1), (64, 16_032, 1), (9, 50_257, 3), (3, 128_256, 8)];
    for &(rows, vocab, shards) in bench.choose(&[(4, 83, 2)], &full) {
        let what = format!("{rows} rows of {vocab} in {shards} shards");
        let logits = some_logits(bench, rows, vocab);
        let own = vocab.div_ceil(shards);
        let pitch = own.next_multiple_of(8);
        let mut best = vec![0u64; rows];
        for shard in 0..shards {
            let columns = own.min(vocab - shard * own);
            // What stands behind the columns that count is larger than all of them.
            let mut bits = vec![bf16::INFINITY.to_bits(); rows * pitch];
            for (row, logits) in logits.chunks_exact(vocab).enumerate() {
                let from = &logits[shard * own..shard * own + columns];
                for (to, logit) in bits[row * pitch..].iter_mut().zip(from) {
                    *to = bf16::from_f32(*logit).to_bits();
                }
            }
            let logits = Guarded::holding(device, &bits)?;
            let keys = Guarded::poisoned::<u64>(device, rows)?;
            let call = LikeliestCall {
                logits: logits.ptr(),
                keys: keys.ptr(),
                rows: rows as u32,
                pitch: pitch as u32,
                columns: columns as u32,
                first: (shard * own) as u32,
            };
            kernel.launch(device.compute(), &call)?;
            for (best, key) in best.iter_mut().zip(keys.read::<u64>(&what)?) {
                *best = key.max(*best);
            }
        }
        let mut sampler = Sampler::new(Sampling::default()).expect("sensible");
        let picked = logits.chunks_exact(vocab).map(|row| sampler.pick(row));
        let expected: Vec<u32> = picked.map(|token| token.unwrap_or(u32::MAX)).collect();
        let found = best.into_iter().map(|key| token_of(key).unwrap_or(u32::MAX));
        same_numbers(&what, "tokens", &found.collect::<Vec<u32>>(), &expected)?;
        compared += rows;
    }
    Ok(Outcome::Passed(format!("{compared} rows, token for token")))
}

/// Of 17 values, both zeros, infinities and none at all among them; every fourth row begins with none.
fn some_logits(bench: &Bench, rows: usize, vocab: usize) -> Vec<f32> {
    let drawn = bench.integers(rows * vocab, 17);
    let value = |(at, drawn): (usize, &u32)| match (at / vocab % 4, drawn) {
        (3, _) if at % vocab < vocab / 2 => f32::NAN,
        (2, _) => f32::NAN,
        (1, 15..) => f32::NEG_INFINITY,
        (1, 8..) => -0.0,
        (1, _) => 0.0,
        (_, 16) => f32::INFINITY,
        (_, &drawn) => drawn as f32 / 4.0 - 2.0,
    };
    drawn.iter().enumerate().map(value).collect()
}
