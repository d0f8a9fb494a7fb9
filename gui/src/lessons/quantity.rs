//! The quantities that lessons may ask for, a line each. Every one is an answer of an analysis or of the plan that the
//! window and the reports show too: nothing is defined anew here.
//!
//! To add one: its row in [`QUANTITIES`]. `weftscope lesson --quantities` prints them.

use weftscope_traces::{
    Kind, Phase,
    analysis::{GemmName, OverlapFigures, PathKind, PhaseSummary},
};

use super::{facts::Facts, value::Value};

/// A quantity of a run.
pub struct Quantity {
    /// Its name.
    pub name: &'static str,
    /// What it takes before the run.
    pub takes: &'static [Takes],
    /// What it is, in a line.
    pub about: &'static str,
    /// Asks a run.
    pub of: fn(&Facts, &[String]) -> Found,
}

/// A value, or why it is not known.
pub type Found = Result<Value, String>;

/// What a quantity is of, beside its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A phase: `A`, `B`, `C`, `D`, `head` or `tail`.
    Phase,
    /// An op by name: `gate_up`.
    Op,
    /// A kind of op: `gemm`, `attention`, `norm`, `comm`.
    Kind,
    /// A rank.
    Rank,
    /// What the critical path is on: `compute`, `communication`, `waiting` …
    Path,
}

impl Takes {
    /// As lists name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Phase => "phase",
            Self::Op => "op",
            Self::Kind => "kind",
            Self::Rank => "rank",
            Self::Path => "path kind",
        }
    }

    /// Says why a text is none; ops are told only by the run.
    ///
    /// # Errors
    /// What it may be instead.
    pub fn check(self, text: &str) -> Result<(), String> {
        match self {
            Self::Phase => phase(text).map(|_| ()),
            Self::Op => Ok(()),
            Self::Kind => kind(text).map(|_| ()),
            Self::Rank => rank(text).map(|_| ()),
            Self::Path => path(text).map(|_| ()),
        }
    }
}

const fn of(
    name: &'static str,
    takes: &'static [Takes],
    about: &'static str,
    of: fn(&Facts, &[String]) -> Found,
) -> Quantity {
    Quantity { name, takes, about, of }
}

/// Every quantity.
pub static QUANTITIES: &[Quantity] = &[
    of("iteration", &[], "time of an iteration: of a recording the median", |facts, _| {
        Ok(Value::time_ns(iteration_ns(facts)))
    }),
    of("all_layers", &[], "time of an iteration of all layers, extrapolated", |facts, _| {
        let all = facts.reports.all_layers;
        all.map(|all| Value::time_ns(all.iteration_ns)).ok_or_else(|| not_known("all layers"))
    }),
    of("layer", &[], "what one more layer takes", |facts, _| {
        let all = facts.reports.all_layers;
        all.map(|all| Value::time_ns(all.layer_ns)).ok_or_else(|| not_known("a layer's time"))
    }),
    of("layers", &[], "layers that ran", |facts, _| {
        let all = facts.reports.all_layers;
        all.map(|all| Value::count(all.run)).ok_or_else(|| not_known("the number of layers"))
    }),
    of("comm", &[], "communication of a rank, mean of ranks", |facts, _| {
        mean(facts, |rank| Some(rank.comm_ns))
    }),
    of("compute", &[], "computation of a rank, mean of ranks", |facts, _| {
        mean(facts, |rank| Some(rank.compute_ns))
    }),
    of("exposed", &[], "exposed communication of a rank, mean of ranks", |facts, _| {
        mean(facts, |rank| Some(rank.exposed_comm_ns))
    }),
    of("hidden", &[], "hidden communication of a rank, mean of ranks", |facts, _| {
        mean(facts, |rank| Some(rank.overlap_ns))
    }),
    of("idle", &[], "time in which nothing of a rank runs, mean of ranks", |facts, _| {
        mean(facts, |rank| Some(rank.idle_ns))
    }),
    of(
        "waiting",
        &[],
        "time in collectives before the last rank is there, mean of ranks",
        |facts, _| mean(facts, |rank| rank.wait_ns),
    ),
    of("hidden_share", &[], "share of communication that is hidden, over all ranks", |facts, _| {
        let sum = |of: fn(&OverlapFigures) -> i64| {
            facts.reports.overlap.ranks.iter().map(|rank| of(&rank.total)).sum::<i64>() as f64
        };
        let comm = sum(|rank| rank.comm_ns);
        if comm == 0.0 {
            return Err("nothing communicates".to_owned());
        }
        Ok(Value::share(sum(|rank| rank.overlap_ns) / comm))
    }),
    of(
        "compute_share",
        &[],
        "share of the time that a rank computes, over all ranks",
        |facts, _| share_of_span(facts, |rank| rank.compute_ns),
    ),
    of(
        "exposed_share",
        &[],
        "share of the time that is exposed communication, over all ranks",
        |facts, _| share_of_span(facts, |rank| rank.exposed_comm_ns),
    ),
    of(
        "idle_share",
        &[],
        "share of the time that nothing of a rank runs, over all ranks",
        |facts, _| share_of_span(facts, |rank| rank.idle_ns),
    ),
    of(
        "skew_share",
        &[],
        "share of collectives' time that passes before the last rank is there",
        |facts, _| {
            let share = facts.reports.arrival.skew_share;
            share.map(Value::share).ok_or_else(|| not_known("when ranks arrived"))
        },
    ),
    of("waited", &[Takes::Rank], "time that a rank waits for later ones", |facts, arguments| {
        let wanted = rank(&arguments[0])?;
        let row = facts.reports.skew.ranks.iter().find(|row| row.rank == wanted);
        row.map(|row| Value::time_ns(row.waited_ns))
            .ok_or_else(|| format!("there is no rank {wanted}"))
    }),
    of("straggler", &[], "the rank that comes last", |facts, _| {
        let rank = facts.reports.skew.straggler;
        rank.map(Value::count).ok_or_else(|| "no rank is late".to_owned())
    }),
    of("slack", &[Takes::Phase], "median slack of a phase", |facts, arguments| {
        let row = summary(facts, &arguments[0])?;
        let slack = row.median_slack_ns.map(Value::time_ns);
        slack.ok_or_else(|| format!("phase {} has no slack", arguments[0]))
    }),
    of("phase_comm", &[Takes::Phase], "median communication of a phase", |facts, arguments| {
        summary(facts, &arguments[0]).map(|row| Value::time_ns(row.median_comm_ns))
    }),
    of("phase_compute", &[Takes::Phase], "median computation of a phase", |facts, arguments| {
        summary(facts, &arguments[0]).map(|row| Value::time_ns(row.median_compute_ns))
    }),
    of(
        "phase_exposed",
        &[Takes::Phase],
        "exposed communication of a phase in one layer, mean",
        |facts, arguments| {
            let row = summary(facts, &arguments[0])?;
            Ok(Value {
                number: row.sum.exposed_ns as f64 / row.count.max(1) as f64,
                ..Value::time_ns(0)
            })
        },
    ),
    of(
        "comm_slowdown",
        &[Takes::Phase],
        "how many times as long a phase's communication takes as isolated",
        |facts, arguments| {
            let row = summary(facts, &arguments[0])?;
            row.sum.comm_slowdown.map(Value::times).ok_or_else(|| not_known("isolated time"))
        },
    ),
    of(
        "compute_slowdown",
        &[Takes::Phase],
        "how many times as long a phase's computation takes as isolated",
        |facts, arguments| {
            let row = summary(facts, &arguments[0])?;
            row.sum.compute_slowdown.map(Value::times).ok_or_else(|| not_known("isolated time"))
        },
    ),
    of(
        "waves",
        &[Takes::Op],
        "waves of a GEMM, both launches of a cut one together",
        |facts, arguments| {
            gemm(facts, &arguments[0], |gemm| match (gemm.cut, gemm.whole) {
                (Some(cut), _) => Some(Value::count(cut.waves())),
                (None, whole) => whole.map(|whole| Value::count(whole.waves)),
            })
        },
    ),
    of(
        "uncut_waves",
        &[Takes::Op],
        "waves of a GEMM in one launch with all SMs to itself",
        |facts, arguments| {
            gemm(facts, &arguments[0], |gemm| match (gemm.cut, gemm.whole) {
                (Some(cut), _) => cut.unsplit.map(|uncut| Value::count(uncut.waves)),
                (None, whole) => whole.map(|whole| Value::count(whole.waves)),
            })
        },
    ),
    of(
        "blocks",
        &[Takes::Op],
        "tiles of a GEMM: its grid, both launches of a cut one together",
        |facts, arguments| {
            gemm(facts, &arguments[0], |gemm| match (gemm.cut, gemm.whole) {
                (Some(cut), _) => Some(Value::count(cut.split[0].grid + cut.split[1].grid)),
                (None, whole) => whole.map(|whole| Value::count(whole.grid)),
            })
        },
    ),
    of(
        "op_sms",
        &[Takes::Op],
        "SMs that a GEMM may use, of a cut one its first launch",
        |facts, arguments| {
            gemm(facts, &arguments[0], |gemm| match (gemm.cut, gemm.whole) {
                (Some(cut), _) => Some(Value::count(cut.split[0].sms)),
                (None, whole) => whole.map(|whole| Value::count(whole.sms)),
            })
        },
    ),
    of(
        "tail",
        &[Takes::Op],
        "share of the last wave's places that are taken, of a cut GEMM in its first launch",
        |facts, arguments| gemm(facts, &arguments[0], |gemm| gemm.tails().next().map(Value::share)),
    ),
    of("op_time", &[Takes::Op], "mean time of an op's launch", |facts, arguments| {
        let rows = facts.reports.breakdown.ranks.first().map(|rank| &rank.by_op);
        let row = rows.into_iter().flatten().find(|row| row.name == arguments[0]);
        let found = row.map(|row| Value { number: row.mean_ns, ..Value::time_ns(0) });
        found.ok_or_else(|| no_op(&arguments[0]))
    }),
    of("op_total", &[Takes::Op], "time of all launches of an op on rank 0", |facts, arguments| {
        let rows = facts.reports.breakdown.ranks.first().map(|rank| &rank.by_op);
        let row = rows.into_iter().flatten().find(|row| row.name == arguments[0]);
        row.map(|row| Value::time_ns(row.durations.total_ns)).ok_or_else(|| no_op(&arguments[0]))
    }),
    of(
        "kind_time",
        &[Takes::Kind],
        "time with at least one op of a kind on rank 0",
        |facts, arguments| {
            let wanted = kind(&arguments[0])?;
            let rows = facts.reports.breakdown.ranks.first().map(|rank| &rank.by_kind);
            let row = rows.into_iter().flatten().find(|row| row.kind == wanted);
            // A kind that does not occur takes no time.
            Ok(Value::time_ns(row.map_or(0, |row| row.union_ns)))
        },
    ),
    of("path_share", &[Takes::Path], "share of the critical path", |facts, arguments| {
        let wanted = path(&arguments[0])?;
        let rows = facts.reports.path.by_kind.iter();
        Ok(Value::share(rows.filter(|row| row.kind == wanted).map(|row| row.share).sum()))
    }),
    of(
        "path_crossings",
        &[],
        "how often the critical path goes over to another rank",
        |facts, _| Ok(Value::count(facts.reports.path.crossings as f64)),
    ),
    of("attn_ctas", &[], "CTAs of collectives under attention", |facts, _| {
        split(facts, |split| split.attn_ctas)
    }),
    of("mlp_ctas", &[], "CTAs of collectives under the MLP", |facts, _| {
        split(facts, |split| split.mlp_ctas)
    }),
    of("first_tokens", &[], "tokens of split 0", |facts, _| {
        split(facts, |split| split.first_tokens)
    }),
    of("tokens", &[], "tokens of the batch", |facts, _| {
        let plan = facts.plan.as_ref().ok_or_else(|| not_known("the batch"))?;
        Ok(Value::count(plan.spec.batch.tokens()))
    }),
    of("ranks", &[], "ranks", |facts, _| {
        Ok(Value::count(facts.reports.overlap.ranks.len() as f64))
    }),
    of("sms", &[], "SMs of a GPU", |facts, _| {
        let sms = facts.trace.meta.ranks.iter().map(|rank| rank.device.sms).find(|&sms| sms > 0);
        sms.map(Value::count).ok_or_else(|| not_known("the number of SMs"))
    }),
];

/// The quantity of this name.
pub fn quantity(name: &str) -> Option<&'static Quantity> {
    QUANTITIES.iter().find(|quantity| quantity.name == name)
}

fn iteration_ns(facts: &Facts) -> i64 {
    match facts.plan {
        // First op's start to last op's end over all ranks, as the live run is timed.
        Some(_) => facts.reports.path.span.len_ns(),
        None => facts.reports.iteration_lengths.median_ns,
    }
}

fn not_known(what: &str) -> String {
    format!("{what} is not known")
}

fn no_op(name: &str) -> String {
    format!("no op is called {name}")
}

fn mean(facts: &Facts, of: fn(&OverlapFigures) -> Option<i64>) -> Found {
    let ranks = &facts.reports.overlap.ranks;
    let sum: Option<i64> = ranks.iter().map(|rank| of(&rank.total)).sum();
    match sum {
        Some(sum) if !ranks.is_empty() => {
            Ok(Value { number: sum as f64 / ranks.len() as f64, ..Value::time_ns(0) })
        }
        Some(_) => Err("there is no rank".to_owned()),
        None => Err(not_known("waiting")),
    }
}

fn share_of_span(facts: &Facts, of: fn(&OverlapFigures) -> i64) -> Found {
    let ranks = facts.reports.overlap.ranks.iter();
    let sums = ranks
        .fold((0, 0), |(part, span), rank| (part + of(&rank.total), span + rank.total.span_ns));
    match sums {
        (_, 0) => Err("no GPU ran anything".to_owned()),
        (part, span) => Ok(Value::share(part as f64 / span as f64)),
    }
}

fn summary<'a>(facts: &'a Facts, name: &str) -> Result<&'a PhaseSummary, String> {
    let wanted = phase(name)?;
    let row = facts.reports.phases.summary.iter().find(|row| row.phase == wanted);
    row.ok_or_else(|| format!("there is no phase {name}"))
}

fn gemm(facts: &Facts, name: &str, of: fn(&GemmName<'_>) -> Option<Value>) -> Found {
    let all = facts.reports.waves.by_name();
    let found = all.iter().find(|gemm| gemm.name == name).ok_or_else(|| no_op(name))?;
    of(found).ok_or_else(|| not_known(name))
}

fn split(facts: &Facts, of: fn(&weftscope_engine::plan::SplitDecision) -> u32) -> Found {
    let plan = facts.plan.as_ref().ok_or_else(|| not_known("the cut"))?;
    let split = plan.decision.split.as_ref().ok_or_else(|| "the batch is not cut".to_owned())?;
    Ok(Value::count(of(split)))
}

fn phase(text: &str) -> Result<Phase, String> {
    let found = Phase::ALL.into_iter().find(|phase| phase.name() == text);
    found.ok_or_else(|| format!("no phase is called {text}"))
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| format!("no kind of op is called {text}"))
}

fn rank(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text} is no rank"))
}

fn path(text: &str) -> Result<PathKind, String> {
    let found = PathKind::ALL.into_iter().find(|kind| kind.name() == text);
    found.ok_or_else(|| format!("the critical path has no {text}"))
}
