//! What decides when the last op ends.

use egui::Ui;
use weftscope_traces::{
    analysis::{PathBasis, PathSegment},
    words,
};

use super::{
    entry::{Entry, range_of_rank},
    how,
};
use crate::{
    app::Document,
    panels::{
        glossary::Term,
        widgets::{Cx, heading, weak},
    },
    theme::number,
    timeline::Selection,
};

/// Ops listed.
const OPS: usize = 4;

/// Shares of the path by kind, and the ops with most of it; nothing where no kernel ran.
pub(super) fn path_ui(ui: &mut Ui, cx: &mut Cx<'_>, document: &Document) {
    let path = &document.explanation.reports.path;
    if path.segments.is_empty() {
        return;
    }
    let theme = cx.theme;
    let about = format!("{}\n{}.", Term::CriticalPath.tooltip(), basis(path.basis));
    heading(ui, theme, "Critical path").on_hover_text(about);
    for share in &path.by_kind {
        let percent = number::percent_fixed(share.share);
        let value = format!("{} {percent}", number::duration_fixed(share.total_ns));
        let longest = number::duration_ns(share.longest.span.len_ns());
        let hint = format!(
            "On the path of all ranks. The longest stretch is {longest}; click to go there."
        );
        let entry = Entry { name: share.kind.name(), value, hint: &hint };
        entry.show(
            ui,
            cx,
            place(document, &share.longest),
            &how::path_hows(share, path.span.len_ns()),
        );
    }
    ui.label(weak(theme, "Most of it").font(theme.small()));
    for op in path.ops.iter().take(OPS) {
        let value = number::duration_fixed(op.total_ns);
        let name = format!("{} × {}", op.count, words::kernel(&op.name));
        let entry = Entry { name: &name, value, hint: &op.name };
        entry.show(ui, cx, place(document, &op.longest), &how::path_op_hows(op));
    }
    if path.crossings > 0 {
        let text = format!("It goes over to another rank {}.", times(path.crossings));
        ui.label(weak(theme, text).font(theme.small()));
    }
}

/// The op or call; of what has none, its time on the rank's streams.
fn place(document: &Document, segment: &PathSegment) -> Selection {
    let range = || range_of_rank(document, segment.rank, segment.span);
    segment.slice.map_or_else(range, Selection::Slice)
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { number::counted(count as u64, "time") }
}

fn basis(basis: PathBasis) -> &'static str {
    match basis {
        PathBasis::Dependencies => {
            "The chain that decides when the last op ends, by recorded dependencies, the order of each stream and, of a \
             collective, the rank that came last"
        }
        PathBasis::Launches => {
            "The chain that decides when the last op ends, by launches, the order of each stream, what had just ended \
             where an op lay ready and, of a collective, the rank that came last"
        }
        PathBasis::LastToEnd | PathBasis::Nothing => {
            "The chain that decides when the last op ends. Neither dependencies nor launches are recorded: each op is \
             taken to have waited for what ended last before it"
        }
    }
}
