//! The records of one unit on all of its ranks, put together: a column a collective.

use super::align::{Alignment, Known, Part, align};
use super::clocks::Clocks;

/// Ranks of one group from which on its collectives are not looked for: every rank is held against what is there.
const MOST_RANKS: usize = 512;
/// Collectives that one rank alone has may make up to so many times those of the longest row.
const MOST_ALONE: usize = 4;

/// Records of one rank.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Position of the rank.
    pub(super) rank: usize,
    /// In order of end.
    pub(super) parts: Vec<Part>,
    /// Position of each part's record among those of the rank.
    pub(super) records: Vec<usize>,
}

/// A collective: records by rank.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Position of the rank, and of its record.
    pub(super) members: Vec<(usize, usize)>,
    part: Part,
}

/// What was put together.
#[derive(Debug, Default)]
pub(super) struct Joined {
    pub(super) columns: Vec<Column>,
    pub(super) by_sequence: bool,
}

/// Puts the rows together, one after another against the longest. What the ends tell of clocks goes into `clocks`.
pub(super) fn join(rows: &[&Row], ends_together: bool, clocks: &mut Clocks) -> Joined {
    let longest =
        rows.iter().enumerate().max_by_key(|(at, row)| (row.parts.len(), rows.len() - at));
    let Some((reference_at, reference)) = longest.filter(|_| rows.len() <= MOST_RANKS) else {
        return Joined::default();
    };
    let own = |(part, &record): (&Part, &usize)| Column {
        members: vec![(reference.rank, record)],
        part: *part,
    };
    let mut columns: Vec<Column> =
        reference.parts.iter().zip(&reference.records).map(own).collect();
    let mut by_sequence = true;
    let others = rows.iter().enumerate().filter(|(at, _)| *at != reference_at);
    for (_, row) in others {
        let parts: Vec<Part> = columns.iter().map(|column| column.part).collect();
        let told = clocks.between(reference.rank, row.rank);
        if told.is_none() && !ends_together {
            // Neither clocks nor ends say when the one was where the other is.
            continue;
        }
        let known = Known {
            line: told.unwrap_or_default(),
            is_told: told.is_some(),
            may_differ: clocks.may_differ(reference.rank, row.rank),
            ends_together,
        };
        let found = align(&parts, &row.parts, known);
        by_sequence &= found.by_sequence;
        if !found.pairs.is_empty() && (told.is_none() || found.line != known.line) {
            clocks.learn(reference.rank, row.rank, found.line);
        }
        let most = MOST_ALONE * reference.parts.len();
        columns = with_row(columns, row, &found, most);
    }
    columns.retain(|column| column.members.len() > 1);
    Joined { columns, by_sequence }
}

fn with_row(mut columns: Vec<Column>, row: &Row, found: &Alignment, most: usize) -> Vec<Column> {
    let mut is_taken = vec![false; row.parts.len()];
    for &(at, other) in &found.pairs {
        is_taken[other] = true;
        let column = &mut columns[at];
        let part = &row.parts[other];
        column.members.push((row.rank, row.records[other]));
        column.part.elements = column.part.elements.or(part.elements);
        column.part.group = column.part.group.or(part.group);
        column.part.sequence = column.part.sequence.or(part.sequence);
    }
    let before = columns.len();
    // What is alone may have its partner in a later row.
    let room = most.saturating_sub(before);
    for at in (0..row.parts.len()).filter(|&at| !is_taken[at]).take(room) {
        let part = row.parts[at];
        let shift_ns = found.line.at(part.end_ns);
        let part = Part {
            start_ns: part.start_ns.saturating_sub(shift_ns),
            end_ns: part.end_ns.saturating_sub(shift_ns),
            ..part
        };
        columns.push(Column { members: vec![(row.rank, row.records[at])], part });
    }
    if columns.len() > before {
        columns.sort_by_key(|column| (column.part.end_ns, column.part.start_ns));
    }
    columns
}

/// Rows whose ends meet one another, where there are more ranks than one group can have, or nothing says how many it
/// has: several groups, each of its own. All in one where the ends do not tell several groups from clocks that differ;
/// none where there are too many ranks for one.
pub(super) fn told_by_ends<'a>(
    rows: &'a [Row],
    size: Option<usize>,
    clocks: &Clocks,
) -> Vec<Vec<&'a Row>> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    if rows.len() > MOST_RANKS {
        return groups;
    }
    for row in rows {
        match groups.iter_mut().find(|group| meet(group[0], row, clocks)) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    let most = groups.iter().map(Vec::len).max().unwrap_or(0);
    match size {
        Some(size) if rows.len() <= size => vec![rows.iter().collect()],
        Some(size) if most > size => Vec::new(),
        Some(_) => groups,
        None if most > 1 && groups.iter().all(|group| group.len() == most) => groups,
        None => vec![rows.iter().collect()],
    }
}

fn meet(one: &Row, other: &Row, clocks: &Clocks) -> bool {
    let Some(line) = clocks.between(one.rank, other.rank) else { return true };
    let known = Known { line, is_told: true, may_differ: false, ends_together: true };
    let least = one.parts.len().min(other.parts.len());
    align(&one.parts, &other.parts, known).meeting * 2 >= least
}
