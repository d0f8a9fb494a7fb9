use serde::{Deserialize, Serialize};

/// First pid of the per-SM rows: this plus the rank.
pub(crate) const SM_PID: u32 = 100_000;
/// First pid of the host rows made for other tools: this plus the rank.
pub(crate) const HOST_PID: u32 = 200_000;
/// Pid of rows that belong to no rank and of threads whose pid another row has.
pub(crate) const OTHER_PID: u32 = 300_000;

/// Where an event is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct RowId {
    pub(crate) pid: u32,
    pub(crate) tid: u32,
}
