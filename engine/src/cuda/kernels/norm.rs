//! RMSNorm of whole rows (`norm.cu`) and of single heads (`qk_norm.cu`).

use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader,
    arguments::{Entry, Pointer, arguments},
    heads,
    source::Source,
};
use crate::cuda::{
    driver::{CudaError, DevicePtr, Shape},
    stamps::OpRecording,
};

const FILE: &str = "norm.cu";
const THREADS: u32 = 256;

arguments! {
    NormArguments of "norm.cu": "weft_rms_norm";
    x: Pointer,
    gamma: Pointer,
    out: Pointer,
    rows: u32,
    eps: f32,
    op: u32,
    ring: Pointer,
}

arguments! {
    StreamNormArguments of "norm.cu": "weft_first_rms_norm", "norm.cu": "weft_add_rms_norm";
    x: Pointer,
    residual: Pointer,
    gamma: Pointer,
    out: Pointer,
    rows: u32,
    eps: f32,
    op: u32,
    ring: Pointer,
}

arguments! {
    QkNormArguments of "qk_norm.cu": "weft_qk_norm";
    qkv: Pointer,
    gamma: Pointer,
    tokens: u32,
    q_heads: u32,
    k_heads: u32,
    eps: f32,
    op: u32,
    ring: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[
    List::of::<NormArguments>(),
    List::of::<StreamNormArguments>(),
    List::of::<QkNormArguments>(),
];

/// What an RMSNorm does with the residual stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cuda) enum NormKind {
    /// Nothing (`weft_rms_norm`).
    Plain,
    /// Begins it with its input (`weft_first_rms_norm`).
    First,
    /// Adds its input to it and norms the sum (`weft_add_rms_norm`).
    Add,
}

/// `norm.cu`, compiled for rows of one width.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Norm(Form);

#[derive(Clone, Debug)]
enum Form {
    Plain(Entry<NormArguments>),
    Stream(Entry<StreamNormArguments>),
}

/// One launch of a norm over `[rows, hidden]` bf16.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct NormCall<'a> {
    pub(in crate::cuda) x: DevicePtr<'a>,
    /// Shaped as `x`; [`NormKind::Plain`] leaves it untouched.
    pub(in crate::cuda) residual: DevicePtr<'a>,
    /// `[hidden]` bf16.
    pub(in crate::cuda) gamma: DevicePtr<'a>,
    /// Shaped as `x`, and may be it.
    pub(in crate::cuda) out: DevicePtr<'a>,
    pub(in crate::cuda) rows: u32,
    pub(in crate::cuda) eps: f32,
    /// Any number.
    pub(in crate::cuda) blocks: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl Norm {
    pub(in crate::cuda) fn load(
        loader: Loader<'_>,
        kind: NormKind,
        hidden: u32,
    ) -> Result<Self, CudaError> {
        let defines = &[format!("WEFT_HIDDEN={hidden}")];
        let source = |entry| Source { file: FILE, entry, defines, smem_bytes: 0 };
        let stream = |entry| Entry::load(loader, source(entry)).map(Form::Stream);
        Ok(Self(match kind {
            NormKind::Plain => Form::Plain(Entry::load(loader, source("weft_rms_norm"))?),
            NormKind::First => stream("weft_first_rms_norm")?,
            NormKind::Add => stream("weft_add_rms_norm")?,
        }))
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &NormCall<'_>,
    ) -> Result<(), CudaError> {
        let shape = Shape::line(call.blocks, THREADS);
        let (x, gamma, out) = (call.x.into(), call.gamma.into(), call.out.into());
        let (rows, eps) = (call.rows, call.eps);
        let (op, ring) = (call.recording.op, call.recording.ring.into());
        match &self.0 {
            Form::Plain(entry) => {
                entry.launch(stream, shape, NormArguments { x, gamma, out, rows, eps, op, ring })
            }
            Form::Stream(entry) => {
                let residual = call.residual.into();
                let arguments =
                    StreamNormArguments { x, residual, gamma, out, rows, eps, op, ring };
                entry.launch(stream, shape, arguments)
            }
        }
    }
}

/// `qk_norm.cu`: RMSNorm of every query head and key head by itself.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct QkNorm(Entry<QkNormArguments>);

/// One launch over rows of QKV, in place.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct QkNormCall<'a> {
    /// `[tokens, (heads + 2 kv_heads) · head_dim]` bf16.
    pub(in crate::cuda) qkv: DevicePtr<'a>,
    /// `[2, head_dim]` bf16: of queries, of keys.
    pub(in crate::cuda) gamma: DevicePtr<'a>,
    pub(in crate::cuda) tokens: u32,
    pub(in crate::cuda) heads: u32,
    pub(in crate::cuda) kv_heads: u32,
    pub(in crate::cuda) eps: f32,
    /// Any number.
    pub(in crate::cuda) blocks: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl QkNorm {
    pub(in crate::cuda) fn load(loader: Loader<'_>, head_dim: u32) -> Result<Self, CudaError> {
        let source = Source::plain("qk_norm.cu", "weft_qk_norm");
        Entry::load(loader, Source { defines: &heads::defines(head_dim), ..source }).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &QkNormCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = QkNormArguments {
            qkv: call.qkv.into(),
            gamma: call.gamma.into(),
            tokens: call.tokens,
            q_heads: call.heads,
            k_heads: call.kv_heads,
            eps: call.eps,
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        self.0.launch(stream, Shape::line(call.blocks, THREADS), arguments)
    }
}
