//! What a rank runs, as a sequence of letters: one an op of its main stream, alike for ops of one name.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::GpuOp;
use crate::model::{Kind, LabelId, Trace};

/// One op of the main stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// The same for ops of one name and kind.
    pub(super) symbol: u32,
    pub(super) kind: Kind,
    /// What the kernel's name says beside.
    pub(super) told: Told,
    /// Position among the rank's ops.
    pub(super) op: usize,
}

/// What a kernel's name says of its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// It belongs to a backward pass.
    pub(super) backward: bool,
    /// It is a softmax: where attention is made of several kernels, one of them.
    pub(super) softmax: bool,
    /// It stands before the first layer or after the last: an embedding, a choice of tokens, a loss.
    pub(super) outside: bool,
}

impl Letter {
    /// A product of matrices, whatever else the kernel does.
    pub(super) fn is_gemm(&self) -> bool {
        matches!(self.kind, Kind::Gemm | Kind::Fused)
    }

    /// What stands between the blocks of a layer: a norm or a collective.
    pub(super) fn is_seam(&self) -> bool {
        matches!(self.kind, Kind::Norm | Kind::Comm)
    }
}

/// The main stream of a rank: the one with most computation.
#[derive(Clone, Debug, Default)]
pub(super) struct Sequence {
    /// Its number.
    pub(super) stream: u32,
    /// Its computation and communication in order; copies and sets are left out, which come and go.
    pub(super) letters: Vec<Letter>,
    /// Another stream that runs as much of the same: maybe the other half of the tokens.
    pub(super) twin: Option<u32>,
}

/// Of the main stream's kernels, the share that another must have of the same names to be its twin.
const TWIN: f64 = 0.5;

impl Sequence {
    pub(super) fn of(trace: &Trace, ops: &[GpuOp]) -> Self {
        let mut counts: BTreeMap<u32, (usize, i64)> = BTreeMap::new();
        for op in ops.iter().filter(|op| op.kind.is_compute()) {
            let (count, ns) = counts.entry(op.stream).or_default();
            (*count, *ns) = (*count + 1, *ns + op.span.len_ns());
        }
        let most = counts.iter().max_by_key(|(_, most)| **most);
        let Some((&stream, _)) = most else { return Self::default() };
        let mut symbols = Symbols::default();
        let is_told = |op: &GpuOp| op.kind.is_compute() || op.kind == Kind::Comm;
        let of_stream = ops.iter().enumerate().filter(|(_, op)| op.stream == stream && is_told(op));
        let letters: Vec<Letter> = of_stream
            .map(|(at, op)| {
                let (symbol, told) = symbols.of(trace, op.label);
                Letter { symbol, kind: op.kind, told, op: at }
            })
            .collect();
        let known: HashSet<u32> = letters.iter().map(|letter| letter.symbol).collect();
        let mut same: BTreeMap<u32, usize> = BTreeMap::new();
        for op in ops.iter().filter(|op| op.stream != stream && op.kind.is_compute()) {
            let is_known = known.contains(&symbols.of(trace, op.label).0);
            *same.entry(op.stream).or_default() += usize::from(is_known);
        }
        let twin = same.into_iter().max_by_key(|(_, count)| *count);
        let twin = twin.filter(|(_, count)| *count as f64 >= TWIN * letters.len() as f64);
        Self { stream, letters, twin: twin.map(|(stream, _)| stream) }
    }
}

/// Where products stand.
pub(super) fn positions_of_gemms(letters: &[Letter]) -> Vec<usize> {
    (0..letters.len()).filter(|&at| letters[at].is_gemm()).collect()
}

/// Symbols by label: labels of one name and kind have one.
#[derive(Default)]
struct Symbols<'a> {
    by_label: HashMap<LabelId, (u32, Told)>,
    by_name: HashMap<(&'a str, Kind), u32>,
}

impl<'a> Symbols<'a> {
    fn of(&mut self, trace: &'a Trace, id: LabelId) -> (u32, Told) {
        let by_name = &mut self.by_name;
        *self.by_label.entry(id).or_insert_with(|| {
            let label = trace.label(id);
            let next = by_name.len() as u32;
            let symbol = *by_name.entry((label.name.as_str(), label.kind)).or_insert(next);
            (symbol, told(&label.name))
        })
    }
}

/// Words by which kernels of backward passes are called.
const BACKWARD: [&str; 7] = ["bwd", "backward", "bprop", "dgrad", "wgrad", "_grad", "dkdv"];

/// Words of a softmax that is no part of attention.
const NO_ATTENTION: [&str; 4] = ["log_softmax", "logsoftmax", "topk", "gating"];
/// Words of kernels outside of layers.
const OUTSIDE: [&str; 9] = [
    "embed",
    "argmax",
    "sampl",
    "multinomial",
    "cross_entropy",
    "nll_loss",
    "log_softmax",
    "logsoftmax",
    "indexselect",
];

fn told(name: &str) -> Told {
    let lower = name.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    Told {
        backward: says(&BACKWARD),
        softmax: lower.contains("softmax") && !says(&NO_ATTENTION),
        outside: says(&OUTSIDE) && !lower.contains("rotary"),
    }
}
