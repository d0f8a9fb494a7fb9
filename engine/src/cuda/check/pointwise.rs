//! Kernels that touch every element once: SiLU·mul, embedding, random numbers.

use half::bf16;
use weftscope_kernels::{
    abi::StampKind,
    reference::{embedding as embedding_reference, silu_mul as silu_mul_reference},
};

use super::{
    Bench, Check, CheckError, Outcome,
    compare::{Limits, Tally},
    data::{Guarded, Numbers},
    stamped::{OP, recording, stamped},
};
use crate::cuda::kernels::{
    EmbedCall, Embedding, Random, RandomCall, SiluMul, SiluMulCall, padded,
};

pub(super) const CHECKS: &[Check] = &[
    Check::one("silu·mul", "silu_mul.cu", silu_mul),
    Check::one("embedding", "embedding.cu", embedding),
    Check::one("random numbers", "random.cu", random),
];

/// `silu_mul.cu`. fp32 with `__expf`, a few units in the last place of fp32: the rounding of the output is all of it.
fn silu_mul(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let kernel = SiluMul::load(bench.loader(0))?;
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    let full = [(1, 8, 1), (67, 520, 3), (200, 3584, 264), (33, 28_672, 528)];
    for &(rows, width, blocks) in bench.choose(&[(3, 24, 2)], &full) {
        let what = format!("{rows} rows of {width} on {blocks} blocks");
        let x = bench.numbers(rows * 2 * width, 8.0);
        let x_dev = x.upload(device)?;
        let out = Guarded::poisoned_padded(device, (rows, width))?;
        let call = SiluMulCall {
            x: x_dev.ptr(),
            out: out.ptr(),
            rows: rows as u32,
            width: width as u32,
            pitch: padded(width as u32),
            blocks,
            recording: recording.of(OP),
        };
        kernel.launch(device.compute(), &call)?;
        tally.compare(
            &what,
            &out.read_rows(&what, width)?,
            &silu_mul_reference(&x.wide, width),
            width,
        )?;
        let blocks = [(StampKind::Block, blocks as usize)];
        stamped(&what, &recording, device.info().sms, &blocks)?;
    }
    Ok(tally.passed())
}

/// `embedding.cu`: rows of the rank's shard bit for bit, zeros for ids before and behind it.
fn embedding(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let kernel = Embedding::load(bench.loader(0))?;
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    // Tokens, hidden, rows of the shard, blocks. The shard is the middle third of the vocabulary.
    let full = [(1, 8, 5, 1), (301, 520, 40, 7), (77, 8192, 100, 264)];
    for &(tokens, hidden, count, blocks) in bench.choose(&[(9, 24, 4, 2)], &full) {
        let what = format!("{tokens} tokens of {hidden} from {count} rows on {blocks} blocks");
        let table = bench.numbers(count as usize * hidden, 1.0);
        let ids = bench.integers(tokens, 3 * count);
        let (ids_dev, table_dev) = (Guarded::holding(device, &ids)?, table.upload(device)?);
        let out = Guarded::poisoned::<u16>(device, tokens * hidden)?;
        let call = EmbedCall {
            ids: ids_dev.ptr(),
            weight: table_dev.ptr(),
            out: out.ptr(),
            tokens: tokens as u32,
            hidden: hidden as u32,
            first: count,
            count,
            blocks,
            recording: recording.of(OP),
        };
        kernel.launch(device.compute(), &call)?;
        let reference = embedding_reference(&ids, &table.wide, hidden, count);
        // bf16 numbers come back from f64 as they were.
        let expected: Vec<u16> = reference.iter().map(|&x| bf16::from_f64(x).to_bits()).collect();
        tally.same(&what, &out.read(&what)?, &expected, hidden)?;
        let blocks = [(StampKind::Block, blocks as usize)];
        stamped(&what, &recording, device.info().sms, &blocks)?;
    }
    Ok(tally.passed())
}

/// `random.cu` against its twin: integers up to the last step, so bit for bit.
fn random(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let kernel = Random::load(bench.loader(0))?;
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    let full = [(1, 1, 0u64, 1.0f32), (1000, 3, 77, 0.02), (70_000, 264, u64::MAX, 1.5)];
    for &(count8, blocks, seed, scale) in bench.choose(&[(100, 2, 5, 0.5)], &full) {
        let what = format!("{count8} vectors, seed {seed}, scale {scale}");
        let out = Guarded::poisoned::<u16>(device, count8 * 8)?;
        let call = RandomCall { out: out.ptr(), vectors: count8 as u64, seed, scale, blocks };
        kernel.launch(device.compute(), &call)?;
        let expected: Vec<u16> = (0..count8 as u64 * 4)
            .flat_map(|pair| drawn(seed, pair).map(|unit| bf16::from_f32(scale * unit).to_bits()))
            .collect();
        tally.same(&what, &out.read(&what)?, &expected, 8)?;
        let mean = Numbers::from_bits(expected).wide.iter().sum::<f64>() / (count8 * 8) as f64;
        // Five standard deviations of the mean of uniform numbers.
        let spread = 5.0 * f64::from(scale) / (3.0 * (count8 * 8) as f64).sqrt();
        if mean.abs() > spread {
            return Err(CheckError::Wrong(format!("{what}: mean {mean:e}, at most {spread:e}")));
        }
    }
    Ok(tally.passed())
}

/// Two numbers in −1…1 of 24 bits each, from MurmurHash3's finaliser of seed and index.
fn drawn(seed: u64, pair: u64) -> [f32; 2] {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(pair);
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        bits = (bits ^ (bits >> 33)).wrapping_mul(factor);
    }
    bits ^= bits >> 33;
    let unit = |bits: u32| bits as f32 / (1u32 << 23) as f32 - 1.0;
    [unit(bits as u32 >> 8), unit((bits >> 40) as u32)]
}
