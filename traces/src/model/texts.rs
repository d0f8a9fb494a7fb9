//! Texts numbered in order of first appearance, each kept once.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Texts and their numbers: one stretch of memory, no allocation a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    /// All texts, one behind the other.
    all: String,
    /// Where each ends in `all`.
    ends: Vec<usize>,
    /// Number and hash of each: what is looked for is told from most others without a look at them.
    numbers: HashTable<(u32, u32)>,
    hasher: DefaultHashBuilder,
}

impl Texts {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a number.
    pub(crate) fn get(&self, number: u32) -> &str {
        text(&self.all, &self.ends, number)
    }

    /// All texts in the order of their numbers.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|number| self.get(number as u32))
    }

    /// The number of a text, which is stored if it is new.
    pub(crate) fn number(&mut self, new: &str) -> u32 {
        let Self { all, ends, numbers, hasher } = self;
        let next = ends.len() as u32;
        let hash = hasher.hash_one(new) as u32;
        let is_same = |&(number, of): &(u32, u32)| of == hash && text(all, ends, number) == new;
        let entry = numbers.entry(spread(hash), is_same, |&(_, of)| spread(of));
        let (number, _) = *entry.or_insert((next, hash)).get();
        if number == next {
            all.push_str(new);
            ends.push(all.len());
        }
        number
    }

    /// Stores a text under the next number even if it has one already: files number texts as they like.
    pub(crate) fn push(&mut self, new: &str) {
        let next = self.ends.len() as u32;
        if self.number(new) != next {
            self.all.push_str(new);
            self.ends.push(self.all.len());
        }
    }
}

/// A hash as tables want it: they look at the lowest bits and at the highest.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

fn text<'a>(all: &'a str, ends: &[usize], number: u32) -> &'a str {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &all[start..ends[number]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Oracle: a list that is searched from its beginning.
    #[test]
    fn each_text_has_one_number() {
        let mut texts = Texts::default();
        let mut list: Vec<String> = Vec::new();
        for n in 0..5000_u32 {
            let text = format!("{}", n.wrapping_mul(2_654_435_761) % 701);
            let place = list.iter().position(|known| *known == text).unwrap_or_else(|| {
                list.push(text.clone());
                list.len() - 1
            });
            assert_eq!(texts.number(&text), place as u32);
        }
        assert_eq!(texts.len(), list.len());
        assert!(texts.iter().eq(list.iter().map(String::as_str)));
        texts.push("0");
        assert_eq!((texts.len(), texts.get(list.len() as u32)), (list.len() + 1, "0"));
        assert_eq!(
            texts.number("0"),
            list.iter().position(|known| known == "0").unwrap_or(0) as u32
        );
    }
}
