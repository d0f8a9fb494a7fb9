//! Ranks in names: `rank 3`, `[TP00] 4100`, `worker_DP1_TP0`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

/// What a name says of the rank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Label {
    /// The rank itself.
    Rank(u32),
    /// Its place in each group of parallelism, e.g. `TP` → 0.
    Place(BTreeMap<String, u32>),
}

/// The groups, slowest first where ranks are counted through.
const GROUPS: [&str; 6] = ["PP", "DP", "CP", "SP", "TP", "EP"];

static RANK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:([a-z]+)[ _-])?\brank[ _:#=-]*(\d+)|(?:([a-z]+)_)rank[ _:#=-]*(\d+)")
        .expect("the tests compile it")
});
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^A-Za-z])(TP|DP|PP|EP|CP|SP)[-_ ]?(\d+)").expect("the tests compile it")
});

impl Label {
    /// What `text` says; `None` when nothing, or more than one thing.
    pub(super) fn in_text(text: &str) -> Option<Self> {
        let mut places = BTreeMap::new();
        let mut ranks = Vec::new();
        for found in RANK.captures_iter(text) {
            let number = found.get(2).or(found.get(4)).and_then(|n| n.as_str().parse().ok());
            let Some(number) = number.filter(|&number| number < MAX_RANK) else { continue };
            let of = found.get(1).or(found.get(3)).map_or("", |of| of.as_str()).to_uppercase();
            match of.as_str() {
                "LOCAL" | "NODE" => {}
                group if GROUPS.contains(&group) => _ = places.insert(of, number),
                _ => ranks.push(number),
            }
        }
        ranks.dedup();
        match ranks.as_slice() {
            [rank] => return Some(Self::Rank(*rank)),
            [] => {}
            _ => return None,
        }
        for found in PLACE.captures_iter(text) {
            if let Ok(number) = found[2].parse()
                && number < MAX_RANK
            {
                places.insert(found[1].to_owned(), number);
            }
        }
        (!places.is_empty()).then_some(Self::Place(places))
    }

    /// As notes say it.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Rank(rank) => format!("rank {rank}"),
            Self::Place(places) => {
                let all: Vec<String> =
                    places.iter().map(|(group, n)| format!("{group}{n}")).collect();
                all.join(" ")
            }
        }
    }
}

/// Numbers from here on are no ranks.
pub(super) const MAX_RANK: u32 = 1 << 20;

/// A number for each label, and whether it is one that the labels say rather than their order.
pub(super) fn numbers(labels: &[&Label]) -> (Vec<u32>, bool) {
    let said = |label: &&Label, group: &str| match label {
        Label::Rank(rank) => Some(*rank),
        Label::Place(places) => places.get(group).copied(),
    };
    for group in ["TP", "EP", "DP", "PP", "CP", "SP"] {
        let all: Option<Vec<u32>> = labels.iter().map(|label| said(label, group)).collect();
        if let Some(all) = all.filter(|all| are_distinct(all)) {
            return (all, true);
        }
    }
    let place = |label: &Label| match label {
        Label::Rank(rank) => vec![*rank],
        Label::Place(places) => {
            GROUPS.iter().map(|group| places.get(*group).copied().unwrap_or(0)).collect()
        }
    };
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&index| place(labels[index]));
    let mut numbers = vec![0; labels.len()];
    for (number, index) in order.into_iter().enumerate() {
        numbers[index] = number as u32;
    }
    (numbers, false)
}

fn are_distinct(numbers: &[u32]) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(of: &[(&str, u32)]) -> Option<Label> {
        Some(Label::Place(of.iter().map(|&(group, n)| (group.to_owned(), n)).collect()))
    }

    #[test]
    fn names_that_say_a_rank() {
        for (text, label) in [
            ("rank 3", Some(Label::Rank(3))),
            ("trace_rank12.json.gz", Some(Label::Rank(12))),
            ("python (Rank: 0)", Some(Label::Rank(0))),
            ("global_rank=5", Some(Label::Rank(5))),
            ("[TP00] 4100", place(&[("TP", 0)])),
            ("[TP01-DP03] 0", place(&[("TP", 1), ("DP", 3)])),
            ("VLLM::Worker_TP3", place(&[("TP", 3)])),
            ("tp_rank 1", place(&[("TP", 1)])),
            ("1748-TP-2.trace.json.gz", place(&[("TP", 2)])),
            ("local rank 3", None),
            ("rank0 against rank1", None),
            ("frank 3", None),
            ("python", None),
            ("HTTP200", None),
            ("rank 99999999999999", None),
        ] {
            assert_eq!(Label::in_text(text), label, "{text}");
        }
    }

    #[test]
    fn places_count_through_where_no_group_tells_all_apart() {
        let labels: Vec<Label> = ["TP0 PP1", "TP1 PP0", "TP0 PP0", "TP1 PP1"]
            .iter()
            .filter_map(|text| Label::in_text(text))
            .collect();
        let all: Vec<&Label> = labels.iter().collect();
        assert_eq!(numbers(&all), (vec![2, 1, 0, 3], false));
        assert_eq!(numbers(&all[..2]), (vec![0, 1], true));
        let mixed = [Label::Rank(4), Label::Rank(2)];
        assert_eq!(numbers(&mixed.iter().collect::<Vec<_>>()), (vec![4, 2], true));
    }
}
