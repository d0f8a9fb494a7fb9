//! What an export says of each slice for the eyes of other tools: its category, and the facts of its op.

use std::borrow::Cow;

use crate::interchange::foreign::CATEGORY_KEY;
use crate::{ArgValue, Args, Kind, Label, Phase, SliceRef, Split, Trace, TrackKind};

/// The category under which other tools know a slice of this label and with these arguments on such a track.
pub(crate) fn category<'a>(kind: &TrackKind, label: &Label, args: &'a Args) -> Cow<'a, str> {
    let given = || args.iter().rev().find(|(key, _)| key == CATEGORY_KEY);
    let fallback = match (kind, label.kind) {
        (TrackKind::Sm { .. }, _) => "sm_block",
        (TrackKind::Stream { .. }, Kind::Memcpy) if label.name.starts_with("Memset") => {
            "gpu_memset"
        }
        (TrackKind::Stream { .. }, Kind::Memcpy) => "gpu_memcpy",
        (TrackKind::Stream { .. }, Kind::Comm) if label.name.starts_with("Memcpy") => "gpu_memcpy",
        (TrackKind::Stream { .. }, _) => "kernel",
        (TrackKind::HostThread { .. }, of) => match (given(), of) {
            // What an imported host event had.
            (Some((_, ArgValue::Text(text))), _) if !text.is_empty() => {
                return Cow::Borrowed(text);
            }
            (_, Kind::Mark) => "user_annotation",
            _ => "cpu_op",
        },
        (TrackKind::Marks { .. }, _) => "gpu_user_annotation",
        (TrackKind::Answer { .. }, _) => "answer",
        (TrackKind::Inside { .. }, _) => "sm_mark",
        _ => "track",
    };
    Cow::Borrowed(fallback)
}

/// The category under which other tools know a slice: `kernel`, `gpu_memcpy`, `cpu_op`, or what its recording said.
pub fn category_of(trace: &Trace, slice: SliceRef) -> String {
    let lane = trace.lane(slice.lane);
    let kind = &trace.track(lane.track).kind;
    let args = match kind {
        TrackKind::HostThread { .. } => trace.args.get(lane.slices.args[slice.index as usize]),
        _ => Args::new(),
    };
    category(kind, trace.label_of(slice), &args).into_owned()
}

/// What a label says about its op, as arguments.
pub(crate) fn facts(label: &Label) -> Vec<(&'static str, ArgValue)> {
    let int = |number: u32| ArgValue::Int(i64::from(number));
    let mut args = vec![("kind", ArgValue::Text(label.kind.name().to_owned()))];
    if let Some(layer) = label.layer {
        args.push(("layer", int(layer)));
    }
    match label.split {
        Split::Whole => {}
        Split::First => args.push(("split", int(0))),
        Split::Second => args.push(("split", int(1))),
    }
    if label.phase != Phase::None {
        args.push(("phase", ArgValue::Text(label.phase.name().to_owned())));
    }
    let Some(facts) = &label.facts else { return args };
    args.push(("grid", ArgValue::Json(format!("[{},1,1]", facts.grid))));
    args.push(("waves", int(facts.waves)));
    args.push(("tail occupancy", ArgValue::Float(facts.tail_occupancy)));
    args.push(("SMs", int(facts.sms)));
    args.push(("tokens", int(facts.tokens)));
    args.push(("flops", ArgValue::Float(facts.flops)));
    args.push(("hbm bytes", ArgValue::Float(facts.hbm_bytes)));
    args.push(("link bytes", ArgValue::Float(facts.link_bytes)));
    if let Some(alone_ns) = facts.alone_ns {
        args.push(("alone_ns", ArgValue::Int(alone_ns)));
    }
    args.push(("shape", ArgValue::Text(facts.shape.clone())));
    args
}
