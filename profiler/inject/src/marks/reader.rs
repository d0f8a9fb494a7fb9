//! Reading a ring that kernels go on writing, and that never waits for its reader.

use std::ops::Range;

use super::record::{CAPACITY, Left};

/// Turns after which a mark that is not written to its end is given up: its kernel was killed.
const PATIENCE: u32 = 200;

/// How far the ring was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader {
    next: u64,
    /// Turns for which the next one has not been complete.
    waited: u32,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// In order of taking.
    pub left: Vec<Left>,
    /// Written over before they were read, or never written to their end.
    pub lost: u64,
}

impl Reader {
    /// From the next that is taken on.
    pub fn from(taken: u64) -> Self {
        Self { next: taken, waited: 0 }
    }

    /// Those that can still be read when so many were taken.
    pub fn range(&self, taken: u64) -> Range<u64> {
        self.next.max(taken.saturating_sub(CAPACITY))..taken
    }

    /// Takes in what was read of a [`range`](Self::range); so many were taken once it was.
    pub fn take(
        &mut self,
        range: Range<u64>,
        left: impl Iterator<Item = Left>,
        taken: u64,
    ) -> Read {
        let mut read = Read { left: Vec::new(), lost: range.start - self.next };
        self.next = range.start;
        for (at, left) in range.zip(left) {
            // Somebody may have been writing over it meanwhile.
            let is_over = at + CAPACITY < taken;
            if !is_over && left.number != at + 1 {
                self.waited += 1;
                if self.waited < PATIENCE {
                    break;
                }
                read.lost += 1;
            } else if is_over {
                read.lost += 1;
            } else {
                read.left.push(left);
            }
            (self.next, self.waited) = (at + 1, 0);
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::record::{marks, tests::written},
        *,
    };

    fn left(numbers: Range<u64>) -> Vec<Left> {
        let bytes: Vec<u8> = numbers.flat_map(|at| written(at + 1, "m")).collect();
        marks(&bytes).collect()
    }

    #[test]
    fn each_is_read_once_and_one_that_is_being_written_is_waited_for() {
        let mut reader = Reader::default();
        let range = reader.range(4);
        let mut half = left(range.clone());
        half[2].number = 0;
        let read = reader.take(range, half.into_iter(), 4);
        assert_eq!((read.left.len(), read.lost), (2, 0));
        let range = reader.range(5);
        assert_eq!(range, 2..5);
        let read = reader.take(range.clone(), left(range).into_iter(), 5);
        assert_eq!((read.left.len(), read.lost), (3, 0));
        assert!(reader.range(5).is_empty());
    }

    #[test]
    fn what_was_written_over_is_counted() {
        let mut reader = Reader::from(10);
        let taken = 10 + CAPACITY + 5;
        let range = reader.range(taken);
        assert_eq!(range, 15..taken);
        // Three more were taken while these were read.
        let read = reader.take(range.clone(), left(range).into_iter(), taken + 3);
        assert_eq!((read.left.len() as u64, read.lost), (CAPACITY - 3, 8));
        assert_eq!(reader.range(taken + 3), taken..taken + 3);
    }

    #[test]
    fn one_that_is_never_written_is_given_up() {
        let mut reader = Reader::default();
        let mut lost = 0;
        for turn in 1..=PATIENCE {
            let range = reader.range(2);
            let mut left = left(range.clone());
            left[0].number = 0;
            let read = reader.take(range, left.into_iter(), 2);
            lost += read.lost;
            assert_eq!(read.left.len(), usize::from(turn == PATIENCE));
        }
        assert_eq!(lost, 1);
    }
}
