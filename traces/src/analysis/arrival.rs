//! Is communication long because bytes take their time, or because ranks come at different times?

use serde::{Deserialize, Serialize};

use super::collectives::{Collective, Collectives};
use super::stats::share;
use super::{Ops, WaitMethod};
use crate::words::{counted, duration, percent};

/// What the time of collectives goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommVerdict {
    /// Mostly to moving bytes, once all ranks are there.
    TransferDominated,
    /// Mostly to waiting for the last rank.
    ArrivalSkewDominated,
    /// To both.
    Mixed,
    /// The recordings do not tell.
    #[default]
    Inconclusive,
}

impl CommVerdict {
    /// As users write it: `arrival-skew-dominated`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TransferDominated => "transfer-dominated",
            Self::ArrivalSkewDominated => "arrival-skew-dominated",
            Self::Mixed => "mixed",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// One of the two dominates when it takes twice as long as the other.
    pub fn of_share(skew_share: f64) -> Self {
        if skew_share >= 2.0 / 3.0 {
            Self::ArrivalSkewDominated
        } else if skew_share <= 1.0 / 3.0 {
            Self::TransferDominated
        } else {
            Self::Mixed
        }
    }
}

/// What the time of collectives goes to, and why.
///
/// Of each collective, *skew* is the mean time that its members waited for the last to arrive (that one left out, which
/// waits for nobody), *transfer* the mean time from then to their ends. Skew over both, all collectives together, of two
/// thirds or more is arrival-skew-dominated, of one third or less transfer-dominated, mixed between. Without matched
/// collectives, waits that blocks recorded at barriers stand for skew. Inconclusive where neither is known, where more
/// than half of the communication has no partner, and where clocks agree so badly that both ends of the scale are possible.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArrivalReport {
    /// The one word.
    pub verdict: CommVerdict,
    /// Skew over skew and transfer, 0…1; `None` where not known.
    pub skew_share: Option<f64>,
    /// The one collective with nearly all of the skew, counted from 0 in order of time; `None` where it is spread.
    pub only_in: Option<usize>,
    /// Why, in a sentence without a full stop; empty where nothing communicates.
    pub sentence: String,
}

/// A collective with this share of all skew has it alone.
const NEARLY_ALL: f64 = 0.95;

/// Judges all communication of the traces that were gathered together.
pub fn arrival(ops: &Ops<'_>) -> ArrivalReport {
    let found = ops.collectives();
    if ops.ranks.iter().all(|rank| rank.comm.is_empty()) {
        return ArrivalReport::default();
    }
    if found.matched.is_empty() {
        return at_barriers(ops);
    }
    let parts: Vec<Shares> = found.matched.iter().map(Shares::of).collect();
    let all = parts.iter().fold(Shares::default(), Shares::plus);
    let of_skew = share(all.skew_ns, all.skew_ns + all.transfer_ns);
    if let Some(why) = why_unclear(found, &all, of_skew) {
        return inconclusive(Some(of_skew), &why);
    }
    let verdict = CommVerdict::of_share(of_skew);
    let only_in = most_of_it(&parts, &all);
    let mut sentence = said(verdict, of_skew);
    if let Some(at) = only_in {
        let rest = all.minus(&parts[at]);
        let of_rest = share(rest.skew_ns, rest.skew_ns + rest.transfer_ns);
        sentence += &format!(
            ", {} ({} of {}); of the rest it is {}",
            which(at, parts.len()),
            duration(parts[at].skew_ns),
            duration(all.skew_ns),
            percent(of_rest)
        );
    }
    ArrivalReport { verdict, skew_share: Some(of_skew), only_in, sentence }
}

fn said(verdict: CommVerdict, of_skew: f64) -> String {
    format!(
        "Communication is {}: {} of its time passes before the last rank has arrived",
        verdict.name(),
        percent(of_skew)
    )
}

fn inconclusive(skew_share: Option<f64>, why: &str) -> ArrivalReport {
    let verdict = CommVerdict::Inconclusive;
    let sentence =
        format!("Whether communication is transfer or arrival skew is {}: {why}", verdict.name());
    ArrivalReport { verdict, skew_share, only_in: None, sentence }
}

/// By waits that blocks recorded, where they did.
fn at_barriers(ops: &Ops<'_>) -> ArrivalReport {
    let (mut wait_ns, mut comm_ns, mut is_measured) = (0, 0, false);
    for rank in ops.ranks.iter().filter(|rank| rank.wait_method == WaitMethod::Measured) {
        let comm = || rank.ops.iter().filter(|op| op.kind.is_comm());
        wait_ns += comm().filter_map(|op| op.wait_ns).sum::<i64>();
        comm_ns += comm().map(|op| op.span.len_ns()).sum::<i64>();
        is_measured = true;
    }
    if is_measured {
        let of_skew = share(wait_ns, comm_ns);
        let verdict = CommVerdict::of_share(of_skew);
        let sentence = said(verdict, of_skew);
        return ArrivalReport { verdict, skew_share: Some(of_skew), only_in: None, sentence };
    }
    match ops.ranks_of_run().len() {
        0 | 1 => inconclusive(None, "there is one rank, and when the others arrived is not known"),
        _ => inconclusive(None, "no collective was found on two ranks"),
    }
}

fn why_unclear(found: &Collectives, all: &Shares, of_skew: f64) -> Option<String> {
    let ops = found.unmatched + found.matched.iter().map(|one| one.members.len()).sum::<usize>();
    if found.unmatched * 2 > ops {
        return Some(format!("{} of {ops} collectives have no partner", found.unmatched));
    }
    let residual_ns = found.clocks.iter().map(|clock| clock.residual_p99_ns).max().unwrap_or(0);
    let count = found.matched.len() as i64;
    let whole_ns = all.skew_ns + all.transfer_ns;
    let off = share(residual_ns.saturating_mul(count), whole_ns);
    let [least, most] = [of_skew - off, of_skew + off].map(CommVerdict::of_share);
    let is_open =
        least == CommVerdict::TransferDominated && most == CommVerdict::ArrivalSkewDominated;
    is_open.then(|| {
        format!(
            "clocks of the ranks agree to {}, a collective takes {}",
            duration(residual_ns),
            duration(whole_ns / count.max(1))
        )
    })
}

/// What one collective's time went to, or that of all.
#[derive(Clone, Copy, Debug, Default)]
struct Shares {
    skew_ns: i64,
    transfer_ns: i64,
}

impl Shares {
    fn of(collective: &Collective) -> Self {
        let last_ns = collective.latest_start_ns();
        let members = collective.members.iter();
        let waits: i64 = collective.waits_ns().map(|(_, wait_ns)| wait_ns).sum();
        let rests: i64 = members.map(|member| (member.span.end_ns - last_ns).max(0)).sum();
        let count = collective.members.len() as i64;
        Self { skew_ns: waits / (count - 1).max(1), transfer_ns: rests / count.max(1) }
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            skew_ns: self.skew_ns.saturating_add(other.skew_ns),
            transfer_ns: self.transfer_ns.saturating_add(other.transfer_ns),
        }
    }

    fn minus(self, other: &Self) -> Self {
        Self {
            skew_ns: self.skew_ns.saturating_sub(other.skew_ns),
            transfer_ns: self.transfer_ns.saturating_sub(other.transfer_ns),
        }
    }
}

/// The collective with nearly all of the skew, of several, where there is some to speak of.
fn most_of_it(parts: &[Shares], all: &Shares) -> Option<usize> {
    let (at, most) = parts.iter().enumerate().max_by_key(|(_, part)| part.skew_ns)?;
    let is_alone = share(most.skew_ns, all.skew_ns) >= NEARLY_ALL;
    let is_much = CommVerdict::of_share(share(all.skew_ns, all.skew_ns + all.transfer_ns))
        != CommVerdict::TransferDominated;
    (parts.len() > 2 && is_alone && is_much).then_some(at)
}

/// `in the first collective only`.
pub(super) fn which(at: usize, of: usize) -> String {
    match at {
        0 => "in the first collective only".to_owned(),
        _ if at + 1 == of => "in the last collective only".to_owned(),
        _ => format!("in collective {} of {} only", at + 1, counted(of as u64, "collective")),
    }
}
