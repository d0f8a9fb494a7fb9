use std::{ops::ControlFlow, sync::Arc};

use weftscope_traces::{Kind, LaneId, Trace, TrackKind, container};

use super::*;
use crate::{
    app::Document,
    files::{SAMPLES, Sample},
    timeline::{Search, Sight, TimelineData, ViewState},
};

fn samples() -> Vec<(&'static str, Arc<Trace>)> {
    let read = |sample: &'static Sample| {
        let trace = container::read(sample.bytes, &mut |_| ControlFlow::Continue(())).unwrap();
        (sample.name, Arc::new(trace))
    };
    SAMPLES.iter().map(read).collect()
}

fn known() -> Known {
    Known { file_stem: "it".to_owned(), explanation: None }
}

/// Lanes of the SMs of a trace's first rank that has some.
fn blocks(trace: &Trace) -> Vec<LaneId> {
    let is_sm = |kind: &TrackKind| matches!(kind, TrackKind::Sm { rank: 0, .. });
    let tracks = trace.tracks.iter().filter(|track| is_sm(&track.kind));
    tracks.flat_map(|track| track.lanes.iter().copied()).collect()
}

/// What explains a document is, word by word and number by number, what explains all of it, whatever part of it came.
#[test]
fn what_explains_a_part_explains_all_of_it() {
    for (name, trace) in samples() {
        let whole = Document::prepare(Arc::clone(&trace), "it");
        let held = Held::of(Arc::clone(&trace));
        let (facts, bytes) = held.part(None).unwrap();
        let part = received(&bytes, known()).unwrap();
        assert!(part.is_explained, "{name}");
        assert!(*part.explanation == *whole.explanation, "{name}");
        assert_eq!(part.timeline.fit_span(), whole.timeline.fit_span(), "{name}");
        assert_eq!(part.timeline.iterations(), whole.timeline.iterations(), "{name}");
        let overlaps = |document: &Document| -> Vec<_> {
            document.timeline.ranks.iter().map(|rank| (rank.rank, rank.overlap)).collect()
        };
        assert_eq!(overlaps(&part), overlaps(&whole), "{name}");
        // Ribbons are those of all blocks, although none is here.
        let shown = whole.timeline.fit_span();
        for (is, was) in part.timeline.ribbons.iter().zip(whole.timeline.ribbons.iter()) {
            assert_eq!(is.basis(), was.basis(), "{name}");
            for (is, was) in is.query(shown, 64).iter().zip(was.query(shown, 64)) {
                for kind in Kind::ALL {
                    let off = (is.kind(kind) - was.kind(kind)).abs();
                    assert!(off < 0.02, "{name}: {} for {}", is.kind(kind), was.kind(kind));
                }
            }
        }
        let here = part.trace.num_slices() as u64;
        assert_eq!(here + facts.left_out + facts.folded, trace.num_slices() as u64, "{name}");
        assert_eq!(part.part.as_deref(), Some(&facts).filter(|facts| !facts.is_whole()), "{name}");
    }
}

#[test]
fn all_of_a_document_is_the_document() {
    for (name, trace) in samples() {
        let held = Held::of(Arc::clone(&trace));
        let all = received(&held.all().unwrap(), known()).unwrap();
        assert!(all.part.is_none(), "{name}");
        assert_eq!(all.trace, trace, "{name}");
        // A part may come without what explains it, which was there before.
        let drawn = Held::drawn(Arc::clone(&trace));
        let bytes = drawn.part(None).unwrap().1;
        assert!(!received(&bytes, known()).unwrap().is_explained, "{name}");
        let before = Known { explanation: Some(Arc::clone(&all.explanation)), ..known() };
        assert!(received(&bytes, before).unwrap().is_explained, "{name}");
    }
}

/// A view that opens the SMs of a rank gets their blocks, those of no other rank, and has enough then.
#[test]
fn a_look_at_blocks_brings_them() {
    let (_, trace) = samples().into_iter().find(|(_, trace)| !blocks(trace).is_empty()).unwrap();
    let held = Held::of(Arc::clone(&trace));
    let (first, bytes) = held.part(None).unwrap();
    let part = received(&bytes, known()).unwrap();
    let lanes = blocks(&trace);
    let count =
        |trace: &Trace| -> usize { lanes.iter().map(|&lane| trace.lane(lane).slices.len()).sum() };
    assert!(first.left_out > 0 && count(&part.trace) == 0 && count(&trace) > 0);
    let view = ViewState::new(&part.timeline);
    let fit = part.timeline.fit_span();
    let look = Look::of(&Sight::of(view.window, fit, 1500.0, lanes.clone()));
    assert!(!look.is_served_by(first.wanted.as_ref().unwrap(), held.whole()));
    let (second, bytes) = held.part(Some(&look)).unwrap();
    assert!(look.is_served_by(second.wanted.as_ref().unwrap(), held.whole()));
    let part = received(&bytes, known()).unwrap();
    assert!(count(&part.trace) > 0);
    let others = trace.num_slices() - count(&trace);
    assert!(part.trace.num_slices() <= count(&trace) + others);
}

#[test]
fn what_is_no_part_is_told() {
    let (_, trace) = samples().into_iter().next().unwrap();
    let bytes = Held::of(trace).part(None).unwrap().1;
    // The trace itself is read as far as it goes, as any file is.
    for end in [0, 3, 4, 100, 2000] {
        assert!(received(&bytes[..end.min(bytes.len())], known()).is_err(), "{end}");
    }
    assert!(received(&[0xff; 64], known()).is_err());
}

/// What is looked for on rows that are here is found as in all of it; of rows that are not, it is not said how often it is there.
#[test]
fn a_search_of_a_part_finds_all_or_says_that_it_cannot() {
    for (name, trace) in samples() {
        let bytes = Held::of(Arc::clone(&trace)).part(None).unwrap().1;
        let part = received(&bytes, known()).unwrap();
        let Some(facts) = &part.part else { continue };
        let whole = TimelineData::indexed(Arc::clone(&trace));
        let of = |data: &TimelineData, text: &str| Search::of(data, text.to_owned());
        let (ops, blocks) = ("kind:gemm in:stream", "kind:gemm in:sm");
        assert_eq!(facts.ops_folded, 0, "{name}");
        assert!(of(&whole, ops).count().is_some_and(|count| count > 0), "{name}");
        assert_eq!(of(&part.timeline, ops).count(), of(&whole, ops).count(), "{name}");
        let found = of(&part.timeline, blocks);
        assert!(found.is_of_more() && found.unfinished().is_none(), "{name}");
        assert_eq!(found.count(), None, "{name}");
        assert!(!of(&whole, blocks).is_of_more(), "{name}");
    }
}
