//! What one rank's record says of which collective it belongs to: operation, process group, size, sequence number.
//!
//! Kineto copies what `record_param_comms` knew onto the kernel; kernels of vLLM, SGLang and aiter come with their name
//! alone. What is not said stays unknown, and unknown fits anything.

use std::fmt::Write as _;

use crate::analysis::GpuOp;
use crate::model::{ArgValue, Args, Trace};

/// What a collective does, whatever algorithm, protocol or data type its kernel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Operation {
    AllReduce,
    ReduceScatter,
    AllGather,
    AllToAll,
    Dispatch,
    Combine,
    Broadcast,
    Reduce,
    Gather,
    Scatter,
    SendRecv,
    /// Another one, told apart by [`Key::name`].
    Other,
}

impl Operation {
    /// No member ends before all have arrived, and all end at nearly the same time.
    pub(super) fn ends_together(self) -> bool {
        matches!(self, Self::AllReduce | Self::ReduceScatter | Self::AllGather | Self::AllToAll)
    }

    /// Members may bring different numbers of elements.
    fn is_uneven(self) -> bool {
        !matches!(self, Self::AllReduce | Self::Broadcast | Self::Reduce)
    }
}

/// Kernel and collective names hold one of these, lower case, without `_`; the first that fits decides.
const OPERATIONS: &[(&str, Operation)] = &[
    ("reducescatter", Operation::ReduceScatter),
    ("allreduce", Operation::AllReduce),
    ("crossdevicereduce", Operation::AllReduce),
    ("quickreduce", Operation::AllReduce),
    ("multimemreduce", Operation::AllReduce),
    ("arfusion", Operation::AllReduce),
    ("rslnag", Operation::AllReduce),
    ("allgather", Operation::AllGather),
    ("alltoall", Operation::AllToAll),
    ("a2a", Operation::AllToAll),
    ("dispatch", Operation::Dispatch),
    ("combine", Operation::Combine),
    ("broadcast", Operation::Broadcast),
    ("barrier", Operation::AllReduce),
    ("sendrecv", Operation::SendRecv),
    ("send", Operation::SendRecv),
    ("recv", Operation::SendRecv),
    ("gather", Operation::Gather),
    ("scatter", Operation::Scatter),
    ("reduce", Operation::Reduce),
];

/// The process group of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    /// Its ranks, ascending, where all of them are listed.
    pub(super) ranks: Option<Vec<u32>>,
    /// Name; where only that is known, description.
    pub(super) name: Option<String>,
    /// How many ranks it has.
    pub(super) size: Option<usize>,
}

impl Group {
    pub(super) fn is_known(&self) -> bool {
        self.ranks.is_some() || self.name.is_some()
    }
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) operation: Operation,
    /// The kernel's own name where no operation is recognised in it; else empty.
    pub(super) name: String,
    /// The op of the plan; `None` for what others recorded.
    pub(super) plan: Option<String>,
    pub(super) group: Group,
    /// Elements a member brings; `None` where not known or free to differ.
    pub(super) elements: Option<i64>,
    pub(super) sequence: Option<i64>,
    /// The two ranks of a transfer from one to another, lower first, numbered within the group.
    pub(super) peers: Option<[i64; 2]>,
}

/// Reads the keys of the ops of a trace.
pub(super) struct Keys<'a> {
    trace: &'a Trace,
    rank: u32,
}

impl<'a> Keys<'a> {
    pub(super) fn of(trace: &'a Trace, rank: u32) -> Self {
        Self { trace, rank }
    }

    pub(super) fn key(&self, op: &GpuOp) -> Key {
        self.key_with(op, &self.trace.args_of(op.slice))
    }

    /// The same by arguments that were fetched already.
    pub(super) fn key_with(&self, op: &GpuOp, args: &Args) -> Key {
        let label = self.trace.label(op.label);
        let plan = label.facts.as_ref().map(|facts| {
            format!("{}/{}/{:?}/{:?}", facts.op, label.name, label.layer, label.split)
        });
        let find = |name: &str| args.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let said = find("Collective name").and_then(text).unwrap_or_default();
        let operation = operation(&label.name, &said);
        let name = match operation {
            Operation::Other => own_name(&label.name),
            _ => String::new(),
        };
        let elements = find("In msg nelems").and_then(integer);
        Key {
            operation,
            name,
            plan,
            group: group(&find),
            elements: elements.filter(|_| !operation.is_uneven()),
            sequence: find("Seq").and_then(integer),
            peers: peers(self.rank, &find),
        }
    }
}

fn operation(kernel: &str, said: &str) -> Operation {
    match (of_name(kernel), of_name(said)) {
        // NCCL runs all-to-all, gather and scatter as sends and receives.
        (Some(Operation::SendRecv) | None, Some(said)) => said,
        (Some(kernel), _) => kernel,
        (None, None) => Operation::Other,
    }
}

fn of_name(name: &str) -> Option<Operation> {
    // What comes behind the function's own name are types.
    let own = own_name(name).replace('_', "");
    let found = |text: &str| OPERATIONS.iter().find(|(part, _)| text.contains(part));
    let whole = || name.to_lowercase().replace('_', "");
    found(&own).or_else(|| found(&whole())).map(|(_, operation)| *operation)
}

/// Lower case, without return type, template arguments and parameters.
fn own_name(name: &str) -> String {
    let name = name.strip_prefix("void ").unwrap_or(name).replace("(anonymous namespace)::", "");
    let end = name.find(['<', '(']).unwrap_or(name.len());
    name[..end].trim().to_lowercase()
}

fn group<'v>(find: &impl Fn(&str) -> Option<&'v ArgValue>) -> Group {
    let ranks = find("Process Group Ranks").and_then(text).and_then(|list| rank_list(&list));
    let name = find("Process Group Name").or_else(|| find("NCCL communicator ID")).and_then(text);
    let described = || find("Process Group Description").and_then(text);
    let size = find("Group size").or_else(|| find("No. of ranks"));
    let size = size.and_then(integer).and_then(|size| usize::try_from(size).ok());
    let size = size.or(ranks.as_ref().map(Vec::len));
    Group { ranks, name: name.filter(|name| !name.is_empty()).or_else(described), size }
}

/// `[0, 1]`; `None` of an empty list and of one that is cut short (`[0, 1, ..., 31]`).
fn rank_list(text: &str) -> Option<Vec<u32>> {
    let inside = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let ranks: Result<Vec<u32>, _> = inside.split(',').map(|rank| rank.trim().parse()).collect();
    let mut ranks = ranks.ok()?;
    ranks.sort_unstable();
    ranks.dedup();
    Some(ranks)
}

fn peers<'v>(rank: u32, find: &impl Fn(&str) -> Option<&'v ArgValue>) -> Option<[i64; 2]> {
    let other = |name: &str| find(name).and_then(integer).filter(|&peer| peer >= 0);
    let rank = i64::from(rank);
    let [from, to] = [other("Src Rank"), other("Dst Rank")];
    let [from, to] = match (from, to) {
        (Some(from), Some(to)) => [from, to],
        (Some(from), None) => [from, rank],
        (None, Some(to)) => [rank, to],
        (None, None) => return None,
    };
    (from != to).then(|| [from.min(to), from.max(to)])
}

pub(super) fn integer(value: &ArgValue) -> Option<i64> {
    match value {
        ArgValue::Int(int) => Some(*int),
        ArgValue::Text(text) | ArgValue::Json(text) => text.trim().parse().ok(),
        ArgValue::Float(_) => None,
    }
}

pub(super) fn text(value: &ArgValue) -> Option<String> {
    match value {
        ArgValue::Text(text) | ArgValue::Json(text) => Some(text.clone()),
        ArgValue::Int(int) => Some(int.to_string()),
        ArgValue::Float(_) => None,
    }
}

impl Key {
    /// Ops of one such name can be members of one collective.
    pub(super) fn operation_name(&self) -> String {
        let mut name = format!("{:?}{}", self.operation, self.name);
        if let Some([low, high]) = self.peers {
            let _infallible = write!(name, " {low}-{high}");
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_told_by_the_kernel_and_by_what_ran_it() {
        for (kernel, said, expected) in [
            (
                "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
                "",
                Operation::AllReduce,
            ),
            ("ncclDevKernel_AllReduce_Sum_bf16_TREE_SIMPLE(x)", "allreduce", Operation::AllReduce),
            (
                "ncclDevKernel_ReduceScatter_Sum_f32_RING_LL",
                "_reduce_scatter_base",
                Operation::ReduceScatter,
            ),
            ("ncclKernel_AllGather_RING_LL_Sum_int8_t", "_allgather_base", Operation::AllGather),
            ("ncclDevKernel_SendRecv(x)", "all_to_allv", Operation::AllToAll),
            ("ncclDevKernel_SendRecv(x)", "send", Operation::SendRecv),
            ("ncclDevKernel_SendRecv(x)", "gather", Operation::Gather),
            ("ncclDevKernel_Generic(x)", "allreduce_coalesced", Operation::AllReduce),
            ("ncclDevKernel_Broadcast_RING_LL", "_broadcast_oop", Operation::Broadcast),
            ("ncclDevKernel_Reduce_Sum_f32_RING_LL", "reduce", Operation::Reduce),
            (
                "void vllm::cross_device_reduce_1stage<__nv_bfloat16, 8>(x)",
                "",
                Operation::AllReduce,
            ),
            ("void deep_ep::intranode::dispatch<8, 768>(int4*)", "", Operation::Dispatch),
            ("my_comm_kernel<int>(x)", "", Operation::Other),
        ] {
            assert_eq!(operation(kernel, said), expected, "{kernel} {said}");
        }
    }

    #[test]
    fn lists_of_ranks_are_whole_or_not_known() {
        assert_eq!(rank_list("[2, 0,1]"), Some(vec![0, 1, 2]));
        assert_eq!(
            [rank_list("[]"), rank_list("[0, 1, ..., 31]"), rank_list("0")],
            [None, None, None]
        );
    }
}
