//! Why a recording takes as long as it does, for people: what the window's panel says.

use std::io::{self, Write};

use weftscope_traces::{
    analysis::{
        Account, AccountReport, BandwidthReport, BandwidthRow, CriticalPath, IdleCauses,
        LaunchBound, PathShare, RankAccount,
    },
    words::{counted, duration, kernel, percent, shortened, three_digits},
};

/// Ranks of which a line is written.
const RANKS: usize = 8;
/// Lines of iterations, one a rank and iteration; of more, the table says all.
const ITERATIONS: usize = 16;

/// Idle time by cause, iterations, launches that came late.
pub(super) fn accounts(report: &AccountReport, out: &mut dyn Write) -> io::Result<()> {
    for rank in report.ranks.iter().take(RANKS).filter(|rank| rank.total.idle_ns > 0) {
        let idle = duration(rank.total.idle_ns);
        writeln!(out, "  Idle of rank {}: {idle} = {}", rank.rank, causes(&rank.idle))?;
        if let Some(bound) = rank.launch_bound.as_ref().filter(|bound| bound.count > 0) {
            writeln!(out, "  {}", launch_bound(rank, bound))?;
        }
    }
    if report.ranks.len() > RANKS {
        let more = report.ranks.len() - RANKS;
        writeln!(out, "  … and {} (table accounts)", counted(more as u64, "more rank"))?;
    }
    iterations(report, out)?;
    for (rank, outside) in report.ranks.iter().filter_map(|rank| Some((rank.rank, rank.outside?))) {
        writeln!(out, "  Rank {rank}: {}.", outside.in_words())?;
    }
    for rank in report.ranks.iter().filter(|rank| rank.shared_ns > 0) {
        let (rank, shared) = (rank.rank, duration(rank.shared_ns));
        writeln!(
            out,
            "  Iterations of rank {rank} overlap for {shared}: each has its own ops, and what one hides under another counts as exposed in it."
        )?;
    }
    Ok(())
}

/// `3.10 ms host busy + 2.20 ms launched late`, most first.
fn causes(idle: &IdleCauses) -> String {
    let parts = idle.most().into_iter();
    let parts = parts.map(|(cause, ns)| format!("{} {}", duration(ns), cause.name()));
    parts.collect::<Vec<_>>().join(" + ")
}

fn launch_bound(rank: &RankAccount, bound: &LaunchBound) -> String {
    let longest = bound.longest.first().map_or_else(String::new, |stretch| {
        let at = stretch.span.start_ns - rank.total.span.start_ns;
        format!(", the longest {} at {}", duration(stretch.span.len_ns()), duration(at))
    });
    let least = LaunchBound::LEAST;
    let stretches = match bound.count {
        1 => format!("stretch of {least} or more takes"),
        _ => format!("stretches of {least} or more take"),
    };
    format!(
        "Launch-bound: {} of {} of rank {} were launched only when nothing ran; {} {stretches} {} of the time{longest}",
        bound.ops,
        counted(bound.of_ops as u64, "op"),
        rank.rank,
        bound.count,
        percent(bound.share),
    )
}

fn iterations(report: &AccountReport, out: &mut dyn Write) -> io::Result<()> {
    let all = report.ranks.iter().flat_map(|rank| rank.iterations.iter().map(move |it| (rank, it)));
    let all: Vec<_> = all.filter(|(_, it)| it.account.span.len_ns() > 0).collect();
    match all.len() {
        0 | 1 => return Ok(()),
        rows if rows > ITERATIONS => {
            return writeln!(out, "  {}: table accounts", how_many(report));
        }
        _ => {}
    }
    writeln!(
        out,
        "\n  iteration              rank     span ms  compute ms  exposed ms   copies ms     idle ms"
    )?;
    for (rank, it) in all {
        let name = shortened(&it.iteration.name, 20);
        writeln!(out, "  {name:22} {:>4}{}", rank.rank, terms(&it.account))?;
    }
    Ok(())
}

/// Iterations of the run, which each rank has once: `24 iterations on each of 2 ranks`.
fn how_many(report: &AccountReport) -> String {
    let of_ranks: Vec<usize> = report.ranks.iter().map(|rank| rank.iterations.len()).collect();
    let most = of_ranks.iter().copied().max().unwrap_or_default();
    let iterations = counted(most as u64, "iteration");
    let ranks = of_ranks.len();
    match of_ranks.iter().all(|&of_rank| of_rank == most) {
        _ if ranks < 2 => iterations,
        true => format!("{iterations} on each of {ranks} ranks"),
        false => format!("{iterations}, not all of them on each of {ranks} ranks"),
    }
}

fn terms(account: &Account) -> String {
    let Account { span, compute_ns, exposed_comm_ns, exposed_memcpy_ns, idle_ns } = *account;
    let terms = [span.len_ns(), compute_ns, exposed_comm_ns, exposed_memcpy_ns, idle_ns];
    terms.into_iter().map(|ns| format!("{:12.4}", ns as f64 / 1e6)).collect()
}

/// Sizes listed.
const SIZES: usize = 8;

/// How fast collectives move their bytes; nothing without communication.
pub(super) fn bandwidth(report: &BandwidthReport, out: &mut dyn Write) -> io::Result<()> {
    if report.rows.is_empty() {
        return match report.ops {
            0 => Ok(()),
            _ => writeln!(
                out,
                "  Bus bandwidth is not known: the recording does not say how many bytes the collectives move."
            ),
        };
    }
    writeln!(
        out,
        "\n  collective      ranks   count          MB      bus MB      median  alg GB/s  bus GB/s  best GB/s  all there GB/s"
    )?;
    for row in report.rows.iter().take(SIZES) {
        writeln!(out, "  {}", size(row))?;
    }
    if report.rows.len() > SIZES {
        let more = (report.rows.len() - SIZES) as u64;
        writeln!(out, "  … and {} (table bandwidth)", counted(more, "more size"))?;
    }
    if report.unknown > 0 {
        let ops = counted(report.unknown as u64, "communication op");
        writeln!(out, "  {ops} without a word on bytes, type or ranks.")?;
    }
    Ok(())
}

fn size(row: &BandwidthRow) -> String {
    let or = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let gb = |per_s: f64| three_digits(per_s / 1e9);
    format!(
        "{:15} {:>5} {:>7} {:>11} {:>11} {:>11} {:>9} {:>9} {:>10} {:>15}",
        shortened(&row.operation, 14),
        or(row.ranks.map(|ranks| ranks.to_string())),
        row.count,
        or(row.bytes.map(|bytes| three_digits(bytes / 1e6))),
        three_digits(row.bus_bytes / 1e6),
        duration(row.median_ns),
        or(row.alg_per_s.map(gb)),
        gb(row.bus_per_s),
        gb(row.best_bus_per_s),
        or(row.arrived_bus_per_s.map(gb)),
    )
}

/// What decides when the last op ends, and the three ops with most of it.
pub(super) fn path(path: &CriticalPath, out: &mut dyn Write) -> io::Result<()> {
    if path.segments.is_empty() {
        return Ok(());
    }
    let share = |it: &PathShare| {
        format!("{} {} ({})", duration(it.total_ns), it.kind.name(), percent(it.share))
    };
    let shares: Vec<String> = path.by_kind.iter().map(share).collect();
    let span = duration(path.span.len_ns());
    writeln!(out, "  Critical path: {span} = {}", shares.join(" + "))?;
    let most = path.ops.iter().take(3);
    let most: Vec<String> = most
        .map(|op| {
            format!(
                "{} in {} × {}",
                duration(op.total_ns),
                op.count,
                shortened(&kernel(&op.name), 40)
            )
        })
        .collect();
    if !most.is_empty() {
        writeln!(out, "  Most of it: {}", most.join(", "))?;
    }
    Ok(())
}
