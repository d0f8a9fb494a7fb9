//! Figures in words: three significant digits and a unit. The one place where durations, shares, ratios and counts get
//! their form, in every view.

use crate::rank_runs::{RankRun, rank_runs};

/// A duration in the largest unit that leaves at least 1: `840 ns`, `12.3 µs`, `-3.20 ms`.
pub fn duration(ns: i64) -> String {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    let size = ns.unsigned_abs() as f64;
    // From half a unit of the third digit below, a value already rounds up into the larger unit.
    match units.into_iter().find(|(unit, _)| size >= unit * 0.9995) {
        Some((unit, name)) => format!("{} {name}", three_digits(ns as f64 / unit)),
        None => format!("{ns} ns"),
    }
}

/// A change with its sign: `+1.61 ms`, `-30 ns`, `0 ns`.
pub fn signed_duration(ns: f64) -> String {
    let ns = ns.round() as i64;
    let sign = if ns > 0 { "+" } else { "" };
    format!("{sign}{}", duration(ns))
}

/// A name of at most `most` letters and `…`: what a kernel is comes first, its template arguments fill lines.
pub fn shortened(name: &str, most: usize) -> String {
    let mut letters = name.chars();
    let short: String = letters.by_ref().take(most).collect();
    if letters.next().is_none() { short } else { format!("{short}…") }
}

/// A kernel's name without what says nothing: a return type, and namespaces without a name.
pub fn kernel(name: &str) -> String {
    let name = name.strip_prefix("void ").unwrap_or(name);
    name.replace("(anonymous namespace)::", "").replace("<unnamed>::", "")
}

/// A share 0…1 as a percentage: `0 %`, `5.12 %`, `64.4 %`, `100 %`.
pub fn percent(share: f64) -> String {
    if share == 0.0 { "0 %".to_owned() } else { format!("{} %", three_digits(share * 100.0)) }
}

/// A share that may be negative, with its sign: `+1.25 %`, `-3.10 %`, as of times.
pub fn signed_percent(share: f64) -> String {
    format!("{}{}", if share < 0.0 { "-" } else { "+" }, percent(share.abs()))
}

/// How many times: `1.24×`.
pub fn times(ratio: f64) -> String {
    format!("{}×", three_digits(ratio))
}

/// A noun as it stands behind a count: `token` after 1, else `tokens`; `launches`.
pub fn plural(count: u64, noun: &str) -> String {
    let ending = if noun.ends_with("ch") || noun.ends_with("sh") { "es" } else { "s" };
    if count == 1 { noun.to_owned() } else { format!("{noun}{ending}") }
}

/// A count and its noun: `1 token`, `8192 tokens`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

/// Ranks in ascending order, runs of them by their ends: `rank 3`, `ranks 0–3, 7`, `ranks 3, 11 … 1019 (every 8th)`, `no rank`.
pub fn ranks(ranks: &[u32]) -> String {
    match ranks {
        [] => "no rank".to_owned(),
        [only] => format!("rank {only}"),
        _ => {
            let runs: Vec<String> = rank_runs(ranks).into_iter().map(run).collect();
            format!("ranks {}", runs.join(", "))
        }
    }
}

/// So many ranks with gaps between them are all named.
const FEW: u32 = 4;

fn run(run: RankRun) -> String {
    let RankRun { first, last, step } = run;
    match step {
        1 if first == last => first.to_string(),
        1 => format!("{first}–{last}"),
        _ if run.count() <= FEW => {
            run.ranks().map(|rank| rank.to_string()).collect::<Vec<_>>().join(", ")
        }
        _ => format!("{first}, {} … {last} (every {})", first + step, ordinal(step)),
    }
}

/// `2nd`, `8th`, `11th`, `21st`.
fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// A finite `value` with three significant digits and no exponent: `1.23`, `12.3`, `123`, `1230`.
pub fn three_digits(value: f64) -> String {
    let size = value.abs();
    // Limits sit where rounding to the next form would make a fourth digit (9.996 → 10.0).
    if size < 9.995 {
        format!("{value:.2}")
    } else if size < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_significant_digits_and_a_unit() {
        let shown: Vec<String> =
            [0, 840, 999, 1_000, 12_345, 999_499, 999_600, -3_200_000, 1_234_000_000]
                .map(duration)
                .into();
        let expected = [
            "0 ns", "840 ns", "999 ns", "1.00 µs", "12.3 µs", "999 µs", "1.00 ms", "-3.20 ms",
            "1.23 s",
        ];
        assert_eq!(shown, expected);
        let shares = [0.0, 0.0512, 0.643_6, 0.999_96, 1.0].map(percent);
        assert_eq!(shares, ["0 %", "5.12 %", "64.4 %", "100 %", "100 %"]);
        assert_eq!(
            [0, 1, 2].map(|count| counted(count, "token")),
            ["0 tokens", "1 token", "2 tokens"]
        );
        assert_eq!(times(1.236), "1.24×");
        assert_eq!([1610.4, -0.6, 0.2].map(signed_duration), ["+1.61 µs", "-1 ns", "0 ns"]);
    }

    #[test]
    fn ranks_stand_as_runs() {
        let shown = [&[][..], &[3], &[0, 1], &[0, 1, 2, 7]].map(ranks);
        assert_eq!(shown, ["no rank", "rank 3", "ranks 0–1", "ranks 0–2, 7"]);
        assert_eq!(ranks(&[230, 238, 246, 254]), "ranks 230, 238, 246, 254");
        assert_eq!(ranks(&[5, 13]), "ranks 5, 13");
        let every: Vec<u32> = (3..1024).step_by(8).collect();
        assert_eq!(ranks(&every), "ranks 3, 11 … 1019 (every 8th)");
        let shown = [1, 2, 3, 11, 12, 13, 16, 22, 101].map(ordinal);
        let expected = ["1st", "2nd", "3rd", "11th", "12th", "13th", "16th", "22nd", "101st"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn long_names_end_in_an_ellipsis() {
        assert_eq!(shortened("gemm", 4), "gemm");
        assert_eq!(shortened("größer", 3), "grö…");
    }
}
