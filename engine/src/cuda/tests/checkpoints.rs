//! Whole models against transformers: the folder that `engine/tests/checkpoints/make.py` fills is named by
//! `WEFTSCOPE_CHECKPOINTS`; without it, or without GPUs, these skip aloud.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use safetensors::SafeTensors;
use weftscope_kernels::reference::relative_error;
use weftscope_testkit::{Need, aloud, skip};

use super::{Gpus, degrees, gpus, machine_with};
use crate::{
    batch::{Batch, Request},
    cuda::{
        checkpoint::Checkpoint,
        executor::{Contents, CudaExecutor, Placed, Weights, shuffled_pages},
    },
    executor::Executor,
    observer::NullObserver,
    plan::plan,
    spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
};

/// How much further from float64 than transformers' own bfloat16 run we may be: roundings fall differently, and both
/// round weights and some ten activations a layer.
const OF_BF16: f64 = 1.25;
/// And never further than this, however far the yardstick is: a fault must not hide behind a wide model.
const CEILING: f64 = 5e-2;

/// What transformers computed.
struct Reference {
    name: String,
    checkpoint: Arc<Checkpoint>,
    lengths: Vec<u32>,
    ids: Vec<u32>,
    /// `[tokens, vocabulary]`, computed in float64.
    logits: Vec<f64>,
    /// The same in bfloat16.
    bf16: Vec<f64>,
}

/// Part of a reference: a batch, its ids, and the logits of each part's last token.
struct Expected {
    batch: Batch,
    ids: Vec<u32>,
    logits: Vec<f64>,
    bf16: Vec<f64>,
}

impl Reference {
    fn read(folder: &Path) -> Self {
        let name = folder.file_name().expect("a folder in a folder").to_string_lossy().into_owned();
        let bytes = fs::read(folder.join("reference.safetensors")).expect("made by make.py");
        let file = SafeTensors::deserialize(&bytes).expect("whole");
        let words = |name: &str| -> Vec<u32> {
            let tensor = file.tensor(name).expect("made by make.py");
            let four = tensor.data().chunks_exact(4);
            four.map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
        };
        let numbers = |name: &str| -> Vec<f64> {
            words(name).into_iter().map(|bits| f64::from(f32::from_bits(bits))).collect()
        };
        let checkpoint = Checkpoint::open(folder).unwrap_or_else(|error| panic!("{error}"));
        Self {
            name,
            checkpoint: Arc::new(checkpoint),
            lengths: words("lengths"),
            ids: words("ids"),
            logits: numbers("logits"),
            bf16: numbers("bf16"),
        }
    }

    fn vocab(&self) -> usize {
        self.checkpoint.model().vocab as usize
    }

    /// The batch of one part of each sequence, tokens `[from, to)`, with what lies before cached.
    fn part(&self, cut: impl Fn(u32) -> (u32, u32)) -> Expected {
        let (mut requests, mut ids, mut first) = (Vec::new(), Vec::new(), 0);
        let (mut logits, mut bf16) = (Vec::new(), Vec::new());
        for &length in &self.lengths {
            let (from, to) = cut(length);
            requests.push(Request { cached_tokens: from, new_tokens: to - from });
            ids.extend(&self.ids[(first + from) as usize..(first + to) as usize]);
            if to > from {
                let row = (first + to - 1) as usize * self.vocab();
                logits.extend(&self.logits[row..row + self.vocab()]);
                bf16.extend(&self.bf16[row..row + self.vocab()]);
            }
            first += length;
        }
        Expected { batch: Batch { requests }, ids, logits, bf16 }
    }

    fn spec(&self, tp: u32, batch: Batch, case: Case) -> RunSpec {
        RunSpec {
            model: self.checkpoint.model().clone(),
            machine: machine_with(tp),
            batch,
            knobs: Knobs {
                tp,
                strategy: case.0,
                transport: Transport::P2p,
                split: case.1,
                ..Knobs::default()
            },
        }
    }
}

/// A strategy and where it cuts.
type Case = (StrategyKind, SplitChoice);

/// Every strategy whose result is defined on several ranks; cuts inside a sequence, between two, and at an odd row.
const CASES: [Case; 9] = [
    (StrategyKind::Default, HALF),
    (StrategyKind::Multimem, HALF),
    (StrategyKind::FuseOnly, HALF),
    (StrategyKind::EqualSplit, HALF),
    (StrategyKind::TokenWeave, SplitChoice::Fixed(640)),
    (StrategyKind::TokenWeave, SplitChoice::Fixed(333)),
    (StrategyKind::TokenWeave, SplitChoice::Fixed(318)),
    (StrategyKind::TwoBatch, SplitChoice::Fixed(319)),
    (StrategyKind::TwoBatch, HALF),
];
const HALF: SplitChoice = SplitChoice::Auto(Chooser::Half);

/// Several runs of one executor, each compared.
struct Comparison<'a> {
    reference: &'a Reference,
    tp: u32,
    executor: CudaExecutor,
    /// Of each sequence, where a cache is kept.
    pages: Option<Vec<Vec<u32>>>,
    failed: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn new(reference: &'a Reference, tp: u32) -> Self {
        let weights = Weights::Checkpoint(reference.checkpoint.clone());
        let executor = CudaExecutor::open(tp, true).expect("the GPUs can be used");
        let executor = executor.with_weights(weights);
        Self { reference, tp, executor, pages: None, failed: Vec::new() }
    }

    /// Keeps keys and values from run to run, in pages that do not follow one another.
    fn keep_cache(&mut self) {
        let (pages, total) = shuffled_pages(self.reference.lengths.iter().copied());
        self.executor.keep_cache(Some(total));
        self.pages = Some(pages);
    }

    /// Runs one part of the sequences and compares the logits of each part's last token.
    fn run(&mut self, what: &str, case: Case, cut: impl Fn(u32) -> (u32, u32)) {
        let Expected { batch, ids, logits: expected, bf16 } = self.reference.part(cut);
        let sequences = batch.requests.iter().filter(|request| request.new_tokens > 0).count();
        let name =
            format!("{} tp {} {} {:?} {what}", self.reference.name, self.tp, case.0.name(), case.1);
        let contents = self.pages.as_ref().map(|pages| {
            let place = |(request, pages): (&Request, &Vec<u32>)| Placed {
                cached_tokens: request.cached_tokens,
                pages: pages.clone(),
            };
            let placed = batch.requests.iter().zip(pages).map(place).collect();
            Contents { ids: ids.clone(), placed }
        });
        let planned = plan(&self.reference.spec(self.tp, batch, case)).expect("plans");
        let runs = planned.decision.runs.name();
        match contents {
            Some(contents) => self.executor.set_contents(contents),
            None => self.executor.set_token_ids(Some(ids)),
        }
        if let Err(error) = self.executor.run(&Arc::new(planned), 0, &mut NullObserver) {
            self.failed.push(format!("{name}: {error}"));
            return;
        }
        let ranks = self.executor.logits().expect("readable");
        let logits = joined(&ranks, sequences);
        let Compared { error, agree, worst, worst_error } =
            compare(&logits, &expected, self.reference.vocab());
        let yardstick = relative_error(&bf16, &expected);
        let line = format!(
            "{name} (runs {runs}): error {error:.2e} (transformers in bfloat16: {yardstick:.2e}), worst sequence {worst} with \
             {worst_error:.2e}, same token in {agree} of {sequences}",
        );
        aloud(&line);
        if error.is_nan() || error >= (OF_BF16 * yardstick).min(CEILING) {
            self.failed.push(line);
        }
    }

    /// The same, cut in half where the strategy cuts.
    fn run_halved(&mut self, what: &str, strategy: StrategyKind, cut: impl Fn(u32) -> (u32, u32)) {
        let lengths = self.reference.lengths.iter();
        let tokens: u32 = lengths.map(|&length| cut(length)).map(|(from, to)| to - from).sum();
        self.run(what, (strategy, SplitChoice::Fixed((tokens / 2).max(1))), cut);
    }

    fn finish(self, failed: &mut Vec<String>) {
        failed.extend(self.failed);
    }
}

/// `[sequences, vocabulary]` of the ranks' shards.
fn joined(ranks: &[Vec<f32>], sequences: usize) -> Vec<f64> {
    let mut all = Vec::new();
    for sequence in 0..sequences {
        for rank in ranks {
            let own = rank.len() / sequences;
            all.extend(rank[sequence * own..(sequence + 1) * own].iter().map(|&x| f64::from(x)));
        }
    }
    all
}

struct Compared {
    /// Over all sequences.
    error: f64,
    /// Sequences whose likeliest token is the same.
    agree: usize,
    worst: usize,
    worst_error: f64,
}

fn compare(logits: &[f64], expected: &[f64], vocab: usize) -> Compared {
    let argmax = |row: &[f64]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    let pairs = || logits.chunks_exact(vocab).zip(expected.chunks_exact(vocab));
    let agree = pairs().filter(|(a, b)| argmax(a) == argmax(b)).count();
    let errors = pairs().map(|(a, b)| relative_error(a, b)).enumerate();
    let (worst, worst_error) = errors.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
    Compared { error: relative_error(logits, expected), agree, worst, worst_error }
}

/// The references, and the GPUs; `None` after saying why not.
fn references() -> Option<(Vec<Reference>, Gpus)> {
    let gpus = gpus(1)?;
    let Some(folder) = std::env::var_os("WEFTSCOPE_CHECKPOINTS").map(PathBuf::from) else {
        skip(Need::Oracle, "WEFTSCOPE_CHECKPOINTS names no folder made by make.py");
        return None;
    };
    let mut folders: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{error}: {}", folder.display()))
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.join("reference.safetensors").exists())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "nothing made by make.py: {}", folder.display());
    Some((folders.iter().map(|folder| Reference::read(folder)).collect(), gpus))
}

/// All at once, in every strategy.
#[test]
fn logits_are_those_of_transformers() {
    let Some((references, gpus)) = references() else { return };
    let mut failed = Vec::new();
    for reference in &references {
        for tp in degrees(&reference.name, reference.checkpoint.model(), gpus.count) {
            let mut comparison = Comparison::new(reference, tp);
            let cases = if tp == 1 { &CASES[..1] } else { &CASES };
            for &case in cases {
                comparison.run("whole", case, |length| (0, length));
            }
            comparison.finish(&mut failed);
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Part by part: what earlier plans left in the cache is what later ones read.
#[test]
fn parts_and_steps_give_the_same_logits() {
    let Some((references, gpus)) = references() else { return };
    let mut failed = Vec::new();
    for reference in &references {
        for tp in degrees(&reference.name, reference.checkpoint.model(), gpus.count) {
            let strategies: &[StrategyKind] = match tp {
                1 => &[StrategyKind::NoComm],
                _ => &[StrategyKind::Multimem, StrategyKind::TokenWeave, StrategyKind::TwoBatch],
            };
            for &strategy in strategies {
                let mut comparison = Comparison::new(reference, tp);
                comparison.keep_cache();
                in_parts(&mut comparison, strategy);
                comparison.finish(&mut failed);
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn in_parts(comparison: &mut Comparison<'_>, strategy: StrategyKind) {
    // A sequence of one token has its only part second.
    let third = |length: u32| length / 3;
    comparison.run_halved("first third", strategy, |length| (0, third(length)));
    comparison.run_halved("the rest", strategy, |length| (third(length), length));
    // Decode steps, all in one batch; the sequence of one token has no cache, and the last step only.
    let left = |length: u32, steps: u32| length.saturating_sub(steps);
    comparison.run_halved("all but two", strategy, |length| (0, left(length, 2)));
    comparison.run_halved("step", strategy, |length| (left(length, 2), left(length, 1)));
    comparison.run_halved("last step", strategy, |length| (left(length, 1), length));
    // Chunks for some and steps for others.
    let cut = |length: u32| if length.is_multiple_of(2) { length / 2 - 1 } else { length - 1 };
    comparison.run_halved("before a mixed batch", strategy, |length| (0, cut(length)));
    comparison.run_halved("mixed batch", strategy, |length| (cut(length), length));
}
