//! Strategies taking turns on one batch, and what each came to.

use std::sync::Arc;

use serde::Serialize;
use weftscope_engine::{
    choose::plan,
    executor::{ExecError, Executor},
    plan::Plan,
    roofline::Roofline,
    spec::{RunSpec, StrategyKind},
};

use super::{KernelFigures, Spread, heard::Heard, kernels::kernels};
use crate::record::RunError;

/// How often to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Turns of each strategy that count.
    pub turns: u32,
    /// Turns of each before those.
    pub warm_up: u32,
    /// Iterations of a turn, back to back.
    pub iterations: u32,
}

/// Makes an executor for a spec.
pub type Open<'a> = &'a mut dyn FnMut(&RunSpec) -> Result<Box<dyn Executor>, ExecError>;

/// Strategies that took turns on one batch.
#[derive(Clone, Debug, Serialize)]
pub struct Bench {
    /// Tokens of the batch.
    pub tokens: u32,
    /// In the order asked.
    pub contenders: Vec<Contender>,
}

/// One strategy.
#[derive(Clone, Debug, Serialize)]
pub struct Contender {
    /// Which.
    pub strategy: StrategyKind,
    /// What it did, or why it did not run.
    pub outcome: Result<Figures, String>,
}

/// What a strategy came to.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// What ran when that was not what was asked (too few tokens to split), with the planner's reason.
    pub note: Option<String>,
    /// Rows of both splits, where the batch was cut.
    pub split: Option<(u32, u32)>,
    /// µs a layer on rank 0.
    pub per_layer_us: Spread,
    /// Communication with computation beside it, percent of all communication; `None` without communication.
    pub hidden_pct: Option<f64>,
    /// Records that did not arrive, all iterations.
    pub lost: u64,
    /// Its kernels, in issue order.
    pub kernels: Vec<KernelFigures>,
}

impl Bench {
    /// Median µs a layer of a strategy.
    pub fn per_layer_us(&self, strategy: StrategyKind) -> Option<f64> {
        let contender = self.contenders.iter().find(|contender| contender.strategy == strategy)?;
        Some(contender.outcome.as_ref().ok()?.per_layer_us.median)
    }
}

/// Runs `strategies` on the batch of `spec`, each a few iterations back to back, then all of them again: what drifts
/// (clocks, heat, other work) touches all alike. Each has an executor of its own from `open`, so that taking turns costs
/// nothing.
///
/// A strategy that cannot run is kept with its cause. The progress callback `on_turn` is called
/// with how many of how many turns are done, and stops the bench with `false`.
///
/// # Errors
/// [`RunError::Cancelled`].
pub fn bench(
    spec: &RunSpec,
    strategies: &[StrategyKind],
    options: Options,
    roofline: &Roofline,
    open: Open<'_>,
    on_turn: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Bench, RunError> {
    let of = |&strategy: &StrategyKind| {
        let mut spec = spec.clone();
        spec.knobs.strategy = strategy;
        spec
    };
    let specs: Vec<RunSpec> = strategies.iter().map(of).collect();
    let contender = |(&strategy, runner): (&StrategyKind, Result<Runner, RunError>)| Contender {
        strategy,
        outcome: runner
            .map_err(|error| error.to_string())
            .and_then(|runner| runner.figures(roofline)),
    };
    let runners = in_turns(&specs, options, open, on_turn)?;
    let contenders = strategies.iter().zip(runners).map(contender).collect();
    Ok(Bench { tokens: spec.batch.tokens(), contenders })
}

/// µs a layer of each of `specs`, which take turns as strategies do in [`bench()`]; or why it does not run.
///
/// # Errors
/// [`RunError::Cancelled`].
pub fn layers_us(
    specs: &[RunSpec],
    options: Options,
    open: Open<'_>,
    on_turn: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Vec<Result<Spread, String>>, RunError> {
    let of = |runner: Result<Runner, RunError>| {
        runner.map_err(|error| error.to_string()).and_then(|runner| runner.per_layer_us())
    };
    Ok(in_turns(specs, options, open, on_turn)?.into_iter().map(of).collect())
}

/// All of `specs`, each on an executor of its own, in turns.
fn in_turns(
    specs: &[RunSpec],
    options: Options,
    open: Open<'_>,
    on_turn: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Vec<Result<Runner, RunError>>, RunError> {
    let mut runners: Vec<_> = specs.iter().map(|spec| Runner::new(spec, open)).collect();
    let rounds = options.warm_up + options.turns;
    let total = u64::from(rounds) * specs.len() as u64;
    let mut done = 0;
    for round in 0..rounds {
        for runner in &mut runners {
            let turn = match runner {
                Ok(runner) => runner.turn((round, options.iterations), round >= options.warm_up),
                Err(_) => Ok(()),
            };
            if let Err(error) = turn {
                *runner = Err(error);
            }
            done += 1;
            if !on_turn(done, total) {
                return Err(RunError::Cancelled);
            }
        }
    }
    Ok(runners)
}

/// A plan with its executor.
struct Runner {
    executor: Box<dyn Executor>,
    plan: Arc<Plan>,
    heard: Vec<Heard>,
}

impl Runner {
    fn new(spec: &RunSpec, open: Open<'_>) -> Result<Self, RunError> {
        let plan = Arc::new(plan(spec)?);
        Ok(Self { executor: open(spec)?, plan, heard: Vec::new() })
    }

    fn turn(&mut self, (round, count): (u32, u32), counts: bool) -> Result<(), RunError> {
        let first = u64::from(round) * u64::from(count);
        let heard = Heard::turn(&mut *self.executor, &self.plan, (first, count))?;
        if counts {
            self.heard.push(heard);
        }
        Ok(())
    }

    fn per_layer_us(&self) -> Result<Spread, String> {
        let of = |heard: &Heard| heard.per_layer_us(&self.plan).collect::<Vec<_>>();
        let all = self.heard.iter().flat_map(of).collect();
        Spread::of(all).ok_or_else(|| "no layer between the first and the last was recorded".into())
    }

    fn figures(&self, roofline: &Roofline) -> Result<Figures, String> {
        let plan = &self.plan;
        let per_layer_us = self.per_layer_us()?;
        let sums = self.heard.iter().map(|heard| heard.hidden_and_comm_ns);
        let (hidden, comm) = sums.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let decision = &plan.decision;
        Ok(Figures {
            note: (!decision.reason.is_empty()).then(|| decision.reason.clone()),
            split: decision.split.as_ref().map(|cut| (cut.first_tokens, cut.second_rows)),
            per_layer_us,
            hidden_pct: (comm > 0).then(|| 100.0 * hidden as f64 / comm as f64),
            lost: self.heard.iter().map(|heard| heard.lost).sum(),
            kernels: kernels(plan, self.heard.iter().flat_map(|heard| &heard.ops), roofline),
        })
    }
}

#[cfg(test)]
mod tests {
    use weftscope_engine::{batch::Batch, machine, model, sim::Simulator, spec::Knobs};

    use super::*;

    fn spec(tokens: u32, layers: u32) -> RunSpec {
        RunSpec {
            model: model::builtin("llama-3.3-70b").unwrap(),
            machine: machine::builtin("h100x8").unwrap(),
            batch: Batch::prefill(tokens, tokens),
            knobs: Knobs { tp: 2, layers: Some(layers), ..Knobs::default() },
        }
    }

    fn run(spec: &RunSpec, strategies: &[StrategyKind], turns: u32) -> Bench {
        let options = Options { turns, warm_up: 1, iterations: 2 };
        let roofline = Roofline::of(&spec.machine);
        let mut told = Vec::new();
        let bench = bench(
            spec,
            strategies,
            options,
            &roofline,
            &mut |spec| Ok(Box::new(Simulator::new(&spec.machine))),
            &mut |done, total| {
                told.push((done, total));
                true
            },
        );
        let total = u64::from(turns + 1) * strategies.len() as u64;
        assert_eq!(told, (1..=total).map(|done| (done, total)).collect::<Vec<_>>());
        bench.unwrap()
    }

    /// The figures against the iteration's own end: five layers take two layers more than three.
    #[test]
    fn a_layer_is_what_one_more_layer_costs() {
        let strategies = [StrategyKind::Default, StrategyKind::NoComm, StrategyKind::TokenWeave];
        let bench = run(&spec(2048, 6), &strategies, 2);
        let whole = |strategy, layers| {
            let mut spec = spec(2048, layers);
            spec.knobs.strategy = strategy;
            let mut simulator = Simulator::new(&spec.machine);
            crate::baselines::iteration_time(&mut simulator, &spec).unwrap().time_ns as f64 / 1e3
        };
        for strategy in strategies {
            let slope = (whole(strategy, 9) - whole(strategy, 5)) / 4.0;
            let told = bench.per_layer_us(strategy).unwrap();
            assert!((told / slope - 1.0).abs() < 0.02, "{strategy:?}: {told} against {slope}");
        }
        assert_eq!(bench.per_layer_us(StrategyKind::Multimem), None);
    }

    #[test]
    fn kernels_of_a_serial_strategy_fill_its_layer() {
        let mut spec = spec(2048, 5);
        // What lies in L2 is read faster than the memory that the roofline is of.
        spec.machine.gpu.l2_bytes = 0;
        let bench = run(&spec, &[StrategyKind::Default], 1);
        let figures = bench.contenders[0].outcome.as_ref().unwrap();
        let sum: f64 = figures
            .kernels
            .iter()
            .map(|kernel| f64::from(kernel.per_layer) * kernel.us.median)
            .sum();
        let layer = figures.per_layer_us.median;
        // The rest are gaps between kernels.
        assert!(sum < layer && sum > 0.85 * layer, "{sum} of {layer}");
        assert_eq!(figures.hidden_pct, Some(0.0));
        assert_eq!(figures.lost, 0);
        for kernel in &figures.kernels {
            let share = kernel.of_roofline().unwrap();
            assert!(share > 0.0 && share <= 1.0, "{kernel:?}");
        }
        let names: Vec<_> = figures.kernels.iter().map(|kernel| kernel.name).collect();
        let wanted = ["qkv", "rope_kv", "attention", "o_proj", "all_reduce", "add_norm"];
        assert_eq!(names[..6], wanted);
        assert_eq!(figures.kernels[4].per_layer, 2);
    }

    #[test]
    fn who_cannot_run_says_why_and_the_others_go_on() {
        let spec = spec(1024, 3);
        let options = Options { turns: 1, warm_up: 0, iterations: 1 };
        let strategies = [StrategyKind::NoComm, StrategyKind::Default];
        let mut open = |spec: &RunSpec| -> Result<Box<dyn Executor>, ExecError> {
            match spec.knobs.strategy {
                StrategyKind::NoComm => Err(ExecError::Unsupported("not today".to_owned())),
                _ => Ok(Box::new(Simulator::new(&spec.machine))),
            }
        };
        let roofline = Roofline::of(&spec.machine);
        let bench =
            bench(&spec, &strategies, options, &roofline, &mut open, &mut |_, _| true).unwrap();
        assert_eq!(bench.contenders[0].outcome.as_ref().unwrap_err(), "not today");
        assert!(bench.contenders[1].outcome.is_ok());
        let stopped = super::bench(
            &spec,
            &strategies,
            options,
            &roofline,
            &mut |spec| Ok(Box::new(Simulator::new(&spec.machine))),
            &mut |_, _| false,
        );
        assert!(matches!(stopped, Err(RunError::Cancelled)));
    }
}
