//! How much of the communication is hidden, and what waits for whom.

use egui::{Rect, Sense, Ui, pos2, vec2};
use weftscope_traces::{
    Kind, Split,
    analysis::{OverlapFigures, RankOverlap},
};

use super::{
    entry::{Entry, Lead, range_of_rank},
    how,
};
use crate::{
    app::{Document, StatisticsPart},
    panels::{
        glossary::Term,
        widgets::{Cx, heading, sentence, weak},
    },
    theme::number,
};

/// The figures of the rank with the most exposed communication, which is the one that others wait for.
pub(super) fn communication_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let theme = cx.theme;
    let ranks = &document.explanation.reports.overlap.ranks;
    let Some(worst) = ranks.iter().max_by_key(|rank| rank.total.exposed_comm_ns) else { return };
    let title = if ranks.len() > 1 {
        format!("Communication, rank {} (most exposed)", worst.rank)
    } else {
        format!("Communication, rank {}", worst.rank)
    };
    let figures = &worst.total;
    // Of ranks without a kernel it is not known what they sent.
    if figures.span_ns == 0 {
        return;
    }
    heading(ui, theme, &title);
    if figures.comm_ns == 0 {
        sentence(ui, theme, "No communication kernel ran on this rank.");
        return;
    }
    bar_ui(ui, cx, figures);
    figures_ui(ui, cx, document, worst);
    ranks_ui(ui, cx, ranks);
}

/// The figures; a click goes to the op in which most of one lies, or shows the span that a ratio is of.
fn figures_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document, rank: &RankOverlap) {
    let figures = &rank.total;
    let places = super::places_of(document, rank.rank).copied().unwrap_or_default();
    let accounts = document.explanation.reports.accounts.ranks.iter();
    let span = accounts.filter(|account| account.rank == rank.rank).map(|of| of.total.span).next();
    let all = || span.map(|span| Lead::Place(range_of_rank(document, rank.rank, span)));
    let list = (figures.exposed_comm_ns > 0).then_some(Lead::List(StatisticsPart::Exposed));
    let (hidden, exposed) = (figures.overlap_ns, figures.exposed_comm_ns);
    let weighted = share(figures.sm_weighted_pct).unwrap_or_else(|| "no SM rows".to_owned());
    let by_sms = "The same, each instant weighted by the share of SMs that compute: a kernel on ten SMs hides little";
    let overlap = share(figures.overlap_pct).unwrap_or_else(|| "–".to_owned());
    let most = |hint: String| hint + " Click for the op with most of it.";
    let lines = [
        (
            "hidden under compute",
            number::duration_fixed(hidden),
            most(Term::Hidden.tooltip()),
            Lead::op(places.most_hidden),
        ),
        ("exposed", number::duration_fixed(exposed), Term::Exposed.tooltip(), list),
        (
            "waiting for a late rank",
            waiting(rank),
            most(Term::Waiting.tooltip()),
            Lead::op(places.longest_wait),
        ),
        ("overlap", overlap, Term::Overlap.tooltip(), all()),
        (
            "overlap, weighted by SMs",
            weighted,
            by_sms.to_owned(),
            figures.sm_weighted_pct.and_then(|_| all()),
        ),
    ];
    for ((name, value, hint, lead), hows) in
        lines.into_iter().zip(how::overlap_hows(document, rank))
    {
        Entry { name, value, hint: &hint }.show_how(ui, cx, lead, &hows);
    }
}

/// Communication as a bar: the part hidden, the part exposed.
fn bar_ui(ui: &mut Ui, cx: &Cx<'_>, figures: &OverlapFigures) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 12.0), Sense::hover());
    let share = figures.overlap_ns as f32 / figures.comm_ns.max(1) as f32;
    let middle = rect.left() + rect.width() * share;
    let comm = cx.theme.kind(Kind::Comm, Split::First);
    let hidden = Rect::from_min_max(rect.min, pos2(middle, rect.bottom()));
    let faint = crate::theme::Theme::mix(cx.theme.surfaces.panel, comm, 0.4);
    ui.painter().rect_filled(hidden, 0.0, faint);
    ui.painter().rect_filled(Rect::from_min_max(pos2(middle, rect.top()), rect.max), 0.0, comm);
    response.on_hover_text("Left, faint: hidden communication. Right, full: exposed.");
}

/// One line a rank when ranks differ.
fn ranks_ui(ui: &mut Ui, cx: &Cx<'_>, ranks: &[RankOverlap]) {
    let known = || ranks.iter().filter_map(|rank| rank.total.overlap_pct);
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(0.0, f64::max));
    if ranks.len() > 1 && most - least >= 0.1 {
        let low = number::percent(least / 100.0);
        let high = number::percent(most / 100.0);
        let text = format!("Between ranks, overlap goes from {low} to {high}.");
        ui.label(weak(cx.theme, text).font(cx.theme.small())).on_hover_ui(|ui| {
            for rank in ranks {
                let overlap = share(rank.total.overlap_pct).unwrap_or_else(|| "–".to_owned());
                let text = format!("rank {}  {overlap}  waits {}", rank.rank, waiting(rank));
                ui.label(crate::panels::widgets::mono(cx.theme, text));
            }
        });
    }
}

/// Per cent in words; `None` where there is no such share.
fn share(pct: Option<f64>) -> Option<String> {
    pct.map(|pct| number::percent_fixed(pct / 100.0))
}

/// How long a rank waits, or why that is not known.
fn waiting(rank: &RankOverlap) -> String {
    let why = || rank.wait_method.why_unknown().unwrap_or("unknown").to_owned();
    rank.total.wait_ns.map_or_else(why, number::duration_fixed)
}
