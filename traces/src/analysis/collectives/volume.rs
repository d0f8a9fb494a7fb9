//! How many bytes a collective moves, as its record or its plan says.

use super::keys::{Key, Keys, Operation};
use crate::analysis::GpuOp;
use crate::model::Trace;

/// What a record says of the size of its collective.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::analysis) struct Volume {
    /// `all_reduce`, `all_gather` …; the kernel's own name where none is recognised.
    pub(in crate::analysis) operation: String,
    /// How many ranks take part; `None` where not said.
    pub(in crate::analysis) ranks: Option<usize>,
    /// Bytes of the whole buffer of a rank, as nccl-tests counts them: of an all-gather and a gather what they put out, of the
    /// others what they take in; `None` where not said.
    pub(in crate::analysis) bytes: Option<f64>,
    /// Bytes over this GPU's links in one direction; `None` where neither size and ranks nor the plan say.
    pub(in crate::analysis) bus_bytes: Option<f64>,
}

impl Volume {
    pub(in crate::analysis) fn of(trace: &Trace, rank: u32, op: &GpuOp) -> Self {
        let args = trace.args_of(op.slice);
        let key = Keys::of(trace, rank).key_with(op, &args);
        let find = |name: &str| args.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let number = |name: &str| find(name).and_then(super::keys::integer);
        let elements = match key.operation {
            Operation::AllGather | Operation::Gather => {
                let gathered = |own: i64| own.checked_mul(key.group.size?.try_into().ok()?);
                let own = || number("In msg nelems").and_then(gathered);
                number("Out msg nelems").or_else(own)
            }
            _ => number("In msg nelems"),
        };
        let width = find("dtype").and_then(super::keys::text).and_then(|dtype| width(&dtype));
        let bytes = elements.zip(width).map(|(elements, width)| elements as f64 * width);
        let message = || whole_buffer(&key, number("Message size [bytes]")? as f64);
        let bytes = bytes.or_else(message).filter(|bytes| *bytes > 0.0);
        let facts = trace.label(op.label).facts.as_ref();
        let planned = facts.map(|facts| facts.link_bytes).filter(|bytes| *bytes > 0.0);
        let factor = bus_factor(key.operation, key.group.size);
        Self {
            operation: name(key.operation).map_or_else(|| key.name.clone(), str::to_owned),
            ranks: key.group.size,
            bytes,
            bus_bytes: bytes.zip(factor).map(|(bytes, factor)| bytes * factor).or(planned),
        }
    }
}

/// Bytes that a communication op moves over this GPU's links in one direction; `None` where that is not known.
pub(crate) fn link_bytes(trace: &Trace, rank: u32, op: &GpuOp) -> Option<f64> {
    Volume::of(trace, rank, op).bus_bytes
}

/// Bytes of a rank's whole buffer by the size that NCCL's call has: of what is gathered and scattered one rank's part.
fn whole_buffer(key: &Key, message_bytes: f64) -> Option<f64> {
    match key.operation {
        Operation::AllGather
        | Operation::Gather
        | Operation::Scatter
        | Operation::ReduceScatter
        | Operation::AllToAll => Some(message_bytes * key.group.size? as f64),
        _ => Some(message_bytes),
    }
}

/// What the bytes of a buffer are multiplied by for those over a link, whatever the algorithm: nccl-tests' `PERFORMANCE.md`.
fn bus_factor(operation: Operation, ranks: Option<usize>) -> Option<f64> {
    let ranks = || ranks.filter(|&ranks| ranks > 1).map(|ranks| ranks as f64);
    match operation {
        Operation::AllReduce => ranks().map(|n| 2.0 * (n - 1.0) / n),
        Operation::ReduceScatter | Operation::AllGather | Operation::AllToAll => {
            ranks().map(|n| (n - 1.0) / n)
        }
        Operation::Broadcast | Operation::Reduce | Operation::SendRecv => Some(1.0),
        // How much of a token goes where is not in the record.
        Operation::Dispatch | Operation::Combine | Operation::Other => None,
        Operation::Gather | Operation::Scatter => ranks().map(|n| (n - 1.0) / n),
    }
}

fn name(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::AllReduce => "all_reduce",
        Operation::ReduceScatter => "reduce_scatter",
        Operation::AllGather => "all_gather",
        Operation::AllToAll => "all_to_all",
        Operation::Dispatch => "dispatch",
        Operation::Combine => "combine",
        Operation::Broadcast => "broadcast",
        Operation::Reduce => "reduce",
        Operation::Gather => "gather",
        Operation::Scatter => "scatter",
        Operation::SendRecv => "send_recv",
        Operation::Other => return None,
    })
}

/// Bytes of an element of a type, as PyTorch writes it in records (`BFloat16`, `c10::Half`, `Float8_e4m3fn`).
pub(in crate::analysis) fn width(dtype: &str) -> Option<f64> {
    let lower = dtype.rsplit("::").next().unwrap_or(dtype).to_ascii_lowercase();
    let is_eight = |text: &str| text.starts_with("float8") || text.starts_with("fp8");
    Some(match lower.as_str() {
        "bfloat16" | "half" | "float16" | "short" | "int16" | "short int" | "unsigned short" => 2.0,
        "float" | "float32" | "int" | "int32" | "unsigned int" => 4.0,
        "double" | "float64" | "long" | "int64" | "long int" | "complexfloat" => 8.0,
        "byte" | "char" | "bool" | "int8" | "uint8" | "signed char" | "unsigned char" => 1.0,
        other if is_eight(other) => 1.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, Ops, testing::trace};

    /// The table of nccl-tests' `doc/PERFORMANCE.md`, for 8 ranks.
    #[test]
    fn factors_are_those_of_nccl_tests() {
        for (operation, factor) in [
            (Operation::AllReduce, 1.75),
            (Operation::ReduceScatter, 0.875),
            (Operation::AllGather, 0.875),
            (Operation::AllToAll, 0.875),
            (Operation::Broadcast, 1.0),
            (Operation::Reduce, 1.0),
            (Operation::SendRecv, 1.0),
        ] {
            assert_eq!(bus_factor(operation, Some(8)), Some(factor), "{operation:?}");
        }
        assert_eq!(bus_factor(Operation::AllReduce, None), None);
        assert_eq!(bus_factor(Operation::AllReduce, Some(1)), None);
        assert_eq!(bus_factor(Operation::Dispatch, Some(8)), None);
    }

    /// A million floats of each of 4 ranks: of what is gathered all comes over a link but the own part. What is scattered is
    /// counted whole already.
    #[test]
    fn gathered_bytes_are_those_of_all_ranks() {
        let of = |kernel: &str, elements: i64| {
            let trace = trace(&format!(
                "rank 0\nstream 1: comm 0..9 {kernel} nelems={elements} members=0,1,2,3 dtype=Float"
            ));
            let ops = Ops::of(&trace, &Config::default());
            let volume = Volume::of(&trace, 0, &ops.ranks[0].ops[0]);
            (volume.operation, volume.bytes, volume.bus_bytes)
        };
        for (kernel, elements, operation) in [
            ("ncclDevKernel_AllGather_RING_LL", 1_000_000, "all_gather"),
            ("ncclDevKernel_Gather_RING_LL", 1_000_000, "gather"),
            ("ncclDevKernel_Scatter_RING_LL", 4_000_000, "scatter"),
            ("ncclDevKernel_ReduceScatter_Sum", 4_000_000, "reduce_scatter"),
        ] {
            let expected = (operation.to_owned(), Some(16e6), Some(12e6));
            assert_eq!(of(kernel, elements), expected, "{kernel}");
        }
    }

    #[test]
    fn widths_of_types() {
        let types = ["BFloat16", "c10::Half", "Float8_e4m3fn", "Long", "quint4x2"];
        let widths = types.map(width);
        assert_eq!(widths, [Some(2.0), Some(2.0), Some(1.0), Some(8.0), None]);
    }
}
