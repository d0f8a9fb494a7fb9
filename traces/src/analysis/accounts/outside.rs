//! Ops that are in no iteration: counted, so that figures of iterations are known not to be of all.

use serde::{Deserialize, Serialize};

use super::{AccountReport, RankOps};
use crate::analysis::{Host, exposed_ns};
use crate::model::Diagnostics;
use crate::words::{counted, duration};

/// What a rank with iterations ran outside all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// How many ops.
    pub ops: usize,
    /// Of how many of them it is not known who launched them: they may belong to an iteration.
    pub untold: usize,
    /// Sum of their durations.
    pub total_ns: i64,
    /// Those that communicate.
    pub comm_ops: usize,
    /// What of these has no computation beside it, whoever's.
    pub exposed_comm_ns: i64,
}

impl Outside {
    pub(super) fn of(host: &Host<'_>, rank: &RankOps<'_>) -> Option<Self> {
        let is_outside = !rank.iterations.is_empty();
        let ops = || rank.ops.iter().filter(|op| is_outside && op.iteration.is_none());
        let comm = || ops().filter(|op| op.kind.is_comm());
        (ops().next().is_some()).then(|| Self {
            ops: ops().count(),
            untold: ops().filter(|op| host.call(op.slice).is_none()).count(),
            total_ns: ops().map(|op| op.span.len_ns()).sum(),
            comm_ops: comm().count(),
            exposed_comm_ns: comm().map(|op| exposed_ns(rank, op)).sum(),
        })
    }

    /// `6 ops of 2.10 ms in no iteration, 6 of them communication with 1.60 ms exposed`.
    pub fn in_words(&self) -> String {
        let Self { ops, untold, total_ns, comm_ops, exposed_comm_ns } = *self;
        let all = format!("{} of {}", counted(ops as u64, "op"), duration(total_ns));
        let comm = match comm_ops {
            0 => String::new(),
            _ => format!(
                ", {comm_ops} of them communication with {} exposed",
                duration(exposed_comm_ns)
            ),
        };
        let untold = match untold {
            0 => String::new(),
            1 => "; of 1 it is not known who launched it".to_owned(),
            _ => format!("; of {untold} it is not known who launched them"),
        };
        format!("{all} in no iteration{comm}{untold}")
    }
}

impl AccountReport {
    /// Adds what is in no iteration: uncertain where nobody knows who launched it, else set aside without loss.
    pub fn note_outside(&self, diagnostics: &mut Diagnostics) {
        let outside = self.ranks.iter().filter_map(|rank| Some((rank.rank, rank.outside?)));
        for (rank, outside) in outside {
            let told = outside.ops - outside.untold;
            diagnostics
                .count("ops in no iteration, launched by nobody known", outside.untold as u64);
            diagnostics.remark("ops in no iteration, launched outside all of them", told as u64);
            if outside.untold > 0 {
                diagnostics.note(format!("rank {rank}: {}", outside.in_words()));
            }
        }
    }
}
