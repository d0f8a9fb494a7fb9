//! From which op to which a layer goes.
//!
//! As our own plans have it, a layer begins with the first product before its attention (queries, keys and values) and ends
//! with the norm behind its feed-forward block, which is the next layer's input norm or the final one. How many products
//! stand before attention is told by the first layer of a pass, before which something else stands than before the others;
//! where that is not recorded, by norms and collectives.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use super::passes::Stack;
use super::repeats::Unit;
use super::sequence::{Letter, positions_of_gemms};

/// The letters of every unit.
pub(super) fn layers(
    letters: &[Letter],
    units: &[Unit],
    stacks: &[Stack],
    halves: bool,
) -> Vec<Range<usize>> {
    let cut = Cut { letters, gemms: positions_of_gemms(letters), units };
    let before = [false, true].map(|backward| cut.products_before(stacks, backward, halves));
    let start = |unit: usize| cut.start(unit, before[usize::from(units[unit].backward)]);
    let starts: Vec<usize> = (0..units.len()).map(start).collect();
    let mut all = Vec::with_capacity(units.len());
    for (at, stack) in stacks.iter().enumerate() {
        let end = stacks.get(at + 1).map_or(letters.len(), |next| starts[next.units.start]);
        let inner = stack.units.clone().take(stack.units.len() - 1);
        let behind: Vec<Range<usize>> =
            inner.clone().map(|unit| units[unit].last + 1..starts[unit + 1]).collect();
        all.extend(inner.map(|unit| starts[unit]..starts[unit + 1]));
        let last = stack.units.end - 1;
        all.push(starts[last]..cut.end_of_last(&behind, units[last].last + 1..end));
    }
    all
}

/// Layers that the first one of a pass is held against: any of them may have a stray kernel.
const OTHERS: usize = 3;

struct Cut<'a> {
    letters: &'a [Letter],
    gemms: Vec<usize>,
    units: &'a [Unit],
}

impl Cut<'_> {
    /// What stands before a unit's attention, from that of the unit before.
    fn gap(&self, unit: usize) -> Range<usize> {
        let start = unit.checked_sub(1).map_or(0, |before| self.units[before].last + 1);
        start..self.units[unit].first
    }

    fn gemms_in(&self, range: Range<usize>) -> &[usize] {
        let at = |place: usize| self.gemms.partition_point(|&gemm| gemm < place);
        &self.gemms[at(range.start)..at(range.end)]
    }

    /// The letter of the `before`-th product counted back from a unit's attention.
    fn start(&self, unit: usize, before: usize) -> usize {
        let gemms = self.gemms_in(self.gap(unit));
        let at = gemms.len().checked_sub(before).filter(|_| before > 0);
        let first = at.or((!gemms.is_empty() && before > 0).then_some(0));
        first.and_then(|at| gemms.get(at).copied()).unwrap_or(self.units[unit].first)
    }

    /// How many products of a layer stand before its attention.
    fn products_before(&self, stacks: &[Stack], backward: bool, halves: bool) -> usize {
        let of = || stacks.iter().filter(|stack| stack.backward == backward);
        let inner = of().flat_map(|it| it.units.clone().skip(1));
        let by_edges = most_common(inner.filter_map(|unit| self.by_edges(unit, backward, halves)));
        if backward {
            return by_edges.unwrap_or(0);
        }
        let firsts = of().filter(|it| it.missing_before == 0);
        let by_first: Vec<Told> = firsts
            .flat_map(|stack| {
                let first = stack.units.start;
                let others = stack.units.clone().skip(1).take(OTHERS);
                others.filter_map(move |other| self.by_first(first, other))
            })
            .collect();
        let told = |sure: bool| {
            most_common(by_first.iter().filter(|it| it.is_sure == sure).map(|it| it.products))
        };
        told(true).or(by_edges).or_else(|| told(false)).unwrap_or(0)
    }

    /// Products in what the first layer of a pass has before its attention and another has too, a stray kernel aside.
    fn by_first(&self, first: usize, other: usize) -> Option<Told> {
        let [mine, other] = [first, other].map(|unit| &self.letters[self.gap(unit)]);
        let (mut at, mut same, mut products, mut strays) = (mine.len(), 0, 0, 0);
        while let (Some(letter), Some(wanted)) = (mine[..at].last(), other.iter().nth_back(same)) {
            at -= 1;
            if letter.symbol == wanted.symbol {
                (same, products) = (same + 1, products + usize::from(letter.is_gemm()));
            } else if products == 0 && strays == 0 {
                strays += 1;
            } else {
                at += 1;
                break;
            }
        }
        // Where the recording begins, something may be missing; where nothing differs, nothing is told.
        let is_sure = at > 0 && same < other.len();
        (products > 0).then_some(Told { products, is_sure })
    }

    /// Products from the edge of the layer to a unit's attention. An edge is a product with a norm or a collective between it
    /// and the product before.
    fn by_edges(&self, unit: usize, backward: bool, halves: bool) -> Option<usize> {
        let gap = self.gap(unit);
        let gemms = self.gemms_in(gap.clone());
        let mut edges: Vec<Edge> = Vec::new();
        let mut from = gap.start;
        for (ordinal, &gemm) in gemms.iter().enumerate() {
            let between = &self.letters[from..gemm];
            if between.iter().any(Letter::is_seam) {
                let has_comm = between.iter().any(|it| it.kind.is_comm());
                edges.push(Edge { products: gemms.len() - ordinal, has_comm });
            }
            from = gemm + 1;
        }
        if backward {
            return edges.first().map(|edge| edge.products);
        }
        let mut with_comm = edges.iter().filter(|edge| edge.has_comm);
        // Behind attention and behind the feed-forward block; experts may have two of their own between.
        if !halves && with_comm.clone().count() > 1 {
            return with_comm.next_back().map(|edge| edge.products);
        }
        let wanted = if halves { 2 } else { 1 };
        edges.get(wanted).or(edges.last()).map(|edge| edge.products)
    }

    /// Where the last layer of a pass ends: behind the product that ends the others too, and what of theirs stands behind it.
    /// Of several such places the one with about as many products before it.
    fn end_of_last(&self, others: &[Range<usize>], rest: Range<usize>) -> usize {
        let symbols = |range: &Range<usize>| -> Vec<u32> {
            self.letters[range.clone()].iter().map(|it| it.symbol).collect()
        };
        let mut counts: HashMap<Vec<u32>, (usize, Range<usize>)> = HashMap::new();
        for range in others {
            counts.entry(symbols(range)).or_insert((0, range.clone())).0 += 1;
        }
        // Of those that are as common, the one of the usual length: what is more may be the same stray kernel twice.
        let mut lens: Vec<usize> = others.iter().map(Range::len).collect();
        lens.sort_unstable();
        let usual_len = lens.get(lens.len().saturating_sub(1) / 2).copied().unwrap_or(0);
        let usual = counts.into_values().max_by_key(|(count, range)| {
            (*count, Reverse(range.len().abs_diff(usual_len)), range.start)
        });
        let Some((_, usual)) = usual else { return rest.end };
        let products = self.gemms_in(usual.clone());
        let mine = self.gemms_in(rest.clone());
        let Some(&last) = products.last() else { return (rest.start + usual.len()).min(rest.end) };
        let trail = &self.letters[last + 1..usual.end];
        let behind = |gemm: usize| trailing(trail, &self.letters[gemm + 1..rest.end]);
        let is_end = |gemm: usize| {
            let is_last = self.letters[gemm].symbol == self.letters[last].symbol;
            is_last && behind(gemm).0 == trail.len()
        };
        // The final norm may be missing: then something stands there that no layer has.
        let by_count = mine.get(products.len() - 1).copied();
        let is_strange = |gemm: usize| {
            let next = self.letters[..rest.end].get(gemm + 1 + behind(gemm).1);
            let known = |next: &Letter| {
                self.letters[usual.clone()].iter().any(|letter| letter.symbol == next.symbol)
            };
            self.letters[gemm].symbol == self.letters[last].symbol && !next.is_some_and(known)
        };
        let ends = mine.iter().enumerate().filter(|&(_, &gemm)| is_end(gemm));
        let nearest = || ends.min_by_key(|(at, _)| (at + 1).abs_diff(products.len()));
        let counted = by_count.filter(|&gemm| is_end(gemm) || is_strange(gemm));
        let nearest = counted.or_else(|| nearest().map(|(_, &gemm)| gemm));
        let Some(gemm) = nearest.or(by_count).or(mine.last().copied()) else { return rest.end };
        gemm + 1 + behind(gemm).1
    }
}

/// How many letters of a trail stand at the beginning of others in order, with at most two strange ones before each, and up
/// to where.
fn trailing(trail: &[Letter], letters: &[Letter]) -> (usize, usize) {
    let (mut found, mut end) = (0, 0);
    for letter in trail {
        let near = letters[end..].iter().take(3);
        let Some(at) = near.map(|it| it.symbol).position(|symbol| symbol == letter.symbol) else {
            break;
        };
        (found, end) = (found + 1, end + at + 1);
    }
    (found, end)
}

/// How many products stand before attention, by one witness.
struct Told {
    products: usize,
    is_sure: bool,
}

/// A product with a norm or a collective before it.
struct Edge {
    /// Products from it on.
    products: usize,
    has_comm: bool,
}

fn most_common(values: impl Iterator<Item = usize>) -> Option<usize> {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts.into_iter().max_by_key(|&(value, count)| (count, Reverse(value))).map(|it| it.0)
}
