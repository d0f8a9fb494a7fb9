//! How the rows of a data set are run, and what comes of it.

use super::{
    DataSet, Row, ValidateError,
    data::{Cells, Table},
    rank_correlation,
    runs::{LAYER, Turn, alone_us, layer_us, mlp_us, prefill_us},
    sets::{Runs, Set},
};
use crate::{
    batch::Batch,
    choose::{Candidate, Trial, settle},
    machine::{self, GemmKernels, Machine},
    model::{self, ModelShape},
    plan::{Collective, CollectiveShape, Op, OpRole, OpWork, Plan, plan},
    spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
};

use StrategyKind::{Default as Nccl, FuseOnly, Multimem, NoComm, TokenWeave};

const LLAMA: &str = "llama-3.3-70b";

/// A set predicted by the machine file that is meant for it.
pub(super) fn predicted(set: &Set) -> Result<DataSet, ValidateError> {
    let machine = machine::builtin(set.machine).expect("a test predicts every set");
    predicted_by(set, &machine)
}

/// A set predicted by another.
pub(super) fn predicted_by(set: &Set, machine: &Machine) -> Result<DataSet, ValidateError> {
    Predicting { set, machine, turn: None }.all()
}

/// The times of a set alone.
pub(super) fn times_by(set: &Set, machine: &Machine) -> Result<Vec<Row>, ValidateError> {
    Predicting { set, machine, turn: None }.times(&Table::of(set.text))
}

/// The rows of a set on their way.
struct Predicting<'a> {
    set: &'a Set,
    machine: &'a Machine,
    /// The last turn that was simulated: rows of one run stand together.
    turn: Option<(RunSpec, Turn)>,
}

impl Predicting<'_> {
    fn all(mut self) -> Result<DataSet, ValidateError> {
        let table = Table::of(self.set.text);
        let times = self.times(&table)?;
        let is_prefill = matches!(self.set.runs, Runs::Prefill(_));
        let speed_ups = if is_prefill { speed_ups(&times) } else { Vec::new() };
        let is_cuts = matches!(self.set.runs, Runs::Cuts(..));
        let correlation = if is_cuts { rank_correlation(&times) } else { None };
        let chosen_cuts_cost = if is_cuts || matches!(self.set.runs, Runs::Candidates) {
            self.chosen_cuts_cost(&table)?
        } else {
            Vec::new()
        };
        let Set { name, machine, part, .. } = *self.set;
        Ok(DataSet {
            name,
            machine,
            source: table.source,
            part,
            times_us: times,
            speed_ups,
            rank_correlation: correlation,
            chosen_cuts_cost,
        })
    }

    fn times(&mut self, table: &Table) -> Result<Vec<Row>, ValidateError> {
        let mut times = Vec::new();
        for cells in table.rows() {
            match &self.set.runs {
                Runs::Alone => times.extend(self.alone(cells)?),
                Runs::AloneByCtas => times.extend(self.alone_by_ctas(cells)?),
                Runs::Prefill(model) => times.extend(self.prefill(cells, model)?),
                Runs::InPlace => {
                    let spec = self.own(strategy(cells), cells.tokens());
                    times.extend(self.in_place(cells, &spec)?);
                }
                Runs::OneRank => {
                    let mut spec = self.own(strategy(cells), cells.tokens());
                    spec.model = model_of(cells);
                    (spec.knobs.tp, spec.knobs.shard_of) =
                        (1, Some(cells.number("shard_of") as u32));
                    times.extend(self.in_place(cells, &spec)?);
                }
                Runs::Layers => times.push(self.layer(cells)?),
                Runs::Cuts(..) => times.push(self.cut(cells)?),
                Runs::Candidates => times.push(self.candidate(cells)?),
                Runs::Strategies => times.push(self.strategy(cells)?),
                Runs::Mlp => times.extend(self.mlp(cells)?),
            }
        }
        Ok(times)
    }

    fn spec(&self, model: &str, strategy: StrategyKind, tokens: u32) -> RunSpec {
        RunSpec {
            model: model::builtin(model).expect("a test predicts every set"),
            machine: self.machine.clone(),
            batch: Batch::prefill(tokens, tokens),
            // As they were cut when they were measured.
            knobs: Knobs {
                strategy,
                split: SplitChoice::Auto(Chooser::WaveModel),
                ..Knobs::default()
            },
        }
    }

    /// Shards of 8 on the ranks there are, peer-to-peer, as this project's own runs are made.
    fn own(&self, strategy: StrategyKind, tokens: u32) -> RunSpec {
        let mut spec = self.spec(LLAMA, strategy, tokens);
        spec.knobs.tp = spec.machine.gpus;
        spec.knobs.shard_of = Some(8);
        spec.knobs.transport = Transport::P2p;
        spec
    }

    /// The plan of one layer, and its op of this role.
    fn op(
        &self,
        strategy: StrategyKind,
        tokens: u32,
        role: OpRole,
    ) -> Result<(Plan, Op), ValidateError> {
        let mut spec = self.spec(LLAMA, strategy, tokens);
        spec.knobs.layers = Some(1);
        let plan = plan(&spec)?;
        let op = plan.ops.iter().find(|op| op.role == role && op.layer.is_some());
        let op = op.expect("a test predicts every set").clone();
        Ok((plan, op))
    }

    fn alone(&self, cells: Cells<'_>) -> Result<Vec<Row>, ValidateError> {
        let tokens = cells.tokens();
        let of = |column: &str, strategy, role| -> Result<Row, ValidateError> {
            let (plan, op) = self.op(strategy, tokens, role)?;
            Ok(row(
                format!("{column}, {tokens} tokens"),
                cells.number(column),
                alone_us(&plan, op)?,
            ))
        };
        let mut rows = vec![
            of("norm_us", Multimem, OpRole::AddNorm)?,
            of("nccl_ar_us", Nccl, ALL_REDUCE)?,
            of("multimem_ar_us", Multimem, ALL_REDUCE)?,
            of("fused_us", FuseOnly, FUSED)?,
        ];
        for (column, collective) in [
            ("multimem_rs_us", Collective::ReduceScatter),
            ("multimem_ag_us", Collective::AllGather),
        ] {
            let (plan, op) = self.op(Multimem, tokens, ALL_REDUCE)?;
            let op = half_of_all_reduce(op, collective);
            let what = format!("{column}, {tokens} tokens");
            rows.push(row(what, cells.number(column), alone_us(&plan, op)?));
        }
        Ok(rows)
    }

    fn alone_by_ctas(&self, cells: Cells<'_>) -> Result<Vec<Row>, ValidateError> {
        let tokens = cells.tokens();
        let mut rows = Vec::new();
        let by_ctas: [(&str, StrategyKind, OpRole, &[u32]); 2] = [
            ("fused", FuseOnly, FUSED, &[2, 4, 8, 16, 32, 64, 128]),
            ("all_reduce", Multimem, ALL_REDUCE, &[2, 4, 8, 16, 32]),
        ];
        for (name, strategy, role, counts) in by_ctas {
            for &ctas in counts {
                let (plan, op) = self.op(strategy, tokens, role)?;
                let op = Op { grid: ctas.min(tokens.div_ceil(8)), ..op };
                let what = format!("{name} by {ctas} CTAs, {tokens} tokens");
                let measured = cells.number(&format!("{name}_{ctas}"));
                rows.push(row(what, measured, alone_us(&plan, op)?));
            }
        }
        Ok(rows)
    }

    fn prefill(&self, cells: Cells<'_>, model: &str) -> Result<Vec<Row>, ValidateError> {
        let tokens = cells.tokens();
        let of = |strategy: StrategyKind| {
            let name = strategy.name();
            let measured_us = 1e3 * cells.number(&format!("{name}_ms"));
            let predicted_us = prefill_us(&self.spec(model, strategy, tokens))?;
            Ok(layers(row(format!("{name}, {tokens} tokens"), measured_us, predicted_us)))
        };
        PREFILLS.into_iter().map(of).collect()
    }

    /// Both parts of a cut one after the other, as they were measured.
    fn mlp(&self, cells: Cells<'_>) -> Result<Vec<Row>, ValidateError> {
        let tokens = cells.tokens();
        let alone_us = |tokens| mlp_us(&self.spec(LLAMA, NoComm, tokens));
        let gap_us = self.machine.host.kernel_gap_ns * 1e-3;
        let cut = |offset| -> Result<f64, ValidateError> {
            Ok(alone_us(tokens / 2 - offset)? + gap_us + alone_us(tokens / 2 + offset)?)
        };
        let cuts_us = [0, 64, 128, 192, 256].map(cut).into_iter().collect::<Result<Vec<_>, _>>()?;
        let best_us = cuts_us.iter().copied().fold(f64::INFINITY, f64::min);
        let rows = [
            ("uncut", "unsplit_us", alone_us(tokens)?),
            ("in halves", "halves_us", cuts_us[0]),
            ("cut best", "best_us", best_us),
        ];
        let rows = rows.map(|(what, column, predicted_us)| {
            row(format!("MLP {what}, {tokens} tokens"), cells.number(column), predicted_us)
        });
        Ok(rows.to_vec())
    }

    fn in_place(&mut self, cells: Cells<'_>, spec: &RunSpec) -> Result<Option<Row>, ValidateError> {
        let (tokens, kernel) = (cells.tokens(), cells.text("kernel"));
        let shards = spec.knobs.shard_degree();
        let what = format!(
            "{kernel} of {}, {tokens} tokens, shards of {shards}",
            spec.knobs.strategy.name()
        );
        if self.turn.as_ref().is_none_or(|(of, _)| of != spec) {
            self.turn = Some((spec.clone(), Turn::of(spec)?));
        }
        let predicted = self.turn.as_ref().and_then(|(_, turn)| turn.us(kernel));
        Ok(predicted.map(|predicted_us| Row {
            is_layers: kernel == LAYER,
            ..row(what, cells.number("us"), predicted_us)
        }))
    }

    fn layer(&self, cells: Cells<'_>) -> Result<Row, ValidateError> {
        let (tokens, strategy) = (cells.tokens(), strategy(cells));
        let what = format!("{}, {tokens} tokens", strategy.name());
        let mut spec = self.own(strategy, tokens);
        spec.machine.gpu.gemm_kernels = match cells.text("planned_for") {
            "weft" => GemmKernels::Weft,
            _ => GemmKernels::Library,
        };
        Ok(layers(row(what, cells.number("us"), layer_us(&spec)?)))
    }

    /// A weave of the row's batch with its cut open.
    fn woven(&self, cells: Cells<'_>) -> RunSpec {
        let mut spec = self.own(TokenWeave, cells.tokens());
        spec.knobs.split = SplitChoice::Auto(Chooser::Simulated);
        match self.set.runs {
            Runs::Cuts(attn, mlp) => {
                (spec.knobs.attn_ctas, spec.knobs.mlp_ctas) = (Some(attn), Some(mlp));
            }
            _ => {
                let degree = cells.number("shard_of") as u32;
                spec.knobs.shard_of = (degree != spec.knobs.tp).then_some(degree);
                spec.model = model_of(cells);
            }
        }
        spec
    }

    /// Where the row cut it, and with which CTAs.
    fn trial(&self, cells: Cells<'_>) -> Trial {
        let first_tokens = cells.number("first_tokens") as u32;
        let (attn_ctas, mlp_ctas) = match self.set.runs {
            Runs::Cuts(attn, mlp) => (attn, mlp),
            _ => (cells.number("attn_ctas") as u32, cells.number("mlp_ctas") as u32),
        };
        Trial { first_tokens, attn_ctas, mlp_ctas }
    }

    fn cut(&self, cells: Cells<'_>) -> Result<Row, ValidateError> {
        let (tokens, trial) = (cells.tokens(), self.trial(cells));
        let what = format!("cut {}+{}", trial.first_tokens, tokens - trial.first_tokens);
        let predicted_us = layer_us(&trial.apply(&self.woven(cells)))?;
        Ok(layers(row(what, cells.number("us"), predicted_us)))
    }

    fn candidate(&self, cells: Cells<'_>) -> Result<Row, ValidateError> {
        let Trial { first_tokens, attn_ctas, mlp_ctas } = self.trial(cells);
        let what = format!(
            "{} of {}, {first_tokens}+{}, {attn_ctas}, {mlp_ctas} CTAs",
            cells.text("model"),
            cells.number("shard_of"),
            cells.tokens() - first_tokens
        );
        self.layer_of_turn(what, cells, &self.trial(cells).apply(&self.woven(cells)))
    }

    fn strategy(&self, cells: Cells<'_>) -> Result<Row, ValidateError> {
        let (tokens, strategy) = (cells.tokens(), strategy(cells));
        let what = format!("{}, {}, {tokens} tokens", cells.text("model"), strategy.name());
        let spec = RunSpec { model: model_of(cells), ..self.own(strategy, tokens) };
        self.layer_of_turn(what, cells, &spec)
    }

    fn layer_of_turn(
        &self,
        what: String,
        cells: Cells<'_>,
        spec: &RunSpec,
    ) -> Result<Row, ValidateError> {
        let predicted_us = Turn::of(spec)?.us("layer").expect("a turn has layers amid others");
        Ok(layers(row(what, cells.number("us"), predicted_us)))
    }

    /// Of each batch of the table: the measured time of what simulation chooses over the shortest, less one. Batches whose
    /// choice was not measured say nothing.
    fn chosen_cuts_cost(&self, table: &Table) -> Result<Vec<f64>, ValidateError> {
        let mut batches: Vec<(RunSpec, Vec<(Trial, f64)>)> = Vec::new();
        for cells in table.rows() {
            let (spec, measured) = (self.woven(cells), (self.trial(cells), cells.number("us")));
            match batches.iter_mut().find(|(of, _)| *of == spec) {
                Some((_, rows)) => rows.push(measured),
                None => batches.push((spec, vec![measured])),
            }
        }
        let mut costs = Vec::new();
        for (spec, rows) in batches {
            let chosen = settle(&spec)?.map(|settled| settled.candidate);
            let chosen = rows.iter().find(|(trial, _)| chosen == Some(Candidate::Cut(*trial)));
            let shortest_us = rows.iter().map(|(_, us)| *us).fold(f64::INFINITY, f64::min);
            costs.extend(chosen.map(|(_, us)| us / shortest_us - 1.0));
        }
        Ok(costs)
    }
}

fn model_of(cells: Cells<'_>) -> ModelShape {
    model::builtin(cells.text("model")).expect("a test predicts every set")
}

const ALL_REDUCE: OpRole = OpRole::Collective(Collective::AllReduce);
const FUSED: OpRole = OpRole::Collective(Collective::FusedArNorm);

fn row(what: String, measured: f64, predicted: f64) -> Row {
    Row { what, measured, predicted, is_layers: false }
}

fn layers(row: Row) -> Row {
    Row { is_layers: true, ..row }
}

/// Strategies of a row of prefills, that which others are held against first.
const PREFILLS: [StrategyKind; 3] = [Multimem, NoComm, TokenWeave];

/// Of rows of prefills, how many times as fast the others are as the first strategy.
fn speed_ups(times: &[Row]) -> Vec<Row> {
    let rows = times.chunks(PREFILLS.len());
    rows.flat_map(|row| row[1..].iter().map(|fast| over(&row[0], fast))).collect()
}

/// How many times as fast the second is as the first.
fn over(slow: &Row, fast: &Row) -> Row {
    let what = format!("speed-up of {}", fast.what);
    row(what, slow.measured / fast.measured, slow.predicted / fast.predicted)
}

fn strategy(cells: Cells<'_>) -> StrategyKind {
    StrategyKind::from_name(cells.text("strategy")).expect("a test predicts every set")
}

/// Reduce-scatter or all-gather of the message of an all-reduce.
fn half_of_all_reduce(op: Op, collective: Collective) -> Op {
    let OpWork::Collective(shape) = op.work else { return op };
    let message_bytes = shape.message_bytes;
    let work = OpWork::Collective(CollectiveShape { collective, ..shape });
    Op { work, link_bytes: message_bytes, hbm_bytes: message_bytes * 1.125, ..op }
}
