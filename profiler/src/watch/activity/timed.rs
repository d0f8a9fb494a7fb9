//! Times of CUPTI and of the devices as the host's.

use weftscope_engine::clock::ClockCurve;
use weftscope_traces::{ClockAgreement, Span};
use weftscope_wire::{ChannelRun, Collective};

use crate::watch::{Process, collectives::args};

/// A process with the map from CUPTI's time to the host's.
pub(in crate::watch) struct Timed<'a> {
    pub(super) process: &'a Process,
    /// `None`: never read.
    pub(super) cupti: Option<ClockCurve>,
}

impl<'a> Timed<'a> {
    pub(in crate::watch) fn of(process: &'a Process) -> Self {
        Self { process, cupti: ClockCurve::fit(&process.cupti_clock).ok() }
    }

    /// CUPTI's time, which is the wall clock's unless it was read to be another.
    pub(in crate::watch) fn host_ns(&self, cupti_ns: u64) -> i64 {
        let (monotonic_ns, unix_ns) = self.process.hello.monotonic_and_unix_ns;
        let cupti_ns = cupti_ns as i64;
        self.cupti
            .as_ref()
            .map_or_else(|| cupti_ns - unix_ns + monotonic_ns, |fit| fit.host_from_device(cupti_ns))
    }

    pub(super) fn span(&self, start_cupti_ns: u64, end_cupti_ns: u64) -> Span {
        Span::new(self.host_ns(start_cupti_ns), self.host_ns(end_cupti_ns))
    }

    /// When a device's channels ran; nothing where its clock was never read.
    pub(super) fn channels(&self, device: u32) -> Vec<(&'a ChannelRun, Span)> {
        let Some(clock) = self.process.clock(device) else { return Vec::new() };
        let host_ns = |device_ns: u64| clock.host_from_device(device_ns as i64);
        let own = self.process.channels.iter().filter(|run| run.device == Some(device));
        own.map(|run| (run, Span::new(host_ns(run.start_device_ns), host_ns(run.end_device_ns))))
            .collect()
    }

    /// When the first of everything began.
    pub(in crate::watch) fn start_host_ns(&self) -> Option<i64> {
        let runs = self.process.runs.iter().map(|run| run.start_cupti_ns).min();
        let copies = self.process.copies.iter().map(|copy| copy.start_cupti_ns).min();
        let ranges = self.process.ranges.iter().map(|range| range.start_cupti_ns).min();
        let by_cupti = [runs, copies, ranges].into_iter().flatten().min();
        let by_cupti = by_cupti.map(|cupti_ns| self.host_ns(cupti_ns));
        let devices = self.process.clocks.keys();
        let by_device =
            devices.flat_map(|&device| self.channels(device)).map(|(_, span)| span.start_ns).min();
        by_cupti.into_iter().chain(by_device).min()
    }

    /// How well the clocks agree that the rows of a device rest on.
    pub(super) fn agreements(&self, rank: u32, device: u32) -> Vec<ClockAgreement> {
        let agreement = |fit: &ClockCurve, what: &str| ClockAgreement {
            rank,
            what: what.to_owned(),
            residual_p99_ns: fit.residual_p99_ns(),
            readings: fit.num_pairs() as u64,
        };
        let cupti = self.cupti.as_ref().map(|fit| {
            agreement(
                fit,
                "CUPTI's time to the host's clock, by readings between two of the host's; how CUPTI brings the GPU's time into its own is not seen",
            )
        });
        let channels = (!self.process.channels.is_empty()).then(|| self.process.clock(device));
        let channels = channels.flatten().map(|fit| {
            agreement(&fit, "%globaltimer to the host's clock, by exchanges over pinned memory")
        });
        cupti.into_iter().chain(channels).collect()
    }

    /// The arguments of a kernel that ran these.
    pub(super) fn collective_args(
        &self,
        collectives: &[&Collective],
    ) -> Vec<(String, weftscope_traces::ArgValue)> {
        match collectives {
            [] => Vec::new(),
            [one] => args(&self.process.communicators, one),
            several => {
                let count = weftscope_traces::ArgValue::Int(several.len() as i64);
                vec![("collectives".to_owned(), count)]
            }
        }
    }
}
