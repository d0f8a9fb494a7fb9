//! `norm.cu`: RMSNorm by itself, first of a residual stream, and behind the residual's add.

use weftscope_kernels::{
    abi::StampKind,
    reference::{add_rms_norm, rms_norm},
};

use super::{
    Bench, Check, CheckError, Outcome,
    compare::{Limits, Tally},
    data::{Guarded, Numbers, wide},
    stamped::{OP, recording, stamped},
};
use crate::cuda::{
    driver::Device,
    kernels::{Norm, NormCall, NormKind},
    stamps::Recording,
};

pub(super) const CHECKS: &[Check] = &[Check::one("norms", "norm.cu", check)];

/// Three roundings to bf16 at most stand between input and output (the sum, the scaled value, its product with gamma):
/// 3 · 2⁻⁸ = 1.2e-2 of an element at worst, √3 · 1.7e-3 = 2.9e-3 in the mean square.
pub(super) const LIMITS: Limits = Limits { error: 4e-3, element: 1.4e-2 };

pub(super) const EPS: f32 = 1e-5;

/// All three, over widths that fill the block's threads and one that does not.
fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut tally = Tally::new(LIMITS);
    for &hidden in bench.choose(&[520], &[8192, 4096, 520, 8]) {
        for kind in [NormKind::Plain, NormKind::First, NormKind::Add] {
            let kernel = Norm::load(bench.loader(0), kind, hidden as u32)?;
            for &(rows, blocks) in bench.choose(&[(5, 2)], &[(1, 1), (37, 5), (301, 264)]) {
                for in_place in [false, true] {
                    let problem = Problem::draw(bench, kind, (rows, hidden), in_place);
                    problem.run(device, &recording, &kernel, blocks, &mut tally)?;
                }
            }
        }
    }
    Ok(tally.passed())
}

struct Problem {
    kind: NormKind,
    rows: usize,
    hidden: usize,
    /// The output replaces the input.
    in_place: bool,
    x: Numbers,
    residual: Numbers,
    gamma: Numbers,
}

impl Problem {
    fn draw(bench: &Bench, kind: NormKind, (rows, hidden): (usize, usize), in_place: bool) -> Self {
        Self {
            kind,
            rows,
            hidden,
            in_place,
            x: bench.numbers(rows * hidden, 3.0),
            residual: bench.numbers(rows * hidden, 2.0),
            gamma: bench.numbers(hidden, 1.5),
        }
    }

    fn run(
        &self,
        device: &Device,
        recording: &Recording,
        kernel: &Norm,
        blocks: u32,
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Self { kind, rows, hidden, in_place, .. } = *self;
        let what =
            format!("{kind:?}, {rows} rows of {hidden} on {blocks} blocks, in place {in_place}");
        let (x, gamma) = (self.x.upload(device)?, self.gamma.upload(device)?);
        let residual = match kind {
            NormKind::Add => self.residual.upload(device)?,
            NormKind::Plain | NormKind::First => Guarded::poisoned::<u16>(device, rows * hidden)?,
        };
        let fresh = Guarded::poisoned::<u16>(device, rows * hidden)?;
        let out = if in_place { &x } else { &fresh };
        let call = NormCall {
            x: x.ptr(),
            residual: residual.ptr(),
            gamma: gamma.ptr(),
            out: out.ptr(),
            rows: rows as u32,
            eps: EPS,
            blocks,
            recording: recording.of(OP),
        };
        kernel.launch(device.compute(), &call)?;
        let (gamma, eps) = (&self.gamma.wide, f64::from(EPS));
        let kept: Vec<u16> = residual.read(&what)?;
        let normed = match kind {
            NormKind::Plain => rms_norm(&self.x.wide, gamma, eps),
            NormKind::First => {
                tally.same(&format!("residual, {what}"), &kept, &self.x.bits, hidden)?;
                rms_norm(&self.x.wide, gamma, eps)
            }
            NormKind::Add => {
                let (sum, _) = add_rms_norm(&self.x.wide, &self.residual.wide, gamma, eps);
                tally.compare(&format!("residual, {what}"), &kept, &sum, hidden)?;
                // The stream is normalised as it is kept, rounded: in rows of eight that rounding would not average out.
                rms_norm(&wide(&kept), gamma, eps)
            }
        };
        tally.compare(&what, &out.read(&what)?, &normed, hidden)?;
        let blocks = [(StampKind::Block, blocks as usize)];
        stamped(&what, recording, device.info().sms, &blocks)?;
        Ok(())
    }
}
