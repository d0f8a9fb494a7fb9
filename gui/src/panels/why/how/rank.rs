//! The numbers of one rank: where its time goes, and what of its communication is hidden.

use weftscope_traces::{
    Span,
    analysis::{Account, LongestIdle, OverlapFigures, RankOverlap},
};

use super::{Form, How};
use crate::app::{Document, RankInputs};

const SPAN: &str = "span";
const COMPUTE: &str = "computation";
const COMM: &str = "communication";
const HIDDEN: &str = "hidden";
const EXPOSED: &str = "exposed communication";
const COPIES: &str = "exposed copies";
const IDLE: &str = "idle";

fn inputs_of(document: &Document, rank: u32) -> RankInputs {
    let ranks = document.explanation.inputs.ranks.iter();
    ranks.copied().find(|inputs| inputs.rank == rank).unwrap_or_default()
}

/// Time in which any of some ops runs: what two of them share counts once.
fn union(what: &str, ns: i64, (noun, count, sum_ns): (&str, usize, i64)) -> How {
    let sum = format!("sum of {count} {noun}");
    let twice = "time counted more than once";
    How::new(what, Form::Ns, format!("{sum} − {twice}")).ns(sum, sum_ns).ns(twice, sum_ns - ns)
}

/// The terms of an account, each with its share, in the order of the rows.
pub(in crate::panels::why) fn account_hows(
    document: &Document,
    rank: u32,
    (account, figures): (&Account, Option<&OverlapFigures>),
) -> [Vec<How>; 4] {
    let Account { span, compute_ns, exposed_comm_ns, exposed_memcpy_ns, idle_ns } = *account;
    let span_ns = span.len_ns();
    let share = |what: &str, ns| How::share(&format!("{what}, share"), (what, ns), (SPAN, span_ns));
    let ops = inputs_of(document, rank).compute;
    let compute = union(COMPUTE, compute_ns, ("ops that compute", ops.count, ops.sum_ns));
    let exposed = match figures {
        Some(figures) => exposed(figures),
        None => rest(EXPOSED, account),
    };
    [
        vec![compute, share(COMPUTE, compute_ns)],
        vec![exposed, share(EXPOSED, exposed_comm_ns)],
        vec![rest(COPIES, account), share(COPIES, exposed_memcpy_ns)],
        vec![rest(IDLE, account), share(IDLE, idle_ns)],
    ]
}

/// A term as what the other three leave of the span.
fn rest(what: &str, account: &Account) -> How {
    let Account { span, compute_ns, exposed_comm_ns, exposed_memcpy_ns, idle_ns } = *account;
    let terms = [
        (COMPUTE, compute_ns),
        (EXPOSED, exposed_comm_ns),
        (COPIES, exposed_memcpy_ns),
        (IDLE, idle_ns),
    ];
    let others = || terms.iter().filter(|term| term.0 != what);
    let formula: String = others().map(|term| format!(" − {}", term.0)).collect();
    let how = How::new(what, Form::Ns, format!("{SPAN}{formula}")).ns(SPAN, span.len_ns());
    others().fold(how, |how, &(name, ns)| how.ns(name, ns))
}

/// The numbers of a row of an iteration.
pub(in crate::panels::why) fn iteration_hows(account: &Account, zero_ns: i64) -> Vec<How> {
    vec![How::span(SPAN, account.span, zero_ns), rest(EXPOSED, account), rest(IDLE, account)]
}

/// Idle time by cause.
pub(in crate::panels::why) fn idle_hows(longest: &LongestIdle, idle_ns: i64) -> Vec<How> {
    let LongestIdle { total_ns, in_gap_ns, .. } = *longest;
    let sum =
        How::new("time of this cause", Form::Ns, "in the gap with most of it + in all other gaps")
            .ns("in the gap with most of it", in_gap_ns)
            .ns("in all other gaps", total_ns - in_gap_ns);
    let share =
        How::share("share", ("time of this cause", total_ns), ("idle of the rank", idle_ns));
    vec![sum, share]
}

/// Communication less what is hidden.
fn exposed(figures: &OverlapFigures) -> How {
    How::new(EXPOSED, Form::Ns, format!("{COMM} − {HIDDEN}"))
        .ns(COMM, figures.comm_ns)
        .ns(HIDDEN, figures.overlap_ns)
}

/// The numbers of the section Communication, in the order of its rows.
pub(in crate::panels::why) fn overlap_hows(
    document: &Document,
    rank: &RankOverlap,
) -> [Vec<How>; 5] {
    let figures = &rank.total;
    let busy_ns = figures.span_ns - figures.idle_ns - figures.exposed_memcpy_ns;
    let either = "time with either";
    let hidden = How::new(HIDDEN, Form::Ns, format!("{COMPUTE} + {COMM} − {either}"))
        .ns(COMPUTE, figures.compute_ns)
        .ns(COMM, figures.comm_ns)
        .ns(either, busy_ns);
    let ops = inputs_of(document, rank.rank).comm;
    let all = union(COMM, figures.comm_ns, ("ops that communicate", ops.count, ops.sum_ns));
    let waiting = figures.wait_ns.map(|wait_ns| {
        let transfer = "ops less their waiting";
        let sum = format!("sum of {} ops that communicate", ops.count);
        How::new("waiting", Form::Ns, format!("{sum} − {transfer}"))
            .ns(sum, ops.sum_ns)
            .ns(transfer, ops.sum_ns - wait_ns)
    });
    let overlap = How::share("overlap", (HIDDEN, figures.overlap_ns), (COMM, figures.comm_ns));
    let weighted = rank.computing_sms.map(|computing| {
        let time = "time of all SMs that compute while the rank communicates";
        How::new("overlap, weighted by SMs", Form::Percent, format!("{time} ÷ SMs ÷ {COMM}"))
            .ns(time, computing.sm_ns)
            .count("SMs", computing.sms)
            .ns(COMM, figures.comm_ns)
    });
    [
        vec![hidden, all],
        vec![exposed(figures)],
        waiting.into_iter().collect(),
        vec![overlap],
        weighted.into_iter().collect(),
    ]
}

/// A stretch of time.
pub(in crate::panels::why) fn span_hows(what: &str, span: Span, zero_ns: i64) -> Vec<How> {
    vec![How::span(what, span, zero_ns)]
}
