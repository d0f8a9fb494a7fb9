//! Which collective is it, and who waits for whom.

use weftscope_traces::analysis::{CommVerdict, MatchMethod};

use crate::case::{Case, Opened, case, figures};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("10-profiler-start-skew", "Hyperloom PR#1249")
            .file("10-profiler-start-skew-rank0.json")
            .file("10-profiler-start-skew-rank1.json")
            .rank(0, figures().wait(17_456_106.0))
            .rank(1, figures().wait(0.0))
            .no_other_rank()
            .says("in the first collective only")
            .says("Rank 0 waits for rank 1")
            .holds("arrival-skew-dominated", |opened| is(opened, CommVerdict::ArrivalSkewDominated))
            .holds("no clock is called wrong", clocks_agree)
            .holds("all are matched", |opened| unmatched(opened) == [0, 0]),
        case("11-one-collective-missing", "attention-gym PR#487")
            .file("11-one-collective-missing-rank0.json")
            .file("11-one-collective-missing-rank1.json")
            .rank(0, figures().wait(120.0))
            .rank(1, figures().wait(80.0))
            .no_other_rank()
            .says("1 collective unmatched (1 of 6 on rank 0)")
            .holds("one of rank 0 is unmatched", |opened| unmatched(opened) == [1, 0])
            .holds("no clock is called wrong", clocks_agree),
        case("46-coordinator", "Magpie#7")
            .file("46-rank0.json")
            .file("46-rank1.json")
            .file("46-z-async-llm.json")
            .rank(0, figures().wait(30.0))
            .rank(1, figures().wait(0.0))
            .no_other_rank()
            .says("Rank 0 waits for rank 1"),
        case("51-coalesced-no-meta", "chakra#178, pytorch#131462")
            .file("51-coalesced-no-meta-rank0.json")
            .file("51-coalesced-no-meta-rank1.json")
            .rank(0, figures().wait(100.0))
            .rank(1, figures().wait(0.0))
            .no_other_rank()
            .holds("one of rank 0 is unmatched", |opened| unmatched(opened) == [1, 0])
            .holds("all-gather meets all-gather", |opened| {
                let names = |name| arrivals(opened).filter(|found| found.contains(name)).count();
                (names("AllReduce"), names("AllGather")) == (2, 1)
            }),
        case("53-seq-differs", "pytorch PR#191990")
            .file("53-seq-differs-rank0.json")
            .file("53-seq-differs-rank1.json")
            .rank(0, figures().wait(120.0))
            .rank(1, figures().wait(0.0))
            .no_other_rank()
            .holds("by turn within the group", |opened| {
                opened.answers[0].0.skew.method == Some(MatchMethod::Order)
            })
            .holds("all are matched", |opened| unmatched(opened) == [0, 0])
            .holds("no clock is called wrong", clocks_agree),
        case("55-two-groups", "TraceLens#60, kineto PR#1294")
            .file("55-two-groups-rank0.json")
            .file("55-two-groups-rank1.json")
            .file("55-two-groups-rank2.json")
            .file("55-two-groups-rank3.json")
            .rank(0, figures().wait(60.0))
            .rank(1, figures().wait(0.0))
            .rank(2, figures().wait(90.0))
            .rank(3, figures().wait(0.0))
            .no_other_rank()
            .holds("all are matched", |opened| unmatched(opened) == [0; 4])
            .holds("no clock is called wrong", clocks_agree),
    ]
}

fn is(opened: &Opened, verdict: CommVerdict) -> bool {
    opened.answers.iter().all(|(_, found)| found.communication == verdict)
}

fn clocks_agree(opened: &Opened) -> bool {
    let mut clocks = opened.answers.iter().flat_map(|(reports, _)| &reports.skew.clocks);
    clocks.all(|clock| !clock.is_corrected())
}

/// By rank; every answer knows those of all ranks.
fn unmatched(opened: &Opened) -> Vec<usize> {
    opened.answers[0].0.skew.matches.iter().map(|rank| rank.unmatched).collect()
}

fn arrivals(opened: &Opened) -> impl Iterator<Item = &str> {
    opened.answers[0].0.skew.collectives.iter().map(|found| found.name.as_str())
}
