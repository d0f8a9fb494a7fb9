//! Where a batch is cut: tables, wave arithmetic, sweeps.

mod tables;
mod tune;
mod waves;
