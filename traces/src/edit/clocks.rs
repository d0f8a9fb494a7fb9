//! Where the times of several traces lie on one timeline: by their base times, corrected by the ends of their collectives.

use crate::analysis::{Config, Ops, RankClock};
use crate::model::{ClockAgreement, Trace};
use crate::words::counted;

/// What is added to the times of one trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shift {
    by_ns: i64,
    /// By how much less is added for each ns after a time of the trace.
    drift: f64,
    at_ns: i64,
    /// How the ends of collectives say so, by rank; empty where only base times do.
    pub(super) agreements: Vec<ClockAgreement>,
    /// What a person should know, without the trace's name.
    pub(super) note: Option<String>,
}

impl Shift {
    /// A time of the trace on the common timeline.
    pub(super) fn apply(&self, ns: i64) -> i64 {
        let drifted = match self.drift {
            0.0 => 0,
            drift => (drift * ns.saturating_sub(self.at_ns) as f64).round() as i64,
        };
        ns.saturating_add(self.by_ns).saturating_sub(drifted)
    }
}

/// The shift of each trace onto a timeline that begins at `base_ns`, Unix time; the same clocks as
/// [`Ops::together`] tells waiting by.
pub(super) fn shifts(traces: &[Trace], base_ns: i64) -> Vec<Shift> {
    let borrowed: Vec<&Trace> = traces.iter().collect();
    let gathered = Ops::together(&borrowed, &Config::default());
    let clocks = gathered.first().map_or(&[][..], |ops| &ops.collectives().clocks);
    let by_ends: Vec<Option<&RankClock>> =
        (0..traces.len()).map(|at| of_trace(clocks, at)).collect();
    let by_base = |at: usize| {
        let own_ns = traces[at].meta.base_time_unix_ns;
        (own_ns != 0).then(|| own_ns.saturating_sub(base_ns))
    };
    // Where the first has no base time, one that its collectives place has it for both.
    let placed = |at: usize| Some(by_base(at)?.saturating_add(by_ends[at]?.offset_ns));
    let first_ns = by_base(0).or_else(|| (1..traces.len()).find_map(placed));
    let some_base = traces.iter().any(|trace| trace.meta.base_time_unix_ns != 0);
    let of = |(at, clock): (usize, &Option<&RankClock>)| {
        let own_ns = by_base(at).filter(|_| at > 0 && clock.is_none_or(|clock| !clock.is_untold));
        let told = Shift { by_ns: own_ns.or(first_ns).unwrap_or(0), ..Shift::default() };
        let is_guess = match at {
            0 => first_ns.is_none() && some_base,
            _ => !is_on_clock(traces, at),
        };
        match clock {
            Some(clock) if clock.is_corrected() || clock.is_untold => {
                corrected(&told, clock, clocks)
            }
            _ if is_guess => {
                let guess = "no base time, so its place on the common timeline is a guess";
                Shift { note: Some(guess.to_owned()), ..told }
            }
            _ => told,
        }
    };
    by_ends.iter().enumerate().map(of).collect()
}

fn is_on_clock(traces: &[Trace], at: usize) -> bool {
    traces[at].meta.base_time_unix_ns != 0 || traces[0].meta.shares_untold_clock(&traces[at].meta)
}

/// The clock of a trace: that of the middle one of its ranks.
fn of_trace(clocks: &[RankClock], trace: usize) -> Option<&RankClock> {
    let mut own: Vec<&RankClock> = clocks.iter().filter(|clock| clock.trace == trace).collect();
    own.sort_by_key(|clock| clock.offset_ns);
    own.get(own.len() / 2).copied()
}

fn corrected(told: &Shift, clock: &RankClock, all: &[RankClock]) -> Shift {
    let of_trace = all.iter().filter(|other| other.trace == clock.trace);
    let agreements = of_trace.map(|clock| ClockAgreement {
        rank: clock.rank,
        what: "ends of collectives, held against those of another rank".to_owned(),
        residual_p99_ns: clock.residual_p99_ns,
        readings: clock.readings as u64,
    });
    let note = match clock.is_untold {
        true => format!(
            "no base time: placed by the ends of {}",
            counted(clock.readings as u64, "collective")
        ),
        false => format!(
            "clocks differ, by the ends of collectives: {}; that is taken off",
            clock.in_words()
        ),
    };
    Shift {
        by_ns: told.by_ns.saturating_sub(clock.offset_ns),
        drift: clock.drift_ns_per_s / 1e9,
        at_ns: clock.at_ns,
        agreements: agreements.collect(),
        note: Some(note),
    }
}
