//! `qk_norm.cu`: RMSNorm of every query head and key head by itself, values left alone.

use weftscope_kernels::{abi::StampKind, reference::rms_norm};

use super::{
    Bench, CheckError, Outcome,
    bench::Source,
    compare::Tally,
    norm::{EPS, LIMITS},
    stamped::{OP, recording, stamped},
};
use crate::cuda::driver::{Args, Shape};

const HEAD_DIM: usize = 128;

/// Tokens, query heads, key heads, blocks: groups and none, fewer and more heads than threads.
const FULL: [(usize, usize, usize, u32); 4] =
    [(1, 1, 1, 1), (37, 8, 1, 3), (300, 12, 4, 264), (129, 5, 5, 40)];
const QUICK: [(usize, usize, usize, u32); 1] = [(5, 3, 1, 2)];

/// In place, at the size of activations and where epsilon is a third of the mean square.
pub(super) fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let kernel = bench.kernel(Source::plain("qk_norm.cu", "weft_qk_norm"))?;
    let mut tally = Tally::new(LIMITS);
    for &(tokens, heads, kv_heads, blocks) in bench.choose(&QUICK, &FULL) {
        for scale in [3.0, 0.01] {
            let what = format!(
                "{tokens} tokens, {heads}/{kv_heads} heads, numbers up to {scale} on {blocks} blocks"
            );
            let (columns, normed) =
                ((heads + 2 * kv_heads) * HEAD_DIM, (heads + kv_heads) * HEAD_DIM);
            let x = bench.numbers(tokens * columns, scale);
            let gamma = bench.numbers(2 * HEAD_DIM, 1.5);
            let (qkv, gamma_dev) = (x.upload(device)?, gamma.upload(device)?);
            let args = Args::new()
                .with(qkv.address())
                .with(gamma_dev.address())
                .with(tokens as u32)
                .with(heads as u32)
                .with(kv_heads as u32)
                .with(EPS)
                .with(OP)
                .with(recording.ring_address());
            // SAFETY: the arguments are those of weft_qk_norm; both buffers live until the read has waited for the device.
            unsafe { kernel.launch(device.compute(), Shape { blocks, threads: 256 }, args) }?;
            let out: Vec<u16> = qkv.read(&what)?;
            let (of_queries, of_keys) = gamma.wide.split_at(HEAD_DIM);
            let (mut heads_out, mut reference) = (Vec::new(), Vec::new());
            let (mut values_out, mut values) = (Vec::new(), Vec::new());
            let rows = out.chunks(columns).zip(x.wide.chunks(columns));
            for ((out, wide), bits) in rows.zip(x.bits.chunks(columns)) {
                let (queries, rest) = wide.split_at(heads * HEAD_DIM);
                let keys = &rest[..kv_heads * HEAD_DIM];
                reference.extend(rms_norm(queries, of_queries, f64::from(EPS)));
                reference.extend(rms_norm(keys, of_keys, f64::from(EPS)));
                heads_out.extend_from_slice(&out[..normed]);
                values_out.extend_from_slice(&out[normed..]);
                values.extend_from_slice(&bits[normed..]);
            }
            tally.compare(&what, &heads_out, &reference, HEAD_DIM)?;
            tally.same(&format!("values, {what}"), &values_out, &values, HEAD_DIM)?;
            stamped(&what, &recording, device.info().sms, &[(StampKind::Block, blocks as usize)])?;
        }
    }
    Ok(tally.passed())
}
