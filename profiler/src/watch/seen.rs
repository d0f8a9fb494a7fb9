//! Launches with what their blocks have told, on the host's clock.

use weftscope_engine::clock::ClockCurve;
use weftscope_traces::Span;
use weftscope_wire::{BlockStamp, Launch};

use super::Process;

/// A device's time as the host's.
pub(super) enum Clock {
    /// Read against the host's.
    Read(ClockCurve),
    /// Never read: the first block is taken to begin when its launch was made. So much later is the host's.
    Guessed(i64),
}

impl Clock {
    pub(super) fn of(process: &Process, device: u32) -> Self {
        if let Some(fit) = process.clock(device) {
            return Self::Read(fit);
        }
        let of_device = process.launches.iter().filter(|launch| launch.device == device);
        let later = of_device.filter_map(|launch| {
            let stamps = process.stamps.get(&launch.id)?;
            let told =
                stamps.iter().map(|stamp| stamp.start_device_ns).filter(|&start_ns| start_ns != 0);
            Some(launch.at_host_ns - told.min()? as i64)
        });
        Self::Guessed(later.max().unwrap_or(0))
    }

    pub(super) fn host_ns(&self, device_ns: u64) -> i64 {
        match self {
            Self::Read(fit) => fit.host_from_device(device_ns as i64),
            Self::Guessed(later_ns) => device_ns as i64 + later_ns,
        }
    }
}

/// A launch with what its blocks have told, times of the host.
pub(super) struct Seen<'a> {
    pub(super) launch: &'a Launch,
    /// By block; `None`: it never told.
    pub(super) blocks: Vec<Option<(Span, u32)>>,
    pub(super) span: Option<Span>,
}

/// The launches on a device, in the order in which they were made.
pub(super) fn seen<'a>(process: &'a Process, device: u32, clock: &Clock) -> Vec<Seen<'a>> {
    let block = |stamp: &BlockStamp| {
        let span =
            Span::new(clock.host_ns(stamp.start_device_ns), clock.host_ns(stamp.end_device_ns));
        (stamp.start_device_ns != 0).then_some((span, stamp.sm))
    };
    let of_device = process.launches.iter().filter(|launch| launch.device == device);
    of_device
        .map(|launch| {
            let stamps = process.stamps.get(&launch.id).map_or(&[][..], Vec::as_slice);
            let blocks: Vec<_> = stamps.iter().map(block).collect();
            let spans = || blocks.iter().flatten().map(|(span, _)| span);
            let start_ns = spans().map(|span| span.start_ns).min();
            let end_ns = spans().map(|span| span.end_ns).max();
            let span = start_ns.zip(end_ns).map(|(start_ns, end_ns)| Span { start_ns, end_ns });
            Seen { launch, blocks, span }
        })
        .collect()
}
