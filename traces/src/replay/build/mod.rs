//! From the gathered ops of a recording to what can be run again.
//!
//! [`ops`] puts them on one clock, [`groups`] joins collectives across ranks, [`host`] reads the host's launches and waits,
//! [`waits`] tells what each op waited for, and what of its start nothing explains, [`work`] what it takes by itself, [`sizes`] how
//! much it computes and moves.

mod groups;
mod host;
mod ops;
mod sizes;
mod waits;
mod work;

use super::Replay;
use crate::analysis::{Host, Ops};
use ops::Placed;

impl Replay {
    /// What a recording says can be run again. Costs n log n of its ops and of its host's calls.
    pub fn of(ops: &Ops<'_>) -> Self {
        let Placed { mut replay, at } = ops::placed(ops);
        let host = Host::of(ops.trace);
        groups::join(&mut replay, ops, &at);
        host::steps(&mut replay, ops, &host, &at);
        waits::find(&mut replay, ops, &at);
        work::find(&mut replay);
        sizes::find(&mut replay, ops, &at);
        replay.understood.ops = replay.ops.len();
        let communicates = replay.ops.iter().any(|op| op.kind.is_comm());
        replay.understood.unknown_gpu = communicates && replay.contention.sms.is_none();
        replay
    }
}
