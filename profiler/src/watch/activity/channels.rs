//! Rows of the channels of NCCL's kernels: a thread block each. On which SM it ran nobody tells, so they are rows of their own.

use std::collections::{BTreeMap, HashMap};

use weftscope_traces::{ArgsId, Kind, LabelId, Span, TrackId, TrackKind};
use weftscope_wire::{ChannelRun, Collective};

use super::{Timed, join::Joined};
use crate::watch::sheet::Sheet;

/// The stream of collectives of which nothing is known but their channels.
const STREAM: u32 = 0;

/// A collective that nobody told of, e.g. a send.
const UNKNOWN: &str = "NCCL";

/// Draws the channels of the kernels on a stream.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    (rank, root, stream): (u32, TrackId, u32),
    timed: &Timed<'_>,
    joined: &Joined<'_>,
) {
    let is_of_stream = |run: usize| timed.process.runs[run].stream == stream;
    let own = joined.channels.iter().filter(|(run, ..)| run.is_some_and(is_of_stream));
    lanes(sheet, (rank, root, &format!("stream {stream} ")), timed, joined, own);
}

/// Draws the channels of no known kernel; where there are no kernels at all, their collectives too.
pub(super) fn draw_rest(
    sheet: &mut Sheet<'_>,
    (rank, root): (u32, TrackId),
    timed: &Timed<'_>,
    joined: &Joined<'_>,
    is_alone: bool,
) {
    if is_alone {
        collectives(sheet, (rank, root), timed, joined);
    }
    let rest = joined.channels.iter().filter(|(run, ..)| run.is_none());
    lanes(sheet, (rank, root, ""), timed, joined, rest);
}

fn lanes<'a>(
    sheet: &mut Sheet<'_>,
    (rank, root, of): (u32, TrackId, &str),
    timed: &Timed<'_>,
    joined: &Joined<'_>,
    channels: impl Iterator<Item = &'a (Option<usize>, &'a ChannelRun, Span)>,
) {
    let mut by_channel: BTreeMap<u32, Vec<(Span, Option<u64>)>> = BTreeMap::new();
    for (_, run, span) in channels {
        by_channel.entry(run.channel).or_default().push((*span, run.collective));
    }
    let mut named: HashMap<Option<u64>, (LabelId, ArgsId)> = HashMap::new();
    for (channel, mut spans) in by_channel {
        let track = sheet.beside(rank, root, format!("{of}channel {channel}"));
        spans.sort_by_key(|(span, _)| (span.start_ns, span.end_ns));
        for (span, id) in spans {
            let collective = id.and_then(|id| joined.by_id.get(&id).copied());
            let (label, args) = *named.entry(id).or_insert_with(|| name(sheet, timed, collective));
            let span = span.shifted(-sheet.base_host_ns);
            sheet.builder.push_packed(track, span, label, args, channel);
        }
    }
}

/// Collectives from the beginning of their first channel to the end of their last.
fn collectives(
    sheet: &mut Sheet<'_>,
    (rank, root): (u32, TrackId),
    timed: &Timed<'_>,
    joined: &Joined<'_>,
) {
    let mut spans: BTreeMap<u64, Span> = BTreeMap::new();
    for (_, run, span) in &joined.channels {
        if let Some(id) = run.collective {
            spans.entry(id).and_modify(|known| *known = known.hull(*span)).or_insert(*span);
        }
    }
    let mut spans: Vec<(u64, Span)> = spans.into_iter().collect();
    spans.sort_by_key(|(_, span)| (span.start_ns, span.end_ns));
    if spans.is_empty() {
        return;
    }
    let kind = TrackKind::Stream { rank, stream: STREAM };
    let track = sheet.builder.track(Some(root), "NCCL, by its channels", kind);
    for (id, span) in spans {
        let (label, args) = name(sheet, timed, joined.by_id.get(&id).copied());
        let span = span.shifted(-sheet.base_host_ns);
        sheet.builder.push_packed(track, span, label, args, 0);
    }
}

fn name(
    sheet: &mut Sheet<'_>,
    timed: &Timed<'_>,
    collective: Option<&Collective>,
) -> (LabelId, ArgsId) {
    let label = sheet.label_of_kind(collective.map_or(UNKNOWN, |it| &it.function), Kind::Comm);
    let args = timed.collective_args(collective.as_slice());
    let args = args.iter().map(|(key, value)| (key.as_str(), value.clone()));
    (label, sheet.builder.args_mut().push(args))
}
