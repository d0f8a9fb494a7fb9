//! Which rank is simulated when.
//!
//! A rank that waits at no barrier depends on no other and may be simulated as far as it likes. One that waits may be
//! simulated up to the earliest time at which the barrier can open: the latest clock among the ranks that have not
//! arrived, plus the time a flag takes. If all are stuck that way, the rank with the earliest event of all may handle
//! it: any arrival still to come is later. The result is the same whatever the order.

use super::{
    rank::{Env, Rank},
    time::{NEVER, Ticks},
};

/// Nothing can happen any more, though ops are left.
#[derive(Debug)]
pub(super) struct Deadlock {
    pub(super) at: Ticks,
}

/// Simulates all ranks to the end; a flag takes `latency` from rank to rank.
pub(super) fn run(
    ranks: &mut [Rank],
    latency: Ticks,
    env: &mut Env<'_, '_>,
) -> Result<(), Deadlock> {
    loop {
        let mut progressed = false;
        for index in 0..ranks.len() {
            let horizon = horizon(ranks, index, latency, env);
            progressed |= ranks[index].advance(horizon, env);
            deliver(ranks, env);
        }
        if ranks.iter().all(Rank::all_finished) {
            return Ok(());
        }
        if !progressed {
            let events = ranks.iter().enumerate().map(|(index, rank)| (rank.next_event(), index));
            let (at, index) = events.min().unwrap_or((NEVER, 0));
            if at == NEVER {
                let at = ranks.iter().map(Rank::now).max().unwrap_or(0);
                return Err(Deadlock { at });
            }
            ranks[index].advance(at + latency.max(1), env);
            deliver(ranks, env);
        }
    }
}

fn deliver(ranks: &mut [Rank], env: &mut Env<'_, '_>) {
    while let Some(release) = env.barriers.take_released() {
        ranks[usize::from(release.rank)].release(release);
    }
}

/// Before this time nothing unknown can happen to a rank.
fn horizon(ranks: &[Rank], index: usize, latency: Ticks, env: &Env<'_, '_>) -> Ticks {
    let opens = |&barrier| {
        let late = ranks.iter().enumerate();
        let late = late.filter(|&(other, _)| !env.barriers.has_arrived(barrier, other));
        late.map(|(_, rank)| rank.now()).max().unwrap_or(NEVER).saturating_add(latency)
    };
    ranks[index].waiting().iter().map(opens).min().unwrap_or(NEVER)
}
