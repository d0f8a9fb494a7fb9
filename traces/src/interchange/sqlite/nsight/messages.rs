//! What NCCL's calls say of the collectives that their kernels run.

use std::collections::HashMap;

use crate::ArgValue;

/// NCCL's names of what its payloads hold, which the kernels' arguments keep.
pub(super) const SIZE: &str = "Message size [bytes]";
pub(super) const COMMUNICATOR: &str = "NCCL communicator ID";
pub(super) const RANKS: &str = "No. of ranks";

/// What is known of collectives.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// By process and correlation id of the launching call.
    pub(super) by_launch: HashMap<(i64, i64), Message>,
    /// Ranks by communicator.
    pub(super) ranks: HashMap<i64, i64>,
}

/// One collective as its call has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) bytes: i64,
    pub(super) communicator: Option<i64>,
}

impl Messages {
    /// What to write beside a kernel that a call launched.
    pub(super) fn args(
        &self,
        (pid, correlation): (i64, Option<i64>),
    ) -> Vec<(&'static str, ArgValue)> {
        let Some(message) = correlation.and_then(|id| self.by_launch.get(&(pid, id))) else {
            return Vec::new();
        };
        let mut args = vec![(SIZE, ArgValue::Int(message.bytes))];
        if let Some(id) = message.communicator {
            args.push((COMMUNICATOR, ArgValue::Text(format!("{id:#x}"))));
            args.extend(self.ranks.get(&id).map(|ranks| (RANKS, ArgValue::Int(*ranks))));
        }
        args
    }
}
