//! `norm.cu`: RMSNorm alone, first of a residual stream, and behind the residual's add.

use weftscope_kernels::{
    abi::StampKind,
    reference::{add_rms_norm, rms_norm},
};

use super::{
    Bench, CheckError, Outcome,
    bench::Source,
    compare::{Limits, Tally},
    data::{Guarded, Numbers, wide},
    stamped::{OP, recording, stamped},
};
use crate::cuda::{
    driver::{Args, Device, Kernel, Shape},
    stamps::Recording,
};

/// Three roundings to bf16 at most stand between input and output (the sum, the scaled value, its product with gamma):
/// 3 · 2⁻⁸ = 1.2e-2 of an element at worst, √3 · 1.7e-3 = 2.9e-3 in the mean square.
pub(super) const LIMITS: Limits = Limits { error: 4e-3, element: 1.4e-2 };

pub(super) const EPS: f32 = 1e-5;

/// Which kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// `weft_rms_norm`
    None,
    /// `weft_first_rms_norm`
    Begins,
    /// `weft_add_rms_norm`
    GoesOn,
}

/// All three, over widths that fill the block's threads and one that does not.
pub(super) fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut tally = Tally::new(LIMITS);
    for &hidden in bench.choose(&[520], &[8192, 4096, 520, 8]) {
        let defines = [format!("WEFT_HIDDEN={hidden}")];
        for (stream, entry) in [
            (Stream::None, "weft_rms_norm"),
            (Stream::Begins, "weft_first_rms_norm"),
            (Stream::GoesOn, "weft_add_rms_norm"),
        ] {
            let source = Source { file: "norm.cu", entry, defines: &defines, smem_bytes: 0 };
            let kernel = bench.kernel(source)?;
            for &(rows, blocks) in bench.choose(&[(5, 2)], &[(1, 1), (37, 5), (301, 264)]) {
                for in_place in [false, true] {
                    let problem = Problem::draw(bench, stream, (rows, hidden), in_place);
                    problem.run((device, &recording), &kernel, blocks, &mut tally)?;
                }
            }
        }
    }
    Ok(tally.passed())
}

struct Problem {
    stream: Stream,
    rows: usize,
    hidden: usize,
    /// The output replaces the input.
    in_place: bool,
    x: Numbers,
    residual: Numbers,
    gamma: Numbers,
}

impl Problem {
    fn draw(bench: &Bench, stream: Stream, (rows, hidden): (usize, usize), in_place: bool) -> Self {
        Self {
            stream,
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
        (device, recording): (&Device, &Recording),
        kernel: &Kernel,
        blocks: u32,
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Self { stream, rows, hidden, in_place, .. } = *self;
        let what =
            format!("{stream:?}, {rows} rows of {hidden} on {blocks} blocks, in place {in_place}");
        let (x, gamma) = (self.x.upload(device)?, self.gamma.upload(device)?);
        let residual = match stream {
            Stream::GoesOn => self.residual.upload(device)?,
            Stream::None | Stream::Begins => Guarded::poisoned::<u16>(device, rows * hidden)?,
        };
        let fresh = Guarded::poisoned::<u16>(device, rows * hidden)?;
        let out = if in_place { &x } else { &fresh };
        let args = Args::new().with(x.address());
        let args = if stream == Stream::None { args } else { args.with(residual.address()) };
        let args = args
            .with(gamma.address())
            .with(out.address())
            .with(rows as u32)
            .with(EPS)
            .with(OP)
            .with(recording.ring_address());
        // SAFETY: the arguments are those of the stream's kernel, of which the first alone takes no residual; the
        // buffers live until the reads have waited for the device.
        unsafe { kernel.launch(device.compute(), Shape { blocks, threads: 256 }, args) }?;
        let (gamma, eps) = (&self.gamma.wide, f64::from(EPS));
        let kept: Vec<u16> = residual.read(&what)?;
        let normed = match stream {
            Stream::None => rms_norm(&self.x.wide, gamma, eps),
            Stream::Begins => {
                tally.same(&format!("residual, {what}"), &kept, &self.x.bits, hidden)?;
                rms_norm(&self.x.wide, gamma, eps)
            }
            Stream::GoesOn => {
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
