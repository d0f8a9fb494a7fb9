//! Which collective is it, and who waits for whom.

use crate::case::{Case, case, figures};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("10-profiler-start-skew", "Hyperloom PR#1249")
            .file("10-profiler-start-skew-rank0.json")
            .file("10-profiler-start-skew-rank1.json")
            .rank(0, figures().wait(17_456_106.0)),
        case("11-one-collective-missing", "attention-gym PR#487")
            .file("11-one-collective-missing-rank0.json")
            .file("11-one-collective-missing-rank1.json")
            .rank(0, figures().wait(120.0))
            .rank(1, figures().wait(80.0))
            .not_yet(),
        case("46-coordinator", "Magpie#7")
            .file("46-rank0.json")
            .file("46-rank1.json")
            .file("46-z-async-llm.json")
            .rank(0, figures().wait(30.0)),
        case("51-coalesced-no-meta", "chakra#178, pytorch#131462")
            .file("51-coalesced-no-meta-rank0.json")
            .file("51-coalesced-no-meta-rank1.json")
            .rank(0, figures().wait(100.0))
            .not_yet(),
        case("53-seq-differs", "pytorch PR#191990")
            .file("53-seq-differs-rank0.json")
            .file("53-seq-differs-rank1.json")
            .rank(0, figures().wait(120.0))
            .rank(1, figures().wait(0.0))
            .not_yet(),
        case("55-two-groups", "TraceLens#60, kineto PR#1294")
            .file("55-two-groups-rank0.json")
            .file("55-two-groups-rank1.json")
            .file("55-two-groups-rank2.json")
            .file("55-two-groups-rank3.json")
            .rank(0, figures().wait(60.0))
            .rank(1, figures().wait(0.0))
            .rank(2, figures().wait(90.0))
            .rank(3, figures().wait(0.0))
            .not_yet(),
    ]
}
