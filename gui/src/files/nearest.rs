//! What somebody who mistyped a name may have meant.

/// `, did you mean "tokenweave"?` of the name nearest to what was typed; empty where none is near.
pub fn did_you_mean<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = nearest(typed, names);
    nearest.map_or_else(String::new, |name| format!(", did you mean \"{name}\"?"))
}

/// The name that the fewest changed, missing, additional or swapped letters make of what was typed: at most a third of
/// them, or one that it begins.
fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let far = |name: &'a str| {
        let begins = typed.len() > 2 && name.starts_with(typed.as_str());
        let steps = if begins { 1 } else { distance(&typed, &name.to_lowercase()) };
        (steps, name)
    };
    let (steps, name) = names.into_iter().map(far).min_by_key(|(steps, _)| *steps)?;
    (steps <= (typed.chars().count() / 3).max(1)).then_some(name)
}

/// Letters to change, insert, delete, or swap with their neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for at in 1..=a.len() {
        let mut row = vec![at];
        for other in 1..=b.len() {
            let change = usize::from(a[at - 1] != b[other - 1]);
            let mut least = (rows[at - 1][other - 1] + change)
                .min(rows[at - 1][other] + 1)
                .min(row[other - 1] + 1);
            let is_swap =
                at > 1 && other > 1 && a[at - 1] == b[other - 2] && a[at - 2] == b[other - 1];
            if is_swap {
                least = least.min(rows[at - 2][other - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_when_it_is_near() {
        let names = ["default", "tokenweave", "two-batch", "nocomm"];
        assert_eq!(nearest("tokenwaeve", names), Some("tokenweave"));
        assert_eq!(nearest("TokenWeav", names), Some("tokenweave"));
        assert_eq!(nearest("two", names), Some("two-batch"));
        assert_eq!(nearest("everything", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(did_you_mean("nocom", names), ", did you mean \"nocomm\"?");
        assert_eq!(did_you_mean("x", []), "");
    }
}
