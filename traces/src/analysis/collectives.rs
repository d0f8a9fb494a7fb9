//! The same collective on every rank.

use std::collections::BTreeMap;

use serde::Serialize;

use super::gpu_ops::GpuOp;
use super::runs::RunMember;
use crate::model::{ArgValue, SliceRef, Span, Trace};

/// How the same collective was recognised on several ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchMethod {
    /// By the plan's op, and by its turn when the op runs several times.
    Plan,
    /// By process group and sequence number, as Kineto's `Seq` argument gives them.
    Sequence,
    /// By turn: the n-th communication kernel of every rank, when all have as many and names agree.
    Order,
}

/// One rank's part in a collective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Which of the traces given.
    pub trace: usize,
    /// Its rank.
    pub rank: u32,
    /// When, whole, in the time of the first trace given.
    pub span: Span,
    /// The slice in its own trace.
    pub slice: SliceRef,
}

/// The same collective on every rank that took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collective {
    /// Name of the first member.
    pub name: String,
    /// Members by rank.
    pub members: Vec<Member>,
}

impl Collective {
    /// When the last rank arrived.
    pub fn latest_start_ns(&self) -> i64 {
        self.members.iter().map(|member| member.span.start_ns).max().unwrap_or_default()
    }

    /// How long a member waited for the last rank: until it arrived, at most the member's own duration.
    pub fn wait_ns(&self, member: &Member) -> i64 {
        (self.latest_start_ns() - member.span.start_ns).clamp(0, member.span.len_ns())
    }
}

/// The collectives of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collectives {
    /// In order of their first start.
    pub matched: Vec<Collective>,
    /// How; `None` when nothing could be matched.
    pub method: Option<MatchMethod>,
    /// Communication ops with no partner.
    pub unmatched: usize,
}

/// Communication ops of one rank of a run.
pub(super) struct RankComm<'a> {
    pub(super) member: RunMember,
    /// Its trace.
    pub(super) trace: &'a Trace,
    /// In order of start, whole.
    pub(super) ops: Vec<GpuOp>,
}

/// Finds the same collective on all ranks of a run, which may be spread over several traces (one a rank, as the
/// PyTorch profiler writes them). Ranks ascend.
///
/// Tried in order: the plan's op, process group and sequence number, turn. See [`MatchMethod`].
pub(super) fn match_run(ranks: &[RankComm<'_>]) -> Collectives {
    if ranks.len() < 2 {
        return Collectives::default();
    }
    let (keyed, method) = if let Some(keyed) = keys(ranks, plan_key) {
        (keyed, MatchMethod::Plan)
    } else if let Some(keyed) = keys(ranks, sequence_key) {
        (keyed, MatchMethod::Sequence)
    } else {
        (keys(ranks, |_, _| Some(String::new())).unwrap_or_default(), MatchMethod::Order)
    };
    let total: usize = ranks.iter().map(|rank| rank.ops.len()).sum();
    let matched = join(ranks, &keyed, method);
    let taken: usize = matched.iter().map(|collective| collective.members.len()).sum();
    let method = (!matched.is_empty()).then_some(method);
    Collectives { matched, method, unmatched: total - taken }
}

/// Key of every op and its turn among those with the same key; `None` when an op has no key.
type Keyed = Vec<Vec<(String, usize)>>;

fn keys(ranks: &[RankComm<'_>], key: impl Fn(&Trace, &GpuOp) -> Option<String>) -> Option<Keyed> {
    let mut keyed = Vec::new();
    for rank in ranks {
        let mut turns: BTreeMap<String, usize> = BTreeMap::new();
        let mut row = Vec::new();
        for op in &rank.ops {
            let key = key(rank.trace, op)?;
            let turn = turns.entry(key.clone()).or_default();
            row.push((key, *turn));
            *turn += 1;
        }
        keyed.push(row);
    }
    Some(keyed)
}

fn plan_key(trace: &Trace, op: &GpuOp) -> Option<String> {
    let label = trace.label(op.label);
    let facts = label.facts.as_ref()?;
    Some(format!("{}/{}/{:?}/{:?}", facts.op, label.name, label.layer, label.split))
}

fn sequence_key(trace: &Trace, op: &GpuOp) -> Option<String> {
    let args = trace.args_of(op.slice);
    let find = |name: &str| args.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let seq = match find("Seq")? {
        ArgValue::Int(seq) => seq.to_string(),
        ArgValue::Text(seq) => seq.clone(),
        ArgValue::Float(_) => return None,
    };
    let group = match find("Process Group Name") {
        Some(ArgValue::Text(group)) => group.clone(),
        Some(ArgValue::Int(group)) => group.to_string(),
        _ => String::new(),
    };
    Some(format!("{group}/{seq}"))
}

/// Joins ops of the same key and turn. A key whose number of turns differs between ranks is left out: after a
/// lost record every later turn would be matched wrongly.
fn join(ranks: &[RankComm<'_>], keyed: &Keyed, method: MatchMethod) -> Vec<Collective> {
    let mut members: BTreeMap<(&str, usize), Vec<(Member, &str)>> = BTreeMap::new();
    let mut turns: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, (rank, keys)) in ranks.iter().zip(keyed).enumerate() {
        for (op, (key, turn)) in rank.ops.iter().zip(keys) {
            let RunMember { trace, rank: number, offset_ns } = rank.member;
            let span =
                Span { start_ns: op.span.start_ns + offset_ns, end_ns: op.span.end_ns + offset_ns };
            let member = Member { trace, rank: number, span, slice: op.slice };
            let name = rank.trace.label(op.label).name.as_str();
            members.entry((key, *turn)).or_default().push((member, name));
            turns.entry(key).or_insert_with(|| vec![0; ranks.len()])[position] += 1;
        }
    }
    // Sub-groups exist (pipeline stages): only the ranks that know a key must agree on its count. By turn alone
    // nothing says who belongs together, so there all must.
    let agree = |key: &str| {
        let counts = turns[key].iter().filter(|&&n| n > 0 || method == MatchMethod::Order);
        let counts: Vec<_> = counts.collect();
        counts.len() > 1 && counts.windows(2).all(|pair| pair[0] == pair[1])
    };
    let same_name =
        |members: &[(Member, &str)]| members.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let names_agree = method != MatchMethod::Order || members.values().all(|m| same_name(m));
    let mut matched: Vec<Collective> = members
        .into_iter()
        .filter(|((key, _), members)| names_agree && members.len() > 1 && agree(key))
        .map(|(_, members)| Collective {
            name: members[0].1.to_owned(),
            members: members.into_iter().map(|(member, _)| member).collect(),
        })
        .collect();
    matched.sort_by_key(|collective| {
        collective.members.iter().map(|member| member.span.start_ns).min()
    });
    matched
}
