//! Shapes that PyTorch's profiler recorded (`record_shapes=True`): those of the operator's inputs, which a kernel names by
//! its number, `External id`.

use std::collections::{BTreeMap, HashMap};

use super::shape::work;
use super::{Launched, Work};
use crate::analysis::GpuOp;
use crate::model::{ArgReader, BorrowedValue, Kind, Trace, TrackKind};

const ID: &str = "External id";
const DIMS: [&str; 2] = ["Input Dims", "Input dims"];
const TYPES: &str = "Input type";

/// Products by the rank and the number of the operator that launched them.
pub(super) struct Recorded<'a> {
    trace: &'a Trace,
    works: HashMap<(Option<u32>, i64), Work>,
}

impl<'a> Recorded<'a> {
    /// Reads the operators; costs their arguments, and nothing where no shapes were recorded.
    pub(super) fn of(trace: &'a Trace) -> Self {
        let mut works = HashMap::new();
        if DIMS.iter().any(|key| trace.args.has_text(key)) {
            let mut reader = trace.args.reader();
            for track in &trace.tracks {
                let TrackKind::HostThread { rank, .. } = track.kind else { continue };
                for &lane in &track.lanes {
                    let slices = &trace.lane(lane).slices;
                    for row in 0..slices.len() {
                        let label = trace.label(slices.label[row]);
                        if label.kind == Kind::Host && label.name.starts_with("aten::") {
                            let found = operator(&mut reader, &label.name, slices.args[row]);
                            works.extend(found.map(|(id, work)| ((rank, id), work)));
                        }
                    }
                }
            }
        }
        Self { trace, works }
    }

    /// The products that these kernels of a rank are, and how many of the kernels are of none that is known. An operator's
    /// kernels together are its product: what is summed in parts has a kernel more.
    pub(super) fn launched(&self, rank: u32, kernels: &[&GpuOp]) -> (Vec<Launched>, usize) {
        if self.works.is_empty() {
            return (Vec::new(), kernels.len());
        }
        let mut reader = self.trace.args.reader();
        let mut by_operator: BTreeMap<i64, Launched> = BTreeMap::new();
        let mut longest: HashMap<i64, i64> = HashMap::new();
        let mut without = 0;
        for op in kernels {
            let slices = &self.trace.lane(op.slice.lane).slices;
            let id = reader.find(slices.args[op.slice.index as usize], |key| key == ID);
            let work = id.and_then(integer).and_then(|id| {
                let of = |rank| self.works.get(&(rank, id));
                Some((id, of(Some(rank)).or_else(|| of(None))?))
            });
            let Some((id, work)) = work else {
                without += 1;
                continue;
            };
            let ns = op.span.len_ns();
            let one = by_operator.entry(id).or_insert_with(|| Launched {
                work: work.clone(),
                ns: 0,
                slice: op.slice,
            });
            one.ns += ns;
            let most = longest.entry(id).or_insert(i64::MIN);
            if ns > *most {
                (*most, one.slice) = (ns, op.slice);
            }
        }
        (by_operator.into_values().collect(), without)
    }
}

fn operator(
    reader: &mut ArgReader<'_>,
    name: &str,
    args: crate::model::ArgsId,
) -> Option<(i64, Work)> {
    let id = integer(reader.find(args, |key| key == ID)?)?;
    let dims = text(reader.find(args, |key| DIMS.contains(&key))?)?;
    let types = reader.find(args, |key| key == TYPES).and_then(text).unwrap_or_default();
    Some((id, work(name, dims, types)?))
}

fn integer(value: BorrowedValue<'_>) -> Option<i64> {
    match value {
        BorrowedValue::Int(int) => Some(int),
        _ => None,
    }
}

fn text(value: BorrowedValue<'_>) -> Option<&str> {
    match value {
        BorrowedValue::Text(text) | BorrowedValue::Json(text) => Some(text),
        _ => None,
    }
}
