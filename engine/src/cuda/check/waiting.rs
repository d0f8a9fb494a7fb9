//! A rank that never comes: every collective must return in time and say who was missing.

use std::time::Instant;

use weftscope_kernels::abi::{ErrorCode, PAD_WORDS, Peers};

use super::{
    Bench, Check, CheckError, Outcome,
    data::{Guarded, Numbers},
    norm::EPS,
    ranks::{pads, shared},
    stamped::{OP, recording},
};
use crate::cuda::{
    driver::{CudaError, Device, KernelFamily},
    kernels::{
        CollectiveCall, CollectiveKernel, CollectiveKind, FusedForm, FusedNorm, FusedNormCall,
        peers,
    },
    stamps::Recording,
};

pub(super) const CHECKS: &[Check] = &[Check::one("missing rank", "fused_norm_sm90.cu", check)];

/// What the kernels wait at most here, instead of two seconds.
const LIMIT_NS: u64 = 200_000_000;
/// What launching and noticing the end may take on top.
const SLACK_S: f64 = 1.0;

const BLOCKS: u32 = 4;
const HIDDEN: usize = 512;
const ROWS: usize = 8;
/// The rank that never launches its part.
const MISSING: u32 = 1;

/// A collective to launch without its peer.
enum Waiting {
    Plain(CollectiveKind, CollectiveKernel),
    Fused(FusedForm, FusedNorm),
}

/// Rank 0 of two by itself: at the entry barrier, and at the exit barrier of a peer that came but does not finish. The
/// missing rank's memory lies on the second GPU where there is one.
fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let (mut longest, mut runs) = (0.0f64, 0);
    for kernel in kernels(bench)? {
        for code in [ErrorCode::BarrierEntry, ErrorCode::BarrierExit] {
            longest = longest.max(Place::new(bench)?.run(bench, &kernel, code)?);
            runs += 1;
        }
    }
    Ok(Outcome::Passed(format!(
        "{runs} waits given up, the longest after {longest:.3} s (limit {:.1} s)",
        LIMIT_NS as f64 / 1e9
    )))
}

fn kernels(bench: &Bench) -> Result<Vec<Waiting>, CheckError> {
    let loader = bench.loader(0).with_wait_limit_ns(LIMIT_NS);
    let mut all = Vec::new();
    for kind in
        [CollectiveKind::AllReduce, CollectiveKind::ReduceScatter, CollectiveKind::AllGather]
    {
        all.push(Waiting::Plain(kind, CollectiveKernel::load(loader, kind, 2)?));
    }
    for family in [KernelFamily::Hopper, KernelFamily::Portable] {
        let form =
            FusedForm { groups: 2, group_threads: 64, slots: 3, ahead: true, pairs: true, family };
        all.push(Waiting::Fused(form, FusedNorm::load(loader, form, HIDDEN as u32, 2)?));
    }
    Ok(all)
}

impl Waiting {
    fn name(&self) -> String {
        match self {
            Self::Plain(kind, _) => format!("{kind:?}"),
            Self::Fused(form, _) => format!("fused norm, {:?}", form.family),
        }
    }
}

/// Memory of both ranks.
struct Place<'a> {
    device: &'a Device,
    recording: Recording,
    input: Numbers,
    /// The launching rank's and the missing one's.
    hidden: [Guarded; 2],
    pads: [Guarded; 2],
    residual: Guarded,
    gamma: Guarded,
}

impl<'a> Place<'a> {
    fn new(bench: &'a Bench) -> Result<Self, CheckError> {
        let (device, other) = match bench.devices() {
            [device, other, ..] => (device, other),
            [device, ..] => (device, device),
            [] => unreachable!("a bench has a device"),
        };
        let input = bench.numbers(ROWS * HIDDEN, 1.0);
        Ok(Self {
            device,
            recording: recording(device)?,
            hidden: [input.upload(device)?, input.upload(other)?],
            pads: [pads(device)?, pads(other)?],
            residual: bench.numbers(ROWS * HIDDEN, 1.0).upload(device)?,
            gamma: bench.numbers(HIDDEN, 1.0).upload(device)?,
            input,
        })
    }

    /// Gives the seconds until the kernel returned.
    fn run(&self, bench: &Bench, waiting: &Waiting, code: ErrorCode) -> Result<f64, CheckError> {
        let what = format!("{}, {code:?}", waiting.name());
        let mut words = vec![0u32; super::ranks::MAX_BLOCKS * PAD_WORDS];
        if code == ErrorCode::BarrierExit {
            // What the peer would have written when it entered its first launch.
            words.iter_mut().skip(MISSING as usize).step_by(PAD_WORDS).for_each(|word| *word = 1);
        }
        self.pads[0].write(&words)?;
        let all = peers(&[0, 1].map(|rank| shared(&self.hidden[rank], &self.pads[rank])));
        self.device.synchronize()?;
        let began = Instant::now();
        self.launch(waiting, &all[0])?;
        self.device.synchronize()?;
        let seconds = began.elapsed().as_secs_f64();
        self.judge(&what, code, seconds)?;
        let limit_s = LIMIT_NS as f64 / 1e9;
        // A tool that slows everything down says nothing about the upper end.
        if seconds < limit_s || (!bench.quick() && seconds > limit_s + SLACK_S) {
            let text =
                format!("{what}: returned after {seconds:.3} s, the limit is {limit_s:.1} s");
            return Err(CheckError::Wrong(text));
        }
        Ok(seconds)
    }

    fn launch(&self, waiting: &Waiting, peers: &Peers) -> Result<(), CudaError> {
        let (stream, recording) = (self.device.compute(), self.recording.of(OP));
        match waiting {
            Waiting::Plain(_, kernel) => {
                let count = (ROWS * HIDDEN / 8) as u64;
                let call = CollectiveCall { peers, first: 0, count, blocks: BLOCKS, recording };
                kernel.launch(stream, &call)
            }
            Waiting::Fused(form, kernel) => {
                let call = FusedNormCall {
                    peers,
                    residual: self.residual.ptr(),
                    gamma: self.gamma.ptr(),
                    first: 0,
                    rows: ROWS as u32 / 2,
                    slots: form.slots,
                    eps: EPS,
                    blocks: BLOCKS,
                    recording,
                };
                kernel.launch(stream, &call)
            }
        }
    }

    fn judge(&self, what: &str, code: ErrorCode, seconds: f64) -> Result<(), CheckError> {
        let wrong = |text: String| Err(CheckError::Wrong(format!("{what}: {text}")));
        let Some(error) = self.recording.first_error()? else {
            return wrong(format!("no error was recorded, {seconds:.3} s"));
        };
        // Barriers of a first launch: 1 to enter, 2 to leave.
        let detail = if code == ErrorCode::BarrierEntry { 1 } else { 2 };
        let named = (error.op, error.what, error.peer, error.detail);
        if named != (OP, code as u32, MISSING, detail) || error.block >= BLOCKS {
            return wrong(format!(
                "op {OP}, what {}, peer {MISSING}, detail {detail} and a block below {BLOCKS} are right, but: {error:?}",
                code as u32
            ));
        }
        let own: Vec<u16> = self.hidden[0].read(what)?;
        let theirs: Vec<u16> = self.hidden[1].read(what)?;
        if code == ErrorCode::BarrierEntry && (own != self.input.bits || theirs != self.input.bits)
        {
            return wrong("wrote before the peer had come".to_owned());
        }
        Ok(())
    }
}
