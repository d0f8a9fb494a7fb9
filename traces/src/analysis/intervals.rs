//! Sets of time, as sorted disjoint spans.

use crate::model::Span;

/// A set of nanoseconds. Its spans are sorted, not empty, and do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntervalSet {
    spans: Vec<Span>,
}

impl IntervalSet {
    /// The union of spans in any order.
    pub fn union_of(spans: impl IntoIterator<Item = Span>) -> Self {
        let mut spans: Vec<Span> = spans.into_iter().filter(|span| !span.is_empty()).collect();
        spans.sort_by_key(|span| span.start_ns);
        let mut set = Self::default();
        for span in spans {
            set.append(span);
        }
        set
    }

    /// Adds a span that starts no earlier than all before it.
    fn append(&mut self, span: Span) {
        match self.spans.last_mut() {
            Some(last) if span.start_ns <= last.end_ns => {
                last.end_ns = last.end_ns.max(span.end_ns);
            }
            _ => self.spans.push(span),
        }
    }

    /// The spans, ascending.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Nanoseconds in the set.
    pub fn len_ns(&self) -> i64 {
        self.spans.iter().map(|span| span.len_ns()).sum()
    }

    /// True when nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::union_of(self.spans.iter().chain(&other.spans).copied())
    }

    /// What is in both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let mut both = Self::default();
        self.meet(other, |span| both.spans.push(span));
        both
    }

    /// Nanoseconds in both, without building the set.
    pub fn intersect_len_ns(&self, other: &Self) -> i64 {
        let mut len_ns = 0;
        self.meet(other, |span| len_ns += span.len_ns());
        len_ns
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut left = Self::default();
        let mut holes = other.spans.as_slice();
        for &span in &self.spans {
            let mut at_ns = span.start_ns;
            holes = &holes[holes.partition_point(|hole| hole.end_ns <= at_ns)..];
            for hole in holes.iter().take_while(|hole| hole.start_ns < span.end_ns) {
                if hole.start_ns > at_ns {
                    left.spans.push(Span::new(at_ns, hole.start_ns));
                }
                at_ns = at_ns.max(hole.end_ns);
            }
            if at_ns < span.end_ns {
                left.spans.push(Span::new(at_ns, span.end_ns));
            }
        }
        left
    }

    /// What lies between its first and its last nanosecond and is not in it.
    #[must_use]
    pub fn holes(&self) -> Self {
        let between = |pair: &[Span]| Span::new(pair[0].end_ns, pair[1].start_ns);
        Self { spans: self.spans.windows(2).map(between).collect() }
    }

    /// Calls `each` with every span of the intersection; walks both sets once, from where they first meet.
    fn meet(&self, other: &Self, mut each: impl FnMut(Span)) {
        let (Some(&first), Some(&other_first)) = (self.spans.first(), other.spans.first()) else {
            return;
        };
        let skip = |spans: &[Span], to_ns: i64| spans.partition_point(|span| span.end_ns <= to_ns);
        let mut a = skip(&self.spans, other_first.start_ns);
        let mut b = skip(&other.spans, first.start_ns);
        while let (Some(&left), Some(&right)) = (self.spans.get(a), other.spans.get(b)) {
            let both = left.intersect(right);
            if !both.is_empty() {
                each(both);
            }
            if left.end_ns <= right.end_ns {
                a += 1;
            } else {
                b += 1;
            }
        }
    }
}

impl FromIterator<Span> for IntervalSet {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        Self::union_of(spans)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn any_spans() -> impl Strategy<Value = Vec<Span>> {
        proptest::collection::vec((0..80_i64, 0..12_i64), 0..12)
            .prop_map(|spans| spans.into_iter().map(|(s, len)| Span::new(s, s + len)).collect())
    }

    fn bits(spans: &[Span]) -> BTreeSet<i64> {
        spans.iter().flat_map(|span| span.start_ns..span.end_ns).collect()
    }

    fn check(set: &IntervalSet, expected: &BTreeSet<i64>) {
        assert_eq!(&bits(set.spans()), expected);
        assert_eq!(set.len_ns(), expected.len() as i64);
        let apart = set.spans().windows(2).all(|pair| pair[0].end_ns < pair[1].start_ns);
        assert!(apart && set.spans().iter().all(|span| !span.is_empty()), "{set:?}");
    }

    proptest! {
        #[test]
        fn set_operations_equal_bitmaps(a in any_spans(), b in any_spans()) {
            let (bits_a, bits_b) = (bits(&a), bits(&b));
            let (a, b) = (IntervalSet::union_of(a), IntervalSet::union_of(b));
            check(&a, &bits_a);
            check(&a.union(&b), &(&bits_a | &bits_b));
            check(&a.intersect(&b), &(&bits_a & &bits_b));
            check(&a.subtract(&b), &(&bits_a - &bits_b));
            let hull = bits_a.first().zip(bits_a.last()).map(|(&first, &last)| first..=last);
            check(&a.holes(), &(&hull.into_iter().flatten().collect() - &bits_a));
            prop_assert_eq!(a.intersect_len_ns(&b), (&bits_a & &bits_b).len() as i64);
        }
    }
}
