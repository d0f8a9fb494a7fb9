use serde::Serialize;

use super::{
    AccountReport, AllLayers, ArrivalReport, BandwidthReport, BreakdownReport, CriticalPath,
    ExposedByReport, IterationLengths, Ops, OverlapReport, PhaseReport, ProductReport, SkewReport,
    StructureReport, WaveReport, accounts, all_layers, arrival, bandwidth, breakdown,
    critical_path, exposed_by, iteration_lengths, overlap, phases, products, skew, structure,
    waves,
};

/// The answers of all questions that are asked of every trace that is opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
        let iteration_lengths = iteration_lengths(ops);
        Self {
            breakdown: breakdown(ops),
            accounts: accounts(ops),
            all_layers: all_layers(ops, iteration_lengths),
            iteration_lengths,
            overlap: overlap(ops),
            structure: structure(ops),
            phases: phases(ops),
            exposed_by: exposed_by(ops),
            skew: skew(ops),
            arrival: arrival(ops),
            bandwidth: bandwidth(ops),
            path: critical_path(ops),
            products: products(ops),
            waves: waves(ops),
        }
    }
}
