//! The period of a sequence of which nothing is known: how far apart the same letters come.
//!
//! Candidates are the distances at which the same few letters in a row come again, for rows of several lengths; each is held
//! against the whole sequence. The shortest that explains nearly as much as the best is the period: its multiples explain
//! as much. Costs n for each of a fixed number of lengths and candidates.

use std::collections::HashMap;

use super::sequence::Letter;
use crate::words::percent;

/// Lengths of the rows: powers of two.
const LENGTHS: u32 = 6;
/// Distances tried of each length.
const TRIED: usize = 4;
/// Share of the letters that must come again a period later.
const ENOUGH: f64 = 0.75;
/// A shorter period may explain this much less than the best.
const NEARLY: f64 = 0.92;
/// Fewest letters of a period, and fewest periods.
const FEWEST: usize = 3;

/// One letter of every period: the same one, where there is one that comes once.
///
/// # Errors
/// Why there is no period, in words.
pub(super) fn period(letters: &[Letter]) -> Result<Vec<usize>, String> {
    // Of a kernel launched several times in a row, how often may differ.
    let runs: Vec<usize> = (0..letters.len())
        .filter(|&at| at == 0 || letters[at].symbol != letters[at - 1].symbol)
        .collect();
    let symbols: Vec<u32> = runs.iter().map(|&at| letters[at].symbol).collect();
    if symbols.len() < FEWEST * FEWEST {
        let kernels = crate::words::counted(letters.len() as u64, "kernel");
        let are = if letters.len() == 1 { "is" } else { "are" };
        return Err(format!("{kernels} {are} too few to repeat"));
    }
    let explained: Vec<(usize, f64)> = candidates(&symbols)
        .into_iter()
        .filter(|distance| (FEWEST..=symbols.len() / FEWEST).contains(distance))
        .map(|distance| (distance, explained(&symbols, distance)))
        .collect();
    let best = explained.iter().map(|(_, share)| *share).fold(0.0, f64::max);
    if best < ENOUGH {
        return Err(match best {
            0.0 => "its kernels do not repeat".to_owned(),
            _ => format!(
                "its kernels do not repeat: at best {} come again at one distance",
                percent(best)
            ),
        });
    }
    let nearly = explained.iter().filter(|(_, share)| *share >= NEARLY * best);
    let distance = nearly.map(|(distance, _)| *distance).min().unwrap_or_default();
    let once = once_a_period(&symbols, distance);
    let once = once.ok_or("none of its kernels comes just once a period")?;
    Ok(once.into_iter().map(|at| runs[at]).collect())
}

/// Distances at which rows of letters come again, the most common first of each length.
fn candidates(symbols: &[u32]) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let mut rows = symbols.to_vec();
    for power in 0..LENGTHS {
        let mut last: HashMap<u32, usize> = HashMap::new();
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for (at, &row) in rows.iter().enumerate() {
            if let Some(before) = last.insert(row, at) {
                *counts.entry(at - before).or_default() += 1;
            }
        }
        let mut counts: Vec<(usize, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|&(distance, count)| (std::cmp::Reverse(count), distance));
        found.extend(counts.iter().take(TRIED).map(|(distance, _)| *distance));
        rows = doubled(&rows, 1 << power);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Numbers of rows twice as long: each of the pair of numbers of its halves.
fn doubled(rows: &[u32], length: usize) -> Vec<u32> {
    let mut numbers: HashMap<(u32, u32), u32> = HashMap::new();
    let pairs = rows.iter().zip(rows.iter().skip(length));
    pairs
        .map(|(&left, &right)| {
            let next = numbers.len() as u32;
            *numbers.entry((left, right)).or_insert(next)
        })
        .collect()
}

/// Share of the letters that come again `distance` later.
fn explained(symbols: &[u32], distance: usize) -> f64 {
    let again = symbols.iter().zip(&symbols[distance..]).filter(|(a, b)| a == b).count();
    again as f64 / (symbols.len() - distance) as f64
}

/// Where the letter stands, or a row of a few, that comes most evenly at `distance`.
fn once_a_period(symbols: &[u32], distance: usize) -> Option<Vec<usize>> {
    let mut rows = symbols.to_vec();
    for power in 0..3 {
        let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
        rows.iter().enumerate().for_each(|(at, &row)| places.entry(row).or_default().push(at));
        let even = |places: &[usize]| {
            places.windows(2).filter(|pair| pair[1] - pair[0] == distance).count()
        };
        // First by how many come evenly, then by the place of the first.
        let best = places.into_values().max_by_key(|places| {
            (2 * even(places) as i64 - places.len() as i64, std::cmp::Reverse(places[0]))
        })?;
        if even(&best) * 4 >= (best.len() - 1) * 3 && best.len() * distance * 2 >= symbols.len() {
            return Some(best);
        }
        rows = doubled(&rows, 1 << power);
    }
    None
}
