//! `qk_norm.cu`: RMSNorm of every query head and key head by itself, values left as they are.

use weftscope_kernels::{abi::StampKind, reference::rms_norm};

use super::{
    Bench, Check, CheckError, Outcome,
    compare::Tally,
    norm::{EPS, LIMITS},
    qkv::{FULL, QUICK, QkvRows},
    stamped::{OP, recording, stamped},
};
use crate::cuda::kernels::{QkNorm, QkNormCall};

pub(super) const CHECKS: &[Check] = &[Check::one("head norms", "qk_norm.cu", check)];

/// In place, at the size of activations and where epsilon is a third of the mean square.
fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut tally = Tally::new(LIMITS);
    for &rows in bench.choose(&QUICK, &FULL) {
        let QkvRows { head_dim, tokens, heads, kv_heads, blocks } = rows;
        let kernel = QkNorm::load(bench.loader(0), head_dim as u32)?;
        for scale in [3.0, 0.01] {
            let what = format!(
                "{tokens} tokens, {heads}/{kv_heads} heads of {head_dim}, numbers up to {scale} on {blocks} blocks"
            );
            let (columns, normed) = (rows.columns(), (heads + kv_heads) * head_dim);
            let x = bench.numbers(tokens * columns, scale);
            let gamma = bench.numbers(2 * head_dim, 1.5);
            let (qkv, gamma_dev) = (x.upload(device)?, gamma.upload(device)?);
            let call = QkNormCall {
                qkv: qkv.ptr(),
                gamma: gamma_dev.ptr(),
                tokens: tokens as u32,
                heads: heads as u32,
                kv_heads: kv_heads as u32,
                eps: EPS,
                blocks,
                recording: recording.of(OP),
            };
            kernel.launch(device.compute(), &call)?;
            let out: Vec<u16> = qkv.read(&what)?;
            let (of_queries, of_keys) = gamma.wide.split_at(head_dim);
            let (mut heads_out, mut reference) = (Vec::new(), Vec::new());
            let (mut values_out, mut values) = (Vec::new(), Vec::new());
            let rows = out.chunks(columns).zip(x.wide.chunks(columns));
            for ((out, wide), bits) in rows.zip(x.bits.chunks(columns)) {
                let (queries, rest) = wide.split_at(heads * head_dim);
                let keys = &rest[..kv_heads * head_dim];
                reference.extend(rms_norm(queries, of_queries, f64::from(EPS)));
                reference.extend(rms_norm(keys, of_keys, f64::from(EPS)));
                heads_out.extend_from_slice(&out[..normed]);
                values_out.extend_from_slice(&out[normed..]);
                values.extend_from_slice(&bits[normed..]);
            }
            tally.compare(&what, &heads_out, &reference, head_dim)?;
            tally.same(&format!("values, {what}"), &values_out, &values, head_dim)?;
            stamped(&what, &recording, device.info().sms, &[(StampKind::Block, blocks as usize)])?;
        }
    }
    Ok(tally.passed())
}
