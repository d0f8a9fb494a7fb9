//! Stretches against the whole: every op once, with the iteration and the times that the whole has.

use weftscope_traces::{
    analysis::{Config, Ops, overlap},
    digest::{Before, of_rank, of_rank_after},
};
use weftscope_wire::{Event, KernelRun};

use super::{super::made, *};

/// Rank, iteration, name, start, end and turn of an op.
type Row = (u32, Option<i64>, String, i64, i64, Option<i64>);

fn process(rank: u32) -> Process {
    let mut process = Process::new(made::hello(10 + rank, (rank, 2)));
    process.take(Event::Device(made::device(1)));
    let names = ["qkv_gemm", "softmax", "ncclDevKernel_AllReduce", "other_gemm"];
    made::kernels(names).for_each(|kernel| process.take(kernel));
    process
}

/// The same to the whole and to what is cut.
struct Told {
    whole: Vec<Process>,
    open: Vec<Process>,
    stretches: Stretches,
    before: BTreeMap<u32, Before>,
    rows: Vec<Row>,
    closed: usize,
}

impl Told {
    fn new() -> Self {
        let both = || vec![process(0), process(1)];
        let stretches = Stretches::new("t".to_owned());
        let (before, rows) = (BTreeMap::new(), Vec::new());
        Self { whole: both(), open: both(), stretches, before, rows, closed: 0 }
    }

    fn take(&mut self, rank: usize, event: &Event) {
        self.whole[rank].take(event.clone());
        self.open[rank].take(event.clone());
    }

    fn close(&mut self) {
        let mut open: Vec<&mut Process> = self.open.iter_mut().collect();
        let closed = self.stretches.close(&mut open, &Classifier::default()).unwrap();
        self.closed += usize::from(closed.is_some());
        closed.iter().for_each(|trace| self.digest(trace));
    }

    fn digest(&mut self, trace: &Trace) {
        let ops = Ops::of(trace, &Config::default());
        for (rank, figures) in ops.ranks.iter().zip(&overlap(&ops).ranks) {
            let before = self.before.entry(rank.rank).or_default();
            let digest = of_rank_after(&ops, rank, figures, before);
            self.rows.extend(rows(rank.rank, digest.op_rows()));
        }
    }

    /// What all stretches have, and what the whole has.
    fn both(mut self) -> (Vec<Row>, Vec<Row>) {
        let rest = self.stretches.rest(&self.open, &Classifier::default()).unwrap();
        rest.iter().for_each(|trace| self.digest(trace));
        let whole = trace("t", &self.whole, &Classifier::default()).unwrap();
        let ops = Ops::of(&whole, &Config::default());
        let mut of_whole = Vec::new();
        for (rank, figures) in ops.ranks.iter().zip(&overlap(&ops).ranks) {
            of_whole.extend(rows(rank.rank, of_rank(&ops, rank, figures).op_rows()));
        }
        self.rows.sort();
        of_whole.sort();
        (self.rows, of_whole)
    }
}

fn rows<'a>(
    rank: u32,
    rows: impl Iterator<Item = weftscope_traces::digest::OpRow<'a>>,
) -> Vec<Row> {
    rows.map(|row| {
        let turn = row.collective.map(|collective| collective.turn);
        (rank, row.iteration, row.name.to_owned(), row.start_ns, row.end_ns, turn)
    })
    .collect()
}

/// Launches a kernel whose only block runs at once.
fn kernel(id: u64, kernel: u32, at_ns: i64) -> [Event; 2] {
    let launch = weftscope_wire::Launch { kernel, ..made::launch(id, at_ns) };
    [Event::Launch(launch), made::block(id, at_ns as u64, 400)]
}

#[test]
fn what_is_closed_step_by_step_adds_up_to_the_whole() {
    let mut told = Told::new();
    let mut late: Vec<(usize, Event)> = Vec::new();
    for step in 0..20_u64 {
        for rank in 0..2 {
            // Rank 1 lags by two steps now and then.
            let lag = 300 * rank as i64;
            for (at, of) in [0, 1, 2].into_iter().enumerate() {
                let id = step * 10 + at as u64;
                let at_ns = 1_000_000 + step as i64 * 10_000 + at as i64 * 1_000 + lag;
                let [launch, blocks] = kernel(id, of, at_ns);
                told.take(rank, &launch);
                late.push((rank, blocks));
            }
            let waits_ns = 1_000_000 + step as i64 * 10_000 + 5_000 + lag;
            told.take(rank, &Event::Wait(made::wait(1, waits_ns, 2_000)));
        }
        // Blocks tell three steps later.
        if step >= 3 {
            late.drain(..6).for_each(|(rank, event)| told.take(rank, &event));
        }
        if step % 4 == 3 {
            told.close();
        }
    }
    late.iter().for_each(|(rank, event)| told.take(*rank, event));
    told.close();
    assert!(told.closed >= 4, "{}", told.closed);
    assert!(told.open.iter().all(|process| process.launches.len() < 12 && process.has_run()));
    let (stretches, whole) = told.both();
    assert_eq!(whole.len(), 2 * 60);
    assert!(whole.iter().all(|row| row.1.is_some()), "every op is of a step");
    assert_eq!(stretches, whole);
}

#[test]
fn collectives_outside_steps_are_counted_on() {
    let mut told = Told::new();
    for step in 0..12_u64 {
        for rank in 0..2 {
            let start_ns = 1_000_000 + step as i64 * 20_000;
            for (at, of) in [0, 1, 3].into_iter().enumerate() {
                let events = kernel(step * 10 + at as u64, of, start_ns + at as i64 * 1_000);
                events.iter().for_each(|event| told.take(rank, event));
            }
            told.take(rank, &Event::Wait(made::wait(1, start_ns + 4_000, 500)));
            // One by itself between two waits.
            let alone = kernel(step * 10 + 5, 2, start_ns + 6_000);
            alone.iter().for_each(|event| told.take(rank, event));
            told.take(rank, &Event::Wait(made::wait(1, start_ns + 8_000, 500)));
        }
        told.close();
    }
    assert!(told.closed >= 4, "{}", told.closed);
    let (stretches, whole) = told.both();
    let turns = |rows: &[Row]| -> Vec<i64> {
        let mut turns: Vec<i64> =
            rows.iter().filter(|row| row.0 == 0).filter_map(|row| row.5).collect();
        turns.sort_unstable();
        turns
    };
    assert_eq!(turns(&whole), (0..12).collect::<Vec<_>>(), "{whole:?}");
    assert_eq!(stretches, whole);
}

/// A run of CUPTI's; its clock is the wall clock, and the process says that that is the host's.
fn run(kernel: u32, start_cupti_ns: u64) -> KernelRun {
    KernelRun {
        kernel,
        device: 0,
        stream: 7,
        grid: [1; 3],
        block: [1; 3],
        cluster: [0; 3],
        start_cupti_ns,
        end_cupti_ns: start_cupti_ns + 1_000,
        correlation: 0,
        node: None,
    }
}

#[test]
fn what_cupti_times_is_closed_where_iterations_begin() {
    let second = 1_000_000_000;
    let mut told = Told::new();
    for step in 1..=10_u64 {
        for rank in 0..2 {
            let start_ns = step * second;
            let range = Range {
                name: format!("iteration {step}"),
                domain: String::new(),
                tid: Some(1),
                ended_elsewhere: false,
                start_cupti_ns: start_ns,
                end_cupti_ns: start_ns + second / 2,
            };
            told.take(rank, &Event::Ranges(vec![range]));
            let runs = (0..3).map(|at| run(at, start_ns + 10_000 * u64::from(at))).collect();
            told.take(rank, &Event::Kernels(runs));
        }
        told.close();
    }
    assert!(told.closed >= 5, "{}", told.closed);
    let (stretches, whole) = told.both();
    assert_eq!(whole.len(), 60);
    assert_eq!(stretches, whole);
}

#[test]
fn ranks_that_would_change_their_numbers_are_refused() {
    let untold = |pid: u32| {
        let mut untold = process(0);
        (untold.hello.pid, untold.hello.variables) = (pid, Vec::new());
        untold.take(Event::Kernels((1..5).map(|at| run(0, at * 1_000_000_000)).collect()));
        untold
    };
    let mut stretches = Stretches::new("t".to_owned());
    let mut first = untold(7);
    let closed = stretches.close(&mut [&mut first], &Classifier::default()).unwrap();
    assert!(closed.is_some());
    first.take(Event::Kernels((5..9).map(|at| run(0, at * 1_000_000_000)).collect()));
    // A process with a lower number comes later: the ranks move up.
    let mut second = untold(3);
    let refused = stretches.close(&mut [&mut second, &mut first], &Classifier::default());
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("process 3") || told.contains("process 7"), "{told}");
}
