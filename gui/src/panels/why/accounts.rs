//! Where every nanosecond of a rank goes: four terms, iterations, idle by cause, launches that came late.

use egui::{Rect, Sense, Ui, pos2, vec2};
use weftscope_traces::{
    Kind, Split,
    analysis::{Account, IterationAccount, LaunchBound, LongestIdle, RankAccount},
    words,
};

use super::{
    entry::{Entry, Lead, heads_ui, more_ui, range_of_rank},
    how,
};
use crate::{
    app::{Document, StatisticsPart},
    panels::{
        glossary::Term,
        widgets::{Cx, heading, mono, weak},
    },
    theme::number,
};

/// Iterations listed.
const ITERATIONS: usize = 6;
/// Stretches listed.
const STRETCHES: usize = 3;

/// The accounts of the rank that is spoken of; nothing where no kernel ran.
pub(super) fn accounts_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let ranks = &document.explanation.reports.accounts.ranks;
    let rank = super::spoken_of(document).and_then(|spoken| {
        ranks.iter().find(|rank| rank.rank == spoken && !rank.total.span.is_empty())
    });
    let Some(rank) = rank else { return };
    heading(ui, cx.theme, &format!("Where the time goes, rank {}", rank.rank)).on_hover_ui(|ui| {
        for rank in ranks {
            let text = format!("rank {}  {}", rank.rank, in_a_line(&rank.total));
            ui.label(mono(cx.theme, text));
        }
    });
    bar_ui(ui, cx, &rank.total);
    terms_ui(ui, cx, document, rank);
    iterations_ui(ui, cx, document, rank);
    idle_ui(ui, cx, document, rank);
    launches_ui(ui, cx, document, rank);
}

/// Terms with their colours.
fn terms(cx: &Cx<'_>, account: &Account) -> [(&'static str, i64, egui::Color32, &'static str); 4] {
    let kind = |kind| cx.theme.kind(kind, Split::First);
    [
        ("compute", account.compute_ns, kind(Kind::Gemm), "Time with computation"),
        (
            "exposed communication",
            account.exposed_comm_ns,
            kind(Kind::Comm),
            Term::Exposed.meaning(),
        ),
        (
            "exposed copies",
            account.exposed_memcpy_ns,
            kind(Kind::Memcpy),
            "Copies with nothing else of the rank beside them",
        ),
        ("idle", account.idle_ns, cx.theme.surfaces.control_hover, Term::Idle.meaning()),
    ]
}

/// The span as a bar, a term after the other.
fn bar_ui(ui: &mut Ui, cx: &Cx<'_>, account: &Account) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 12.0), Sense::hover());
    let mut left = rect.left();
    let span_ns = account.span.len_ns().max(1) as f32;
    for (_, ns, color, _) in terms(cx, account) {
        let right = left + rect.width() * ns as f32 / span_ns;
        let part = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
        ui.painter().rect_filled(part, 0.0, color);
        left = right;
    }
    response.on_hover_text(in_a_line(account));
}

fn in_a_line(account: &Account) -> String {
    let Account { span, compute_ns, exposed_comm_ns, exposed_memcpy_ns, idle_ns } = *account;
    let [compute, comm, copies, idle, span] =
        [compute_ns, exposed_comm_ns, exposed_memcpy_ns, idle_ns, span.len_ns()]
            .map(number::duration_ns);
    format!("{compute} compute + {comm} exposed + {copies} copies + {idle} idle = {span}")
}

/// A click lists what a term sums up, where something does; on the sum it shows all of it.
fn terms_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, rank: &RankAccount) {
    let account = &rank.total;
    let span_ns = account.span.len_ns().max(1) as f64;
    let copy = super::places_of(document, rank.rank).and_then(|places| places.most_exposed_copy);
    let lead = |list| Some(Lead::List(list));
    let leads = [
        lead(StatisticsPart::Kernels),
        lead(StatisticsPart::Exposed),
        Lead::op(copy),
        lead(StatisticsPart::Gaps),
    ];
    let overlap = document.explanation.reports.overlap.ranks.iter();
    let figures = overlap.filter(|one| one.rank == rank.rank).map(|one| &one.total).next();
    let hows = how::account_hows(document, rank.rank, (account, figures));
    for (((name, ns, _, about), lead), hows) in terms(cx, account).into_iter().zip(leads).zip(hows)
    {
        let share = number::percent_fixed(ns as f64 / span_ns);
        let value = format!("{} {share}", number::duration_fixed(ns));
        let entry = Entry { name, value, hint: about };
        entry.show_how(ui, cx, lead.filter(|_| ns > 0), &hows);
    }
    let value = format!("{} {:>7}", number::duration_fixed(account.span.len_ns()), "");
    let hint = "From the start of the first to the end of the last kernel or copy";
    let all = range_of_rank(document, rank.rank, account.span);
    let hows = how::span_hows("span", account.span, document.timeline.zero_ns(None));
    Entry { name: "= span", value, hint }.show(ui, cx, all, &hows);
}

fn iterations_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, rank: &RankAccount) {
    if rank.iterations.len() < 2 {
        return;
    }
    let theme = cx.theme;
    let caption = format!("Iterations of rank {}", rank.rank);
    let heads = [("span", 8), ("exposed", 8), ("idle", 8)];
    heads_ui(ui, cx, weak(theme, caption).font(theme.small()), heads).on_hover_text(
        "First start to last end of the rank's ops; of that exposed communication, and idle",
    );
    for IterationAccount { iteration, account, .. } in rank.iterations.iter().take(ITERATIONS) {
        let value = [account.span.len_ns(), account.exposed_comm_ns, account.idle_ns];
        let value = value.map(number::duration_fixed).join(" ");
        let hint = format!("{}{}", in_a_line(account), of_all_ranks(document, iteration.index));
        let entry = Entry { name: &iteration.name, value, hint: &hint };
        let hows = how::iteration_hows(account, document.timeline.zero_ns(None));
        entry.show(ui, cx, range_of_rank(document, rank.rank, account.span), &hows);
    }
    more_ui(ui, cx, rank.iterations.len(), ITERATIONS, "iterations", "accounts");
}

/// How long an iteration takes wherever it is not told of one rank.
fn of_all_ranks(document: &Document, index: usize) -> String {
    let ns = document.timeline.iteration_ns(index).filter(|_| document.timeline.ranks.len() > 1);
    let in_words =
        |ns| format!("\nThe iteration takes {}, the mean of all ranks", number::duration_ns(ns));
    ns.map(in_words).unwrap_or_default()
}

fn idle_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, rank: &RankAccount) {
    let idle_ns = rank.total.idle_ns;
    if idle_ns == 0 {
        return;
    }
    heading(ui, cx.theme, &format!("Idle of rank {}, by cause", rank.rank));
    for longest in &rank.longest_idle {
        let &LongestIdle { cause, total_ns, gap, in_gap_ns } = longest;
        let share = number::percent_fixed(total_ns as f64 / idle_ns as f64);
        let value = format!("{} {share}", number::duration_fixed(total_ns));
        let most = number::duration_ns(in_gap_ns);
        let hint = format!("{} Most at once: {most}; click to go there.", cause.about());
        let entry = Entry { name: cause.name(), value, hint: &hint };
        let hows = how::idle_hows(longest, idle_ns);
        entry.show(ui, cx, range_of_rank(document, rank.rank, gap), &hows);
    }
}

fn launches_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, rank: &RankAccount) {
    let theme = cx.theme;
    let Some(bound) = &rank.launch_bound else {
        if rank.idle.unknown_ns > 0 {
            let text = "Launches: not known; the recording joins no kernel to a call of the host.";
            ui.add(egui::Label::new(weak(theme, text).font(theme.small())).wrap());
        }
        return;
    };
    if bound.ops == 0 {
        return;
    }
    heading(ui, theme, &format!("Launch-bound, rank {}", rank.rank)).on_hover_text(
        "Ops whose launch was called only when nothing of the rank ran any more: the GPU waits for the host",
    );
    let ops = format!("{} of {}", bound.ops, number::counted(bound.of_ops as u64, "op"));
    let hint = "Ops whose launch was called only when nothing of the rank ran any more; click for the gaps before them";
    let gaps = Lead::List(StatisticsPart::Gaps);
    let hows = how::launched_hows(bound);
    Entry { name: "launched when nothing ran", value: ops, hint }.show_how(
        ui,
        cx,
        Some(gaps),
        &hows,
    );
    if bound.count == 0 {
        return;
    }
    let stretches = if bound.count == 1 { "stretch" } else { "stretches" };
    let name = format!("in {} {stretches} of {} or more", bound.count, LaunchBound::LEAST);
    let hint = "Of the rank's time, gaps and ops of the stretches together; click for the longest";
    let value = number::percent_fixed(bound.share);
    let longest = bound.longest.first();
    let longest =
        longest.map(|longest| Lead::Place(range_of_rank(document, rank.rank, longest.span)));
    let hows = how::stretches_hows(bound, rank.total.span.len_ns());
    Entry { name: &name, value, hint }.show_how(ui, cx, longest, &hows);
    for stretch in bound.longest.iter().take(STRETCHES) {
        let value = number::duration_fixed(stretch.span.len_ns());
        let name = document.trace.label_of(stretch.first).name.as_str();
        let idle = number::duration_ns(stretch.idle_ns);
        let hint = format!("{} launched late from {name}, {idle} idle", stretch.ops);
        let ops = number::counted(stretch.ops as u64, "op");
        let name = format!("{ops} from {}", words::kernel(name));
        let entry = Entry { name: &name, value, hint: &hint };
        let hows = how::span_hows("the stretch", stretch.span, document.timeline.zero_ns(None));
        entry.show(ui, cx, range_of_rank(document, rank.rank, stretch.span), &hows);
    }
    more_ui(ui, cx, bound.count, STRETCHES, "stretches", "launch-bound");
}
