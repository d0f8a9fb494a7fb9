//! The machine, and how many of its GPUs.

use egui::{RichText, Ui};
use weftscope_engine::memory::excess;

use super::{
    calibration::calibration_ui,
    choice::{Choice, choice_ui},
    row::{row, turn},
};
use crate::{
    app::live::{Backend, Knob, KnobEdit, Live, degrees, shard_degrees},
    here::constants,
    panels::widgets::{Cx, name_widget, weak},
    theme::number,
};

pub(super) fn machine_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let spec = &live.draft.spec;
    row(ui, cx, Knob::Machine, |ui, cx| {
        let choices = live.catalog.hosts().iter().map(|host| Choice {
            name: host.machine.name.clone(),
            line: Ok(match &host.backend {
                Backend::Gpus(..) => {
                    format!("{}, {}", host.machine.title, constants(&host.machine))
                }
                Backend::Simulated => format!("{}, simulated", host.machine.title),
            }),
            value: KnobEdit::Machine(host.machine.name.clone()),
        });
        if let Some(edit) = choice_ui(ui, cx, "Machine", &spec.machine.name, choices) {
            turn(cx, edit);
        }
    });
    calibration_ui(ui, cx, live);
    row(ui, cx, Knob::Tp, |ui, cx| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for degree in degrees(&spec.model, &spec.machine) {
            let response = ui.selectable_label(spec.knobs.tp == degree, format!("{degree}"));
            name_widget(&response, &format!("TP{degree}"));
            if response.on_hover_text(format!("Tensor-parallel degree {degree}")).clicked() {
                turn(cx, KnobEdit::Tp(degree));
            }
        }
    });
    let shards = shard_degrees(&spec.model, spec.knobs.tp);
    if !shards.is_empty() {
        row(ui, cx, Knob::ShardOf, |ui, cx| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let own = std::iter::once((None, "ranks".to_owned()));
            let finer = shards.iter().map(|&degree| (Some(degree), degree.to_string()));
            for (of, text) in own.chain(finer) {
                let response = ui.selectable_label(spec.knobs.shard_of == of, text);
                let name = of.map_or_else(
                    || "Shards of the ranks".to_owned(),
                    |of| format!("Shards of {of}"),
                );
                name_widget(&response, &name);
                if response.on_hover_text(Knob::ShardOf.help()).clicked() {
                    turn(cx, KnobEdit::ShardOf(of));
                }
            }
        });
    }
    let gpu = &spec.machine.gpu;
    let hbm = number::bandwidth(gpu.hbm_bytes_per_s);
    let text = format!("{} · {} SMs · {hbm} · {}", gpu.name, gpu.sms, spec.machine.link.name);
    ui.label(weak(cx.theme, text).font(cx.theme.small()));
    if let Some(excess) = excess(spec) {
        ui.label(RichText::new(excess).font(cx.theme.small()).color(cx.theme.surfaces.warn));
    }
}
