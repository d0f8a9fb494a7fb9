//! Results against references: as a whole and element by element, or bit for bit.

use weftscope_kernels::reference::relative_error;

use super::{CheckError, Outcome, data::wide};

/// How far a result may lie from its reference.
///
/// bf16 has 8 significant bits: a rounding moves a number by 2⁻⁸ of itself at most, and by 1.7e-3 in the mean square.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of [`relative_error`], over the whole result.
    pub(super) error: f64,
    /// Of each element, relative to its size plus the root mean square of its row: one wrong element in a large
    /// result moves the error above by nothing.
    pub(super) element: f64,
}

impl Limits {
    /// Sums and products in fp32, the output rounded once: no element beyond 2⁻⁸ = 3.9e-3.
    pub(super) const ROUNDED_ONCE: Self = Self { error: 4e-3, element: 5e-3 };
    /// The same not rounded at all: sums of a thousand products in fp32 of 24 bits, which tensor cores cut off.
    pub(super) const IN_FP32: Self = Self { error: 1e-5, element: 1e-4 };
}

/// From so many numbers on roundings average out, and the limit of the mean square counts; fewer are held by the limit
/// of each element only.
const MANY: usize = 256;

/// The worst of many comparisons.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    limits: Limits,
    /// Over whole results, of those with [`MANY`] numbers.
    error: f64,
    held_by_error: usize,
    /// Over elements, of all results.
    element: f64,
    comparisons: usize,
    exact: usize,
}

impl Tally {
    pub(super) fn new(limits: Limits) -> Self {
        let (error, element) = (0.0, 0.0);
        Self { limits, error, held_by_error: 0, element, comparisons: 0, exact: 0 }
    }

    /// Compares bf16 bits with a reference, both in rows of `columns`.
    pub(super) fn compare(
        &mut self,
        what: &str,
        bits: &[u16],
        reference: &[f64],
        columns: usize,
    ) -> Result<(), CheckError> {
        self.compare_numbers(what, &wide(bits), reference, columns)
    }

    /// The same of numbers of any type.
    pub(super) fn compare_numbers(
        &mut self,
        what: &str,
        out: &[f64],
        reference: &[f64],
        columns: usize,
    ) -> Result<(), CheckError> {
        if out.len() != reference.len() {
            return Err(CheckError::Wrong(format!(
                "{what}: {} numbers instead of {}",
                out.len(),
                reference.len()
            )));
        }
        let (error, worst) = (
            relative_error(out, reference),
            Worst::of(out, reference, columns, self.limits.element),
        );
        // A NaN is within no limit.
        let error = (out.len() >= MANY).then_some(error);
        let fine = error.is_none_or(|error| error <= self.limits.error)
            && worst.size <= self.limits.element;
        if !fine {
            return Err(CheckError::Wrong(self.words(what, error, &worst, columns)));
        }
        if let Some(error) = error {
            self.error = self.error.max(error);
            self.held_by_error += 1;
        }
        self.element = self.element.max(worst.size);
        self.comparisons += 1;
        Ok(())
    }

    /// Bits that a kernel must copy, or leave as they are.
    pub(super) fn same(
        &mut self,
        what: &str,
        bits: &[u16],
        expected: &[u16],
        columns: usize,
    ) -> Result<(), CheckError> {
        let wrong: Vec<usize> =
            (0..expected.len()).filter(|&i| bits.get(i) != expected.get(i)).collect();
        if let (Some(&first), Some(&last)) = (wrong.first(), wrong.last()) {
            let place = |i: usize| format!("row {}, column {}", i / columns, i % columns);
            return Err(CheckError::Wrong(format!(
                "{what}: {} of {} elements have other bits, from {} (0x{:04x} instead of 0x{:04x}) to {}",
                wrong.len(),
                expected.len(),
                place(first),
                bits.get(first).copied().unwrap_or_default(),
                expected[first],
                place(last)
            )));
        }
        self.exact += 1;
        Ok(())
    }

    /// As [`passed`](Self::passed), with the numbers of ranks that were compared.
    pub(super) fn passed_on(self, rank_counts: &[usize]) -> Outcome {
        let counts: Vec<String> = rank_counts.iter().map(usize::to_string).collect();
        let ranks = if rank_counts == [1] { "rank" } else { "ranks" };
        match self.passed() {
            Outcome::Passed(line) => {
                Outcome::Passed(format!("{} {ranks}: {line}", counts.join(" and ")))
            }
            skipped @ Outcome::Skipped(_) => skipped,
        }
    }

    pub(super) fn passed(self) -> Outcome {
        let mut parts = Vec::new();
        if self.comparisons > 0 {
            parts.push(self.nearest());
        }
        if self.exact > 0 {
            parts.push(format!("{} bit for bit", self.exact));
        }
        Outcome::Passed(parts.join(", "))
    }

    /// Both limits as they were applied, the one that came nearest to breaking first.
    fn nearest(&self) -> String {
        let share = |worst: f64, limit: f64| format!("{worst:.1e} of {limit:e}");
        let error = format!("error {}", share(self.error, self.limits.error));
        let element = format!("worst element {}", share(self.element, self.limits.element));
        let counts = match (self.held_by_error, self.comparisons) {
            (0, all) => {
                return format!("{element} in {all} comparisons, all below {MANY} numbers");
            }
            (some, all) if some == all => format!("in {all} comparisons"),
            (some, all) => {
                let few = all - some;
                format!("in {all} comparisons, only elements in {few} below {MANY} numbers")
            }
        };
        let by_element = self.element / self.limits.element >= self.error / self.limits.error;
        let (first, second) = if by_element { (element, error) } else { (error, element) };
        format!("nearest its limit: {first}, then {second}, {counts}")
    }

    fn words(&self, what: &str, error: Option<f64>, worst: &Worst, columns: usize) -> String {
        let place = |i: usize| format!("row {}, column {}", i / columns, i % columns);
        format!(
            "{what}: {}worst element at {}: {} instead of {} ({:.2e}, limit {:e}); \
             {} of {} elements are beyond it, from {} to {}",
            error.map_or_else(String::new, |error| {
                format!("error {error:.2e} (limit {:e}); ", self.limits.error)
            }),
            place(worst.at),
            worst.got,
            worst.expected,
            worst.size,
            self.limits.element,
            worst.beyond,
            worst.of,
            place(worst.first),
            place(worst.last)
        )
    }
}

/// The element that lies farthest from its reference, and how many lie beyond the limit.
struct Worst {
    at: usize,
    got: f64,
    expected: f64,
    size: f64,
    beyond: usize,
    of: usize,
    first: usize,
    last: usize,
}

impl Worst {
    fn of(out: &[f64], reference: &[f64], columns: usize, limit: f64) -> Self {
        let first_value = |values: &[f64]| values.first().copied().unwrap_or_default();
        let mut worst = Self {
            at: 0,
            got: first_value(out),
            expected: first_value(reference),
            size: 0.0,
            beyond: 0,
            of: out.len(),
            first: 0,
            last: 0,
        };
        let rows = out.chunks(columns).zip(reference.chunks(columns)).enumerate();
        for (row, (out, reference)) in rows {
            let squares: f64 = reference.iter().map(|x| x * x).sum();
            let scale = (squares / reference.len() as f64).sqrt();
            for (column, (&got, &expected)) in out.iter().zip(reference).enumerate() {
                let (at, off) = (row * columns + column, (got - expected).abs());
                // Zeros by a row of zeros are no distance; a NaN is the longest.
                let size = if off == 0.0 { 0.0 } else { off / (expected.abs() + scale) };
                let size = if size.is_nan() { f64::INFINITY } else { size };
                if size > limit {
                    worst.first = if worst.beyond == 0 { at } else { worst.first };
                    (worst.beyond, worst.last) = (worst.beyond + 1, at);
                }
                if size > worst.size {
                    (worst.at, worst.got, worst.expected, worst.size) = (at, got, expected, size);
                }
            }
        }
        worst
    }
}

/// Numbers that have to be the same, and where the first of them is not.
pub(super) fn same_numbers(
    what: &str,
    of: &str,
    given: &[u32],
    expected: &[u32],
) -> Result<(), CheckError> {
    let differs = |(given, expected): (&u32, &u32)| given != expected;
    match given.iter().zip(expected).position(differs) {
        Some(at) => Err(CheckError::Wrong(format!(
            "{what}: {of}, number {at}: {} instead of {}",
            given[at], expected[at]
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ones(len: usize) -> (Vec<u16>, Vec<f64>) {
        (vec![0x3f80; len], vec![1.0; len])
    }

    #[test]
    fn one_wrong_element_of_many_is_found_and_placed() {
        let (mut bits, reference) = ones(100_000);
        let mut tally = Tally::new(Limits::ROUNDED_ONCE);
        tally.compare("fine", &bits, &reference, 100).unwrap();
        bits[250] = 0x3fa0;
        let text = tally.compare("GEMM", &bits, &reference, 100).unwrap_err().to_string();
        assert!(text.contains("row 2, column 50: 1.25 instead of 1 (1.25e-1"), "{text}");
        assert!(text.contains("1 of 100000 elements"), "{text}");
        bits[250] = 0xffff;
        let text = tally.compare("GEMM", &bits, &reference, 100).unwrap_err().to_string();
        assert!(text.contains("NaN instead of 1"), "{text}");
    }

    #[test]
    fn other_bits_are_counted_and_placed() {
        let (mut bits, _) = ones(20);
        let expected = bits.clone();
        let mut tally = Tally::new(Limits::ROUNDED_ONCE);
        tally.same("copy", &bits, &expected, 10).unwrap();
        (bits[3], bits[14]) = (0, 1);
        let text = tally.same("copy", &bits, &expected, 10).unwrap_err().to_string();
        assert!(text.contains("2 of 20 elements") && text.contains("to row 1, column 4"), "{text}");
        assert!(tally.same("copy", &bits[..3], &expected, 10).is_err());
        assert_eq!(tally.passed(), Outcome::Passed("1 bit for bit".to_owned()));
    }

    /// Limits are shown as they were applied: whole, and only where they held something.
    #[test]
    fn the_limit_that_decided_is_shown_first() {
        let limits = Limits { error: 5e-3, element: 2.5e-2 };
        let (few_bits, few) = (vec![0x3f82; 8], vec![1.0; 8]);
        let mut tally = Tally::new(limits);
        tally.compare("few", &few_bits, &few, 8).unwrap();
        let text = format!("{:?}", tally.clone().passed());
        assert!(text.contains("7.8e-3 of 2.5e-2 in 1 comparisons, all below 256"), "{text}");
        let (many_bits, many) = ones(1000);
        tally.compare("many", &many_bits, &many, 10).unwrap();
        let text = format!("{:?}", tally.passed());
        assert!(
            text.contains(
                "nearest its limit: worst element 7.8e-3 of 2.5e-2, then error 0.0e0 of 5e-3"
            ),
            "{text}"
        );
        assert!(text.contains("only elements in 1 below 256"), "{text}");
        let mut strict = Tally::new(limits);
        let text = strict.compare("many", &[0x3f82; 1000], &many, 10).unwrap_err().to_string();
        assert!(text.contains("error 1.56e-2 (limit 5e-3)"), "{text}");
    }
}
