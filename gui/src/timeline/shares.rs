use weftscope_traces::{
    Kind,
    lod::{RibbonBasis, RibbonColumn},
};

/// What one column of a ribbon is made of, in tenths of a percent that sum to 1000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// What the whole is.
    pub of: &'static str,
    /// A kind and its share, or `None` and what is idle; only what is there.
    pub rows: Vec<(Option<Kind>, u32)>,
}

/// The shares of a column, one list for each whole.
///
/// SMs are one whole. A ribbon made of streams has two sides, each a whole of its own: computation, and the rest.
pub fn shares(column: &RibbonColumn, basis: RibbonBasis) -> Vec<Shares> {
    let all = |_: Kind| true;
    let compute = |kind: Kind| kind.is_compute();
    let rest = |kind: Kind| !kind.is_compute();
    match basis {
        RibbonBasis::Sms { .. } => vec![whole(column, "SMs", all)],
        RibbonBasis::Streams => vec![
            whole(column, "time, computation", compute),
            whole(column, "time, communication and copies", rest),
        ],
        RibbonBasis::Nothing => Vec::new(),
    }
}

fn whole(column: &RibbonColumn, of: &'static str, belongs: fn(Kind) -> bool) -> Shares {
    let kinds = Kind::ALL.into_iter().filter(|&kind| belongs(kind));
    let mut parts: Vec<(Option<Kind>, f64)> =
        kinds.map(|kind| (Some(kind), f64::from(column.kind(kind)))).collect();
    let busy: f64 = parts.iter().map(|part| part.1).sum();
    parts.push((None, (1.0 - busy).max(0.0)));
    Shares { of, rows: tenths(&parts) }
}

/// Rounds parts to tenths of a percent so that they sum to 1000: what rounding down loses goes to those that lost
/// most (the method of the largest remainder).
fn tenths(parts: &[(Option<Kind>, f64)]) -> Vec<(Option<Kind>, u32)> {
    let sum: f64 = parts.iter().map(|part| part.1).sum::<f64>().max(f64::MIN_POSITIVE);
    let exact: Vec<f64> = parts.iter().map(|part| part.1 / sum * 1000.0).collect();
    let mut rows: Vec<(Option<Kind>, u32)> =
        parts.iter().zip(&exact).map(|(part, exact)| (part.0, *exact as u32)).collect();
    let missing = 1000_u32.saturating_sub(rows.iter().map(|row| row.1).sum());
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    for &index in order.iter().take(missing as usize) {
        rows[index].1 += 1;
    }
    rows.retain(|row| row.1 > 0);
    rows
}
