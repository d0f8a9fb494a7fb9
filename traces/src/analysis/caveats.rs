//! What stands together that should not: a recording twice, measured times beside modelled ones.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::GpuOp;
use crate::model::{Origin, Trace};
use crate::words;

/// Ops of a rank whose arguments are compared too: these name device and correlation, which differ from rank to rank.
const OPS_WITH_ARGS: usize = 16;

/// What a rank ran: its trace, its number, its ops.
pub(super) type Ran<'a> = (&'a Trace, u32, &'a [GpuOp]);

/// A sentence for each reason to doubt what is said of all ranks together.
pub(super) fn caveats(ranks: &[Ran<'_>]) -> Vec<String> {
    let ranks: Vec<&Ran<'_>> = ranks.iter().filter(|(_, _, ops)| !ops.is_empty()).collect();
    twice(&ranks).into_iter().chain(mixed(&ranks)).collect()
}

/// Ranks of a simulator may well do the same at the same time; those of hardware never do.
fn twice(ranks: &[&Ran<'_>]) -> Vec<String> {
    let mut alike: BTreeMap<(i64, u64), Vec<u32>> = BTreeMap::new();
    for &&(trace, rank, ops) in ranks.iter().filter(|of| origin(of) != Some(Origin::Modelled)) {
        let key = (trace.meta.base_time_unix_ns, fingerprint(trace, ops));
        alike.entry(key).or_default().push(rank);
    }
    let twice = alike.into_values().filter(|ranks| ranks.len() > 1);
    let sentence = |mut ranks: Vec<u32>| {
        ranks.sort_unstable();
        let (who, times) = (words::ranks(&ranks), ranks.len());
        format!(
            "The same ops at the same times stand on {who}: one recording, counted {times} times."
        )
    };
    twice.map(sentence).collect()
}

fn fingerprint(trace: &Trace, ops: &[GpuOp]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (index, op) in ops.iter().enumerate() {
        let lane = &trace.lane(op.slice.lane).slices;
        let item = lane.item[op.slice.index as usize];
        (op.span.start_ns, op.span.end_ns, op.stream, item).hash(&mut hasher);
        trace.label(op.label).name.hash(&mut hasher);
        if index < OPS_WITH_ARGS {
            format!("{:?}", trace.args_of(op.slice)).hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn mixed(ranks: &[&Ran<'_>]) -> Option<String> {
    let of = |wanted| -> Vec<u32> {
        let those = ranks.iter().filter(|of| origin(of) == Some(wanted));
        let mut those: Vec<u32> = those.map(|(_, rank, _)| *rank).collect();
        those.sort_unstable();
        those
    };
    let (measured, modelled) = (of(Origin::Measured), of(Origin::Modelled));
    (!measured.is_empty() && !modelled.is_empty()).then(|| {
        format!(
            "Times of {} are measured, those of {} modelled: what is said of them together never happened.",
            words::ranks(&measured),
            words::ranks(&modelled)
        )
    })
}

fn origin((trace, rank, _): &Ran<'_>) -> Option<Origin> {
    trace.meta.provenance.of_rank(Some(*rank)).origin()
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Ops};
    use super::*;
    use crate::edit::{merge, number_apart};
    use crate::model::{Kind, Label, Meta, Provenance, Span, TraceBuilder, TrackKind};

    fn recording(provenance: Provenance, device: i64) -> Trace {
        let mut out = TraceBuilder::new(Meta::new("x", provenance));
        let stream = out.track(None, "stream 7", TrackKind::Stream { rank: 0, stream: 7 });
        let label = out.label(Label { name: "k".into(), kind: Kind::Gemm, ..Label::default() });
        let args = out.args_mut().push([("device", crate::ArgValue::Int(device))]);
        out.push_packed(stream, Span::new(5, 9), label, args, 1);
        out.finish().expect("valid")
    }

    fn told(traces: Vec<Trace>) -> Vec<String> {
        let apart = number_apart(traces.clone());
        let borrowed: Vec<&Trace> = apart.iter().collect();
        let together = Ops::together(&borrowed, &Config::default());
        let merged = merge(traces).expect("some");
        let of_merged = Ops::of(&merged, &Config::default()).caveats().to_vec();
        assert_eq!(together[0].caveats(), of_merged);
        of_merged
    }

    #[test]
    fn a_recording_twice_and_mixed_origins_are_told() {
        let measured = |device| recording(Provenance::Measured { source: "m".into() }, device);
        let modelled = || recording(Provenance::Modelled { source: "s".into() }, 0);
        let twice =
            "The same ops at the same times stand on ranks 0–1: one recording, counted 2 times.";
        assert_eq!(told(vec![measured(0), measured(0)]), [twice]);
        assert!(told(vec![measured(0), measured(1)]).is_empty());
        // Ranks of a simulated run do the same at the same time.
        assert!(told(vec![modelled(), modelled()]).is_empty());
        let mixed = "Times of rank 0 are measured, those of rank 1 modelled: what is said of them together never happened.";
        assert_eq!(told(vec![measured(0), modelled()]), [mixed]);
    }
}
