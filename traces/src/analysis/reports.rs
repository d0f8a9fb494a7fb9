use serde::{Deserialize, Serialize};

use super::{
    AccountReport, AllLayers, ArrivalReport, BandwidthReport, BreakdownReport, CriticalPath,
    ExposedByReport, IterationLengths, Ops, OverlapReport, PhaseReport, ProductReport, SkewReport,
    StructureReport, WaveReport, accounts, all_layers, arrival, bandwidth, breakdown,
    critical_path, exposed_by, iteration_lengths, overlap, phases, products, skew, structure,
    waves,
};

/// The answers of all questions that are asked of every trace that is opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reports {
    /// Where each rank's time goes.
    pub breakdown: BreakdownReport,
    /// The same to the last nanosecond, iteration by iteration, and why nothing runs.
    pub accounts: AccountReport,
    /// How long an iteration takes.
    pub iteration_lengths: IterationLengths,
    /// What an iteration of all layers would take, where only some ran.
    pub all_layers: Option<AllLayers>,
    /// How much communication is hidden, by rank.
    pub overlap: OverlapReport,
    /// Passes and layers, and where they are known from.
    pub structure: StructureReport,
    /// Computation, communication and slack by phase.
    pub phases: PhaseReport,
    /// Which op and which layer leaves communication exposed.
    pub exposed_by: ExposedByReport,
    /// Who is late.
    pub skew: SkewReport,
    /// Whether that or transfer is what communication is about.
    pub arrival: ArrivalReport,
    /// How fast collectives move their bytes.
    pub bandwidth: BandwidthReport,
    /// What decides when the last op ends.
    pub path: CriticalPath,
    /// How near products come to what the GPU can do at best.
    pub products: ProductReport,
    /// Waves by GEMM.
    pub waves: WaveReport,
}

impl Reports {
    /// Asks them all.
    pub fn of(ops: &Ops<'_>) -> Self {
        Self::unless(ops, &|| false).unwrap_or_default()
    }

    /// Asks them one after another, as long as nobody has stopped that; `None` then.
    pub fn unless(ops: &Ops<'_>, is_stopped: &dyn Fn() -> bool) -> Option<Self> {
        let questions: [fn(&mut Self, &Ops<'_>); 13] = [
            |answers, ops| answers.breakdown = breakdown(ops),
            |answers, ops| answers.accounts = accounts(ops),
            |answers, ops| {
                answers.iteration_lengths = iteration_lengths(ops);
                answers.all_layers = all_layers(ops, answers.iteration_lengths);
            },
            |answers, ops| answers.overlap = overlap(ops),
            |answers, ops| answers.structure = structure(ops),
            |answers, ops| answers.phases = phases(ops),
            |answers, ops| answers.exposed_by = exposed_by(ops),
            |answers, ops| answers.skew = skew(ops),
            |answers, ops| answers.arrival = arrival(ops),
            |answers, ops| answers.bandwidth = bandwidth(ops),
            |answers, ops| answers.path = critical_path(ops),
            |answers, ops| answers.products = products(ops),
            |answers, ops| answers.waves = waves(ops),
        ];
        let mut answers = Self::default();
        for question in questions {
            if is_stopped() {
                return None;
            }
            question(&mut answers, ops);
        }
        Some(answers)
    }
}
