//! What kernels say of themselves inside their blocks.

use std::collections::{BTreeMap, HashMap};

use weftscope_traces::{ArgValue, ArgsId, Kind, Label, LabelId, Span, TrackId, TrackKind};
use weftscope_wire::{Mark, MarkKind};

use super::{Process, seen::Clock, sheet::Sheet};

/// Puts a device's marks under its rank, a row an SM that has any.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    (rank, root): (u32, TrackId),
    process: &Process,
    (device, clock): (u32, &Clock),
) {
    let mut by_sm: BTreeMap<u32, Vec<(Span, &Mark)>> = BTreeMap::new();
    for mark in process.marks.iter().filter(|mark| mark.device == device) {
        let [start_ns, end_ns] =
            [mark.start_device_ns, mark.end_device_ns].map(|ns| clock.host_ns(ns));
        let span = Span::new(start_ns, end_ns).shifted(-sheet.base_host_ns);
        by_sm.entry(mark.sm).or_default().push((span, mark));
    }
    let mut labels: HashMap<u32, LabelId> = HashMap::new();
    let mut warps: HashMap<u32, ArgsId> = HashMap::new();
    for (sm, mut marks) in by_sm {
        let kind = TrackKind::Inside { rank, sm };
        let row = sheet.builder.track(Some(root), format!("inside SM {sm}"), kind);
        // What begins first stands above what it holds.
        marks.sort_by_key(|(span, mark)| (span.start_ns, -span.end_ns, mark.block, mark.warp));
        for (span, mark) in marks {
            let label = *labels.entry(mark.name).or_insert_with(|| {
                let name = process.mark_names.get(&mark.name).cloned().unwrap_or_default();
                sheet.builder.label(Label { name, kind: Kind::Mark, ..Label::default() })
            });
            let args = match mark.kind {
                MarkKind::WarpPhase => *warps.entry(mark.warp).or_insert_with(|| {
                    sheet.builder.args_mut().push([("warp", ArgValue::Int(mark.warp.into()))])
                }),
                _ => ArgsId::NONE,
            };
            sheet.builder.push_packed(row, span, label, args, mark.block);
        }
    }
}

/// When the first mark of a device began.
pub(super) fn start_host_ns(process: &Process, device: u32, clock: &Clock) -> Option<i64> {
    let of_device = process.marks.iter().filter(|mark| mark.device == device);
    of_device.map(|mark| mark.start_device_ns).min().map(|first_ns| clock.host_ns(first_ns))
}
