//! The left rail: what may be turned while it runs, by group, each with its unit and its default.

use egui::{ComboBox, DragValue, RichText, Ui};
use weftscope_engine::spec::{Chooser, SplitChoice, StrategyKind, Transport};

use super::{
    icon::{Icon, icon_button},
    split_slider::split_slider_ui,
    widgets::{Cx, heading, mono, name_widget, weak},
};
use crate::{
    app::live::{
        Backend, Catalog, Knob, KnobEdit, Live, LiveCommand, Status, TransportState, degrees,
        strategy_line,
    },
    theme::size,
};

/// Width of a knob's name.
const NAME_WIDTH: f32 = 84.0;
/// Width kept for the sign that resets a knob, so that nothing moves when it appears.
const RESET_WIDTH: f32 = 20.0;

/// The left panel.
pub(crate) fn knobs_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let Some(live) = &state.live else { return };
    status_ui(ui, cx, live);
    heading(ui, cx.theme, "Batch");
    batch_ui(ui, cx, live);
    heading(ui, cx.theme, "Strategy");
    strategy_ui(ui, cx, live);
    heading(ui, cx.theme, "Split");
    split_ui(ui, cx, live);
    heading(ui, cx.theme, "Communication");
    communication_ui(ui, cx, live);
    heading(ui, cx.theme, "Machine");
    machine_ui(ui, cx, live);
    ui.add_space(size::MARGIN);
}

/// What stands between the knobs and the picture, if anything does.
fn status_ui(ui: &mut Ui, cx: &Cx<'_>, live: &Live) {
    match &live.status {
        Status::Refused(cause) | Status::Ended(cause) => {
            ui.add_space(size::GAP);
            ui.label(RichText::new(cause).color(cx.theme.surfaces.error));
            ui.label(weak(cx.theme, "The picture is of the last run that worked."));
        }
        Status::Starting if live.backend != Backend::Simulated => {
            ui.add_space(size::GAP);
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label("Opening the GPUs…");
            });
            let mut text = "Kernels are compiled, weights are filled.".to_owned();
            if live.shown().is_some() {
                text += " The picture is of the run before.";
            }
            ui.label(weak(cx.theme, text));
        }
        Status::Starting | Status::Ready => {}
    }
}

/// Why what a knob says does not run, under the knob.
fn refusal_ui(ui: &mut Ui, cx: &Cx<'_>, why: Option<&str>) {
    if let Some(why) = why {
        ui.label(RichText::new(why).font(cx.theme.small()).color(cx.theme.surfaces.error));
    }
}

fn turn(cx: &mut Cx<'_>, edit: KnobEdit) {
    cx.live(LiveCommand::Turn(edit));
}

/// A knob's line: name, control, and a sign to reset it when it is not at its default.
fn row(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (name, knob): (&str, Knob),
    add: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    let Some(live) = &cx.state.live else { return };
    let turned = live.draft.is_turned(knob, &live.catalog);
    ui.horizontal(|ui| {
        let name_cell = egui::vec2(NAME_WIDTH, ui.spacing().interact_size.y);
        let named = ui.allocate_ui_with_layout(
            name_cell,
            egui::Layout::left_to_right(egui::Align::Center),
            |ui| {
                ui.set_min_width(NAME_WIDTH);
                ui.add(
                    egui::Label::new(weak(cx.theme, name)).sense(egui::Sense::click()).truncate(),
                )
            },
        );
        if named.inner.on_hover_text("Double-click: back to the default").double_clicked() {
            turn(cx, KnobEdit::Reset(knob));
        }
        let control = ui.available_width() - RESET_WIDTH - ui.spacing().item_spacing.x;
        ui.scope(|ui| {
            ui.set_max_width(control);
            ui.set_min_width(control);
            add(ui, cx);
        });
        if turned
            && icon_button(ui, Icon::Reset, &format!("Reset {name}"), "Back to the default")
                .clicked()
        {
            turn(cx, KnobEdit::Reset(knob));
        }
    });
}

fn batch_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let draft = &live.draft;
    row(ui, cx, ("Model", Knob::Model), |ui, cx| {
        let names = live.catalog.models().iter().map(|model| {
            let why = live.refusals.model(&model.name);
            (model.name.as_str(), why.map_or_else(|| Ok(model_line(model)), refused))
        });
        let chosen = choice_ui(ui, cx, "Model", &draft.spec.model.name, names);
        if let Some(name) = chosen {
            turn(cx, KnobEdit::Model(name));
        }
    });
    refusal_ui(ui, cx, live.refusals.model(&draft.spec.model.name));
    row(ui, cx, ("Tokens", Knob::Batch), |ui, cx| {
        let mut tokens = draft.spec.batch.tokens();
        let drag = DragValue::new(&mut tokens).range(1..=131_072).speed(32.0).suffix(" tokens");
        let response = fill(ui, drag);
        name_widget(&response, "Tokens");
        if response.changed() {
            turn(cx, KnobEdit::Tokens(tokens));
        }
    });
    row(ui, cx, ("Requests", Knob::Batch), |ui, cx| {
        let mut text = draft.batch_text.clone();
        let edit = egui::TextEdit::singleline(&mut text)
            .font(cx.theme.mono())
            .desired_width(f32::INFINITY);
        let response = ui.add(edit).on_hover_text(BATCH_HELP);
        name_widget(&response, "Requests");
        if response.changed() {
            turn(cx, KnobEdit::BatchText(text));
        }
    });
    if let Some(error) = &draft.batch_error {
        ui.label(RichText::new(error).font(cx.theme.small()).color(cx.theme.surfaces.error));
    }
    row(ui, cx, ("Layers", Knob::Layers), |ui, cx| {
        let all = draft.spec.model.layers;
        let mut layers = draft.spec.knobs.layers.unwrap_or(all);
        let drag =
            DragValue::new(&mut layers).range(1..=all).speed(0.05).suffix(format!(" of {all}"));
        let response = fill(ui, drag)
            .on_hover_text("Layers run and shown; each further one adds its share to every figure");
        name_widget(&response, "Layers");
        if response.changed() {
            turn(cx, KnobEdit::Layers((layers < all).then_some(layers)));
        }
    });
    row(ui, cx, ("Seed", Knob::Seed), |ui, cx| {
        let mut seed = draft.spec.knobs.seed;
        let response = fill(ui, DragValue::new(&mut seed).speed(0.1))
            .on_hover_text("Of the jitter of block durations; the same seed gives the same run");
        name_widget(&response, "Seed");
        if response.changed() {
            turn(cx, KnobEdit::Seed(seed));
        }
    });
}

const BATCH_HELP: &str = "Requests of one iteration, separated by commas, in scheduler order:\n\
    8192            a prefill of 8192 tokens\n\
    4x2048          four prefills of 2048 tokens\n\
    2048@6144       a chunk of 2048 tokens on 6144 cached ones\n\
    64xd4096        64 decode steps on contexts of 4096 tokens";

fn model_line(model: &weftscope_engine::model::ModelShape) -> String {
    use weftscope_engine::model::Ffn;
    let size = format!("{} layers, hidden {}", model.layers, model.hidden);
    match model.ffn {
        Ffn::Dense { intermediate } => format!("{size}, MLP {intermediate}"),
        Ffn::Moe { experts, top_k, intermediate, .. } => {
            format!("{size}, {top_k} of {experts} experts of {intermediate}")
        }
    }
}

fn strategy_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let asked = live.draft.spec.knobs.strategy;
    row(ui, cx, ("Strategy", Knob::Strategy), |ui, cx| {
        let lines = StrategyKind::ALL.into_iter().map(|strategy| {
            let why = live.refusals.strategy(strategy);
            let line = || Ok(strategy_line(strategy).to_owned());
            (strategy.name(), why.map_or_else(line, refused))
        });
        if let Some(strategy) = choice_ui(ui, cx, "Strategy", asked.name(), lines)
            .and_then(|name| StrategyKind::from_name(&name))
        {
            turn(cx, KnobEdit::Strategy(strategy));
        }
    });
    ui.label(weak(cx.theme, strategy_line(asked)).font(cx.theme.small()));
    // Where the model is at fault, all strategies say the same; it is said once, there.
    let model_refused = live.refusals.model(&live.draft.spec.model.name);
    refusal_ui(ui, cx, live.refusals.strategy(asked).filter(|&why| model_refused != Some(why)));
    if let Some(shown) = live.shown() {
        let decision = &shown.plan.decision;
        if !decision.reason.is_empty() {
            let text = RichText::new(&decision.reason).color(cx.theme.surfaces.warn);
            ui.label(text.font(cx.theme.small()));
        }
    }
}

fn split_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let knobs = &live.draft.spec.knobs;
    row(ui, cx, ("Chosen by", Knob::Split), |ui, cx| {
        let chosen = match knobs.split {
            SplitChoice::Auto(chooser) => chooser.name(),
            SplitChoice::Fixed(_) => FIXED,
        };
        let lines = Chooser::ALL
            .into_iter()
            .map(|chooser| (chooser.name(), Ok(chooser_line(chooser).to_owned())))
            .chain([(FIXED, Ok("the slider below".to_owned()))]);
        if let Some(name) = choice_ui(ui, cx, "Split chosen by", chosen, lines) {
            let chooser = Chooser::ALL.into_iter().find(|chooser| chooser.name() == name);
            let first = live.first_tokens().unwrap_or(live.draft.spec.batch.tokens() / 2);
            let split = chooser.map_or(SplitChoice::Fixed(first.max(1)), SplitChoice::Auto);
            turn(cx, KnobEdit::Split(split));
        }
    });
    split_slider_ui(ui, cx, live);
}

/// Name of the user among the choosers.
const FIXED: &str = "you";

fn chooser_line(chooser: Chooser) -> &'static str {
    match chooser {
        Chooser::Half => "half of the padded tokens",
        Chooser::Table => "the tuned table of the TokenWeave artifact, nearest key",
        Chooser::WaveModel => "wave arithmetic: the cut that costs least",
    }
}

fn communication_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let spec = &live.draft.spec;
    row(ui, cx, ("Transport", Knob::Transport), |ui, cx| {
        let combo = ComboBox::from_id_salt("transport")
            .width(ui.available_width())
            .selected_text(spec.knobs.transport.name());
        let shown = combo.show_ui(ui, |ui| {
            for transport in Transport::ALL {
                let (enabled, line) = match Catalog::transport(&spec.machine, transport) {
                    TransportState::Unavailable(why) => (false, why),
                    TransportState::Ready => match live.refusals.transport(transport) {
                        Some(why) => (false, why.to_owned()),
                        None => (true, transport_line(transport).to_owned()),
                    },
                };
                ui.add_enabled_ui(enabled, |ui| {
                    let selected = spec.knobs.transport == transport;
                    if two_lines_ui(ui, cx, selected, (transport.name(), &line)) {
                        turn(cx, KnobEdit::Transport(transport));
                    }
                });
            }
        });
        name_widget(&shown.response, "Transport");
    });
    let decision = live.shown().and_then(|shown| shown.plan.decision.split.as_ref());
    let auto = (decision.map(|split| split.attn_ctas), decision.map(|split| split.mlp_ctas));
    let (attn, mlp) = (spec.knobs.attn_ctas, spec.knobs.mlp_ctas);
    if let Some(ctas) = ctas_ui(ui, cx, ("SMs, attn", Knob::AttnCtas), (attn, auto.0)) {
        turn(cx, KnobEdit::AttnCtas(ctas));
    }
    if let Some(ctas) = ctas_ui(ui, cx, ("SMs, MLP", Knob::MlpCtas), (mlp, auto.1)) {
        turn(cx, KnobEdit::MlpCtas(ctas));
    }
    skew_ui(ui, cx, live);
}

fn transport_line(transport: Transport) -> &'static str {
    match transport {
        Transport::Multimem => "the NVSwitch adds and multicasts",
        Transport::P2p => "loads and stores to peers over NVLink",
        Transport::Nccl => "NCCL's ring",
    }
}

/// How many SMs a collective may hold; gives the new value when it was turned.
fn ctas_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (name, knob): (&str, Knob),
    (fixed, auto): (Option<u32>, Option<u32>),
) -> Option<Option<u32>> {
    let mut turned = None;
    row(ui, cx, (name, knob), |ui, _| {
        let mut ctas = fixed.or(auto).unwrap_or(8);
        let suffix = if fixed.is_some() { " SMs" } else { " SMs (auto)" };
        let drag = DragValue::new(&mut ctas).range(1..=64).speed(0.1).suffix(suffix);
        let response = fill(ui, drag).on_hover_text(
            "Thread blocks of the collective, one an SM; compute has the others to itself",
        );
        name_widget(&response, name);
        if response.changed() {
            turned = Some(Some(ctas));
        }
    });
    turned
}

fn skew_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let knobs = &live.draft.spec.knobs;
    row(ui, cx, ("Rank skew", Knob::Skew), |ui, cx| {
        let worst = knobs.skew_ns.iter().map(|ns| ns.abs()).max().unwrap_or(0);
        let text = if worst == 0 {
            "all on time".to_owned()
        } else {
            format!("up to {} µs", worst / 1000)
        };
        ui.menu_button(text, |ui| {
            ui.label(weak(cx.theme, "How late each rank starts, µs"));
            for rank in 0..knobs.tp {
                let late_ns = knobs.skew_ns.get(rank as usize).copied().unwrap_or(0);
                ui.horizontal(|ui| {
                    ui.label(mono(cx.theme, format!("rank {rank}")));
                    let mut late_us = late_ns / 1000;
                    let drag = DragValue::new(&mut late_us).range(-10_000..=10_000).suffix(" µs");
                    let response = ui.add(drag);
                    name_widget(&response, &format!("Rank {rank} late"));
                    if response.changed() {
                        turn(cx, KnobEdit::Skew { rank, late_ns: late_us * 1000 });
                    }
                });
            }
        });
    });
}

fn machine_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let spec = &live.draft.spec;
    row(ui, cx, ("Machine", Knob::Machine), |ui, cx| {
        let hosts = live.catalog.hosts().iter().map(|host| &host.machine);
        let lines = hosts.map(|machine| (machine.name.as_str(), Ok(machine.title.clone())));
        if let Some(name) = choice_ui(ui, cx, "Machine", &spec.machine.name, lines) {
            turn(cx, KnobEdit::Machine(name));
        }
    });
    row(ui, cx, ("Ranks", Knob::Tp), |ui, cx| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for degree in degrees(&spec.model, &spec.machine) {
            let response = ui.selectable_label(spec.knobs.tp == degree, format!("{degree}"));
            name_widget(&response, &format!("TP{degree}"));
            if response.on_hover_text(format!("Tensor-parallel degree {degree}")).clicked() {
                turn(cx, KnobEdit::Tp(degree));
            }
        }
    });
    let gpu = &spec.machine.gpu;
    let hbm = crate::theme::number::bandwidth(gpu.hbm_bytes_per_s);
    ui.label(
        weak(
            cx.theme,
            format!("{} · {} SMs · {hbm} · {}", gpu.name, gpu.sms, spec.machine.link.name),
        )
        .font(cx.theme.small()),
    );
}

/// A control as wide as its cell.
fn fill(ui: &mut Ui, widget: impl egui::Widget) -> egui::Response {
    let size = egui::vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.add_sized(size, widget)
}

fn refused(why: &str) -> Result<String, String> {
    Err(why.to_owned())
}

/// A list of names with a line each, or why a name cannot be chosen; gives the name chosen.
fn choice_ui<'n>(
    ui: &mut Ui,
    cx: &Cx<'_>,
    what: &str,
    current: &str,
    choices: impl Iterator<Item = (&'n str, Result<String, String>)>,
) -> Option<String> {
    let mut chosen = None;
    let combo =
        ComboBox::from_id_salt(what).width(ui.available_width()).selected_text(current).truncate();
    let shown = combo.show_ui(ui, |ui| {
        ui.set_min_width(280.0);
        for (name, line) in choices {
            let (Ok(text) | Err(text)) = &line;
            ui.add_enabled_ui(line.is_ok(), |ui| {
                if two_lines_ui(ui, cx, name == current, (name, text)) {
                    chosen = Some(name.to_owned());
                }
            });
        }
    });
    name_widget(&shown.response, what);
    chosen
}

/// A row of a list: a name, and what it is in a weaker line below. True when it was clicked.
fn two_lines_ui(ui: &mut Ui, cx: &Cx<'_>, selected: bool, (name, line): (&str, &str)) -> bool {
    let mut job = egui::text::LayoutJob::default();
    let colour = if ui.is_enabled() { cx.theme.surfaces.text } else { cx.theme.surfaces.weak };
    job.append(name, 0.0, egui::TextFormat::simple(cx.theme.body(), colour));
    let format = egui::TextFormat::simple(cx.theme.small(), cx.theme.surfaces.weak);
    job.append(&format!("\n{line}"), 0.0, format);
    let response = ui.selectable_label(selected, job);
    name_widget(&response, name);
    response.clicked()
}
