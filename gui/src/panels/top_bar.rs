//! What is running, how long an iteration takes, and against what.

use egui::{Align, Layout, Rangef, RichText, Ui};
use weftscope_traces::{Origin, analysis::AllLayers};

use super::{
    doubt::{doubt_ui, with_doubt},
    icon::{Icon, icon_button},
    menu::menu_ui,
    widgets::{Cx, badge, mono, weak},
};
use crate::{
    app::{Command, Document, OpenDocument, Shown},
    theme::number,
};

/// The bar on top.
pub(crate) fn top_bar_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.settings.layout.is_narrow() {
        return narrow_ui(ui, cx);
    }
    ui.horizontal_centered(|ui| {
        menu_ui(ui, cx);
        #[cfg(feature = "live")]
        run_ui(ui, cx);
        #[cfg(feature = "live")]
        learn_ui(ui, cx);
        // The right end is laid out first: the badge and the time keep their place when the title is long.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            badge_ui(ui, cx);
            time_ui(ui, cx);
            layers_ui(ui, cx);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, cx));
        });
    });
}

/// The same in two rows; how many layers ran stands in the panel Why.
fn narrow_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let row = egui::vec2(ui.available_width(), ui.available_height() / 2.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
        menu_ui(ui, cx);
        #[cfg(feature = "live")]
        run_ui(ui, cx);
    });
    ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
        badge_ui(ui, cx);
        time_ui(ui, cx);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, cx));
    });
}

/// Where the numbers come from. Part of every picture of the window.
fn badge_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(document) = cx.state.document() else { return };
    let surfaces = &cx.theme.surfaces;
    let provenance = &document.trace.meta.provenance;
    let fill = match provenance.origin() {
        Some(Origin::Modelled) => surfaces.accent,
        Some(Origin::Measured) => surfaces.strong,
        Some(Origin::Unknown) => surfaces.weak,
        None => surfaces.warn,
    };
    let mut hover = format!("Times are {}", provenance.sentence());
    for caveat in document.trace.meta.caveats() {
        hover = format!("{hover}\n{caveat}");
    }
    if let Some(doubt) = document.trace.meta.doubt() {
        hover = format!("{hover}\n{}", doubt.sentence());
    }
    if let Some(ns) = document.trace.meta.clock_uncertainty_ns() {
        hover = format!("{hover}\nGood to ± {} between ranks", number::duration_ns(ns));
    }
    if let Some(slowdown) = &document.trace.meta.overhead.slowdown {
        hover = format!("{hover}\n{}", slowdown.sentence());
    }
    badge(ui, cx.theme, &provenance.badge().to_uppercase(), fill).on_hover_text(hover);
}

fn time_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    #[cfg(feature = "live")]
    if cx.state.shown == Shown::Live {
        live_time_ui(ui, cx);
        return;
    }
    let Some(document) = cx.state.document() else { return };
    let FileTime { ns, what, hover } = file_time(document);
    let text = mono(cx.theme, number::duration_fixed(ns)).color(cx.theme.surfaces.strong);
    doubt_ui(ui, cx.theme, document.trace.meta.doubt());
    ui.label(text).on_hover_text(&hover);
    ui.label(weak(cx.theme, what)).on_hover_text(hover);
}

/// The one time that stands for a file.
struct FileTime {
    ns: i64,
    what: &'static str,
    hover: String,
}

/// Its median iteration, else how long its GPUs ran, as in the reports; of a file without GPUs its length.
fn file_time(document: &Document) -> FileTime {
    let reports = &document.explanation.reports;
    let lengths = reports.iteration_lengths;
    let per_rank = reports.overlap.ranks.iter().map(|rank| rank.iterations.len()).max();
    let (ns, what, hover) = match (lengths.median_ns, per_rank.unwrap_or_default()) {
        (0, _) => {
            let span = document.timeline.span.len_ns();
            let gpus = if document.is_explained { "; no GPU ran anything" } else { "" };
            (span, "span", format!("First start to last end{gpus}"))
        }
        (ns, 0) => (ns, "GPU span", "First kernel's start to last kernel's end".to_owned()),
        (ns, count) => {
            let count = number::counted(count as u64, "iteration");
            (ns, "iteration", format!("Median of {count} on all ranks"))
        }
    };
    FileTime { ns, what, hover }
}

/// How many of the model's layers ran, and what all would take: nobody shall take the time of two for that of the model.
fn layers_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(document) = cx.state.document() else { return };
    let Some(all) = document.explanation.reports.all_layers else { return };
    let AllLayers { run, of, layer_ns, iteration_ns } = all;
    let doubt = document.trace.meta.doubt();
    let time = with_doubt(iteration_ns, doubt);
    let text = if ui.available_width() >= ROOM_FOR_WORDS {
        format!("{run} of {of} layers (all ≈ {time}, extrapolated)")
    } else {
        // How far it is off stands beside the iteration's time too, and on hovering.
        format!("{run} of {of} layers (all ≈ {})", number::duration_ns(iteration_ns))
    };
    let why = doubt.map_or_else(String::new, |doubt| format!("\n{}", doubt.sentence()));
    let hover = format!(
        "{run} of the model's {of} layers ran. An iteration of all of them would take about {time}: extrapolated by {} \
         a layer, not run{why}",
        number::duration_ns(layer_ns),
    );
    ui.label(weak(cx.theme, text)).on_hover_text(hover);
}

/// With this much left for title and layers, both have room for whole words.
const ROOM_FOR_WORDS: f32 = 700.0;

#[cfg(feature = "live")]
fn live_time_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    use super::doubt::with_covered;
    use weftscope_engine::spec::StrategyKind;
    let Some(live) = &cx.state.live else { return };
    let Some(iteration) = live.shown() else { return };
    let baseline_ns = live.baseline_ns(StrategyKind::Default);
    let ratio = baseline_ns.map(|ns| ns as f64 / iteration.duration_ns.max(1) as f64);
    let text = match ratio {
        // Room for the ratio is kept while the baseline runs.
        None => "        ".to_owned(),
        Some(ratio) => format!("{:>6} vs default", number::ratio(ratio)),
    };
    let doubt = iteration.document.trace.meta.doubt();
    let hover =
        "Speed-up over ring all-reduce without overlap, for the same batch on the same machine";
    let hover = with_covered(hover, doubt, (iteration.duration_ns, baseline_ns));
    ui.label(mono(cx.theme, text)).on_hover_text(hover);
    doubt_ui(ui, cx.theme, doubt);
    let time = number::duration_fixed(iteration.duration_ns);
    ui.label(mono(cx.theme, time).color(cx.theme.surfaces.strong).strong())
        .on_hover_text("First op's start to last op's end over all ranks");
}

fn title_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    #[cfg(not(target_arch = "wasm32"))]
    let has_job = cx.state.cluster.is_some();
    #[cfg(target_arch = "wasm32")]
    let has_job = false;
    if has_job || !cx.state.documents.is_empty() {
        tabs_ui(ui, cx);
        ui.separator();
    }
    let title = title(cx);
    // A file's trace is often titled by its own name, which the tab already says.
    if cx.state.documents.iter().any(|open| open.name() == title) {
        return;
    }
    let text = RichText::new(&title).color(cx.theme.surfaces.text);
    ui.add(egui::Label::new(text).truncate()).on_hover_text(title);
}

fn title(cx: &Cx<'_>) -> String {
    #[cfg(feature = "live")]
    if let (Shown::Live, Some(live)) = (cx.state.shown, &cx.state.live) {
        return live_title(live);
    }
    cx.state.document().map_or_else(String::new, |document| document.title.clone())
}

/// `Llama-3.3-70B TP8 on 8 × H100: tokenweave`, with what really runs where that differs.
#[cfg(feature = "live")]
pub(super) fn live_title(live: &crate::app::live::Live) -> String {
    let Some(iteration) = live.shown() else {
        let spec = &live.draft.spec;
        return format!("{} on {}", spec.model.name, spec.machine.title);
    };
    let (spec, decision) = (&iteration.plan.spec, &iteration.plan.decision);
    let what = if decision.asked == decision.runs {
        decision.name().to_owned()
    } else {
        format!("{} → {} runs", decision.asked.name(), decision.runs.name())
    };
    let back = live.pinned.map_or_else(String::new, |number| format!(" · iteration {number}"));
    let tp = spec.knobs.tp;
    let shards = spec.knobs.shard_of.filter(|&degree| degree != tp);
    let shards = shards.map_or_else(String::new, |degree| format!(" of TP{degree} shards"));
    format!("{what} · {} · TP{tp}{shards} · {}{back}", spec.model.name, spec.machine.title)
}

/// The live run and every file; names are cut and the row scrolls where there are more than fit.
fn tabs_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    /// Widths of a tab, and of what stands beside the tabs: the live run, the cross, a little of the title.
    const TAB: Rangef = Rangef { min: 72.0, max: 220.0 };
    const BESIDE: f32 = 120.0;
    let files = cx.state.documents.len().max(1) as f32;
    let width = TAB.clamp((ui.available_width() - BESIDE) / files);
    let room = (ui.available_width() - 24.0).max(TAB.min);
    let scroll = egui::ScrollArea::horizontal()
        .id_salt("tabs")
        .max_width(room)
        .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden);
    scroll.show(ui, |ui| {
        #[cfg(feature = "live")]
        if cx.state.live.is_some() {
            let selected = cx.state.shown == Shown::Live;
            if ui.selectable_label(selected, "Live").clicked() {
                cx.send(Command::Show(Shown::Live));
            }
        }
        for open in &cx.state.documents {
            tab_ui(ui, cx, open, width);
        }
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(view) = &cx.state.cluster {
            cluster_tab_ui(ui, cx, view);
        }
    });
}

#[cfg(not(target_arch = "wasm32"))]
fn cluster_tab_ui(ui: &mut Ui, cx: &mut Cx<'_>, view: &crate::app::ClusterView) {
    let selected = cx.state.shown == Shown::Cluster;
    let tab = ui.selectable_label(selected, format!("job {}", view.cluster.job));
    if tab.on_hover_text(view.cluster.folder.display().to_string()).clicked() {
        cx.send(Command::Show(Shown::Cluster));
    }
    if selected && icon_button(ui, Icon::Cross, "Close job", "Close this job").clicked() {
        cx.send(Command::Cluster(crate::app::ClusterCommand::Close));
    }
}

fn tab_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDocument, width: f32) {
    let shown = Shown::File(open.id);
    let selected = cx.state.shown == shown;
    let (name, text) = (open.name(), RichText::new(open.name()));
    let wanted = egui::WidgetText::from(text.clone()).into_galley(
        ui,
        Some(egui::TextWrapMode::Extend),
        f32::INFINITY,
        egui::TextStyle::Button,
    );
    let padding = 2.0 * ui.spacing().button_padding.x;
    let size = egui::vec2((wanted.size().x + padding).min(width), ui.spacing().interact_size.y);
    let button = egui::Button::selectable(selected, text).truncate();
    let tab = ui.add_sized(size, button);
    let paths: Vec<String> = open.paths.iter().map(|path| path.display().to_string()).collect();
    if tab.on_hover_text(format!("{name}\n{}", paths.join("\n"))).clicked() {
        cx.send(Command::Show(shown));
    }
    if selected && icon_button(ui, Icon::Cross, "Close file", "Close this file").clicked() {
        cx.send(Command::Close(open.id));
    }
}

/// Opens the lessons.
#[cfg(feature = "live")]
fn learn_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.live.is_none() {
        return;
    }
    let panel = crate::app::PanelId::Lessons;
    let is_open = cx.state.settings.layout.is_open(panel);
    let keys = crate::keys::in_words(ui.ctx(), &panel.facts().keys);
    let button = ui.selectable_label(is_open, "Learn");
    if button.on_hover_text(format!("Lessons: predict, try, see why ({keys})")).clicked() {
        cx.send(Command::TogglePanel(panel));
    }
    ui.separator();
}

#[cfg(feature = "live")]
fn run_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    use crate::app::live::{LiveCommand, Running};
    let Some(live) = &cx.state.live else { return };
    let running = live.running == Running::Run;
    let (pinned, kept) = (live.pinned.is_some(), live.history.len());
    let (icon, name) = if running { (Icon::Pause, "Pause") } else { (Icon::Play, "Run") };
    if icon_button(ui, icon, name, &format!("{name} (space)")).clicked() {
        cx.live(LiveCommand::TogglePause);
    }
    if icon_button(ui, Icon::Step, "Step", "Run one iteration, then wait (N)").clicked() {
        cx.live(LiveCommand::Step);
    }
    let older = ui.add_enabled_ui(kept > 1, |ui| {
        icon_button(ui, Icon::Left, "Older iteration", "Go back to an older iteration (Alt+Left)")
            .clicked()
    });
    if older.inner {
        cx.live(LiveCommand::Browse(-1));
    }
    let newer = ui.add_enabled_ui(pinned, |ui| {
        icon_button(ui, Icon::Right, "Newer iteration", "Towards the newest iteration (Alt+Right)")
            .clicked()
    });
    if newer.inner {
        cx.live(LiveCommand::Browse(1));
    }
    ui.separator();
}
