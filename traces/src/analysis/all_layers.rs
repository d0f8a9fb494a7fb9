//! What would all layers of the model take, of which only some ran?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stats::median;
use super::{IterationLengths, Ops, RankOps};
use crate::model::LayerFacts;

/// The time of an iteration of all layers, extrapolated from one of some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllLayers {
    /// Layers that ran.
    pub run: u32,
    /// Layers of the model.
    pub of: u32,
    /// What one more layer takes: the median over ranks, iterations and layers, from the end of the layer before to its
    /// own end. The first layer is left out, which has nothing to hide in its first phase, unless it is the only one.
    pub layer_ns: i64,
    /// The median iteration and that for every layer that did not run.
    pub iteration_ns: i64,
}

/// Extrapolates; `None` when all layers ran, when the trace says nothing of the model's, or when its runs differ in it.
pub fn all_layers(ops: &Ops<'_>, iterations: IterationLengths) -> Option<AllLayers> {
    let mut runs = ops.trace.meta.runs.iter().map(|run| run.layers);
    let LayerFacts { run, of } = runs.next()?;
    if run == 0 || run >= of || !runs.all(|other| other == LayerFacts { run, of }) {
        return None;
    }
    let layer_ns = median(ops.ranks.iter().flat_map(|rank| layers_ns(ops, rank)).collect())?;
    let iteration_ns = iterations.median_ns + i64::from(of - run) * layer_ns;
    Some(AllLayers { run, of, layer_ns, iteration_ns })
}

/// How long each layer takes but the first of an iteration; that one where it is alone.
fn layers_ns(ops: &Ops<'_>, rank: &RankOps<'_>) -> Vec<i64> {
    // First start and last end, by iteration and layer.
    let mut layers: BTreeMap<(usize, u32), (i64, i64)> = BTreeMap::new();
    for op in &rank.ops {
        let Some(layer) = ops.trace.label(op.label).layer else { continue };
        let key = (rank.iteration_of(op), layer);
        let (start_ns, end_ns) = layers.entry(key).or_insert((op.span.start_ns, op.span.end_ns));
        *start_ns = op.span.start_ns.min(*start_ns);
        *end_ns = op.span.end_ns.max(*end_ns);
    }
    let layers: Vec<_> = layers.into_iter().collect();
    let next = layers.windows(2).filter_map(|pair| {
        let [((iteration, layer), (_, before_ns)), (next, (_, end_ns))] = pair else { return None };
        (*next == (*iteration, layer + 1)).then_some(end_ns - before_ns)
    });
    let next: Vec<i64> = next.collect();
    if next.is_empty() {
        return layers.iter().map(|(_, (start_ns, end_ns))| end_ns - start_ns).collect();
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, iteration_lengths, testing::trace};
    use crate::model::RunFacts;

    fn extrapolated(text: &str, layers: &[LayerFacts]) -> Option<AllLayers> {
        let mut parts = trace(text).into_parts();
        let facts = |&layers| RunFacts { layers, ..RunFacts::default() };
        parts.meta.runs = layers.iter().map(facts).collect();
        let trace = crate::Trace::checked(parts).expect("as valid as before");
        let ops = Ops::of(&trace, &Config::default());
        all_layers(&ops, iteration_lengths(&ops))
    }

    #[test]
    fn a_layer_more_is_what_the_later_ones_take() {
        let text = "rank 0
            marks 0: mark 0..400 step0
            stream 0: gemm 0..50 embed; gemm 50..120 up L0; gemm 130..230 up L1; gemm 240..340 up L2; gemm 345..400 head
            stream 1: comm 240..345 ar L2";
        let layers = LayerFacts { run: 3, of: 10 };
        let expected = AllLayers { run: 3, of: 10, layer_ns: 112, iteration_ns: 400 + 7 * 112 };
        assert_eq!(extrapolated(text, &[layers, layers]), Some(expected), "of 110 and 115");
        let one = "rank 0\n stream 0: gemm 0..50 embed; gemm 50..120 up L0";
        let all = extrapolated(one, &[LayerFacts { run: 1, of: 2 }]).expect("one is enough");
        assert_eq!((all.layer_ns, all.iteration_ns), (70, 190));
    }

    #[test]
    fn nothing_is_extrapolated_where_all_ran_or_nothing_is_known() {
        let text = "rank 0\n stream 0: gemm 0..50 up L0";
        let [all, other] = [LayerFacts { run: 80, of: 80 }, LayerFacts { run: 1, of: 80 }];
        assert_eq!(extrapolated(text, &[]), None);
        assert_eq!(extrapolated(text, &[all]), None);
        assert_eq!(extrapolated(text, &[other, all]), None);
        assert_eq!(extrapolated("rank 0\n stream 0: gemm 0..50 up", &[other]), None);
    }
}
