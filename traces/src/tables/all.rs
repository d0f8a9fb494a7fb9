//! The tables by their names.

use super::table::Table;
use super::{
    accounts, bandwidth, collectives, critical_path, differences, kernels, products, ranks,
    recording, structure, weave,
};

/// Every table: first what recordings hold, then what they answer, then what differs.
pub static TABLES: &[Table] = &[
    recording::SLICES,
    recording::BLOCKS,
    recording::COUNTERS,
    ranks::RANKS,
    ranks::ITERATIONS,
    accounts::ACCOUNTS,
    ranks::KINDS,
    ranks::LAYERS,
    structure::PASSES,
    kernels::KERNELS,
    kernels::EXPOSED,
    structure::EXPOSED_BY_OP,
    structure::EXPOSED_BY_LAYER,
    kernels::GAPS,
    kernels::LONGEST_GAPS,
    accounts::LAUNCH_BOUND,
    critical_path::CRITICAL_PATH,
    weave::PHASES,
    weave::PHASE_INSTANCES,
    weave::GEMMS,
    weave::CUTS,
    products::PRODUCTS,
    collectives::COLLECTIVES,
    collectives::ARRIVALS,
    collectives::CLOCKS,
    bandwidth::BANDWIDTH,
    differences::CAUSES,
    differences::TERMS,
    differences::OPS,
];

impl Table {
    /// The table of this name.
    pub fn of_name(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }
}
