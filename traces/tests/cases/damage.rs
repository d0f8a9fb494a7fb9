//! Text that is damaged, cut, wrapped or out of range: what is whole is read, what is not is counted and placed.

use crate::case::{Case, case, figures};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("01-bare-inf-nan", "pytorch/kineto#105")
            .file("01-bare-inf-nan.json")
            .rank(0, figures().compute(50.0).comm(40.0).hidden(30.0).pct(75.0))
            .not_yet(),
        case("17-proton-two-objects", "triton PR#6916")
            .file("17-proton-two-objects.json")
            .rank(0, figures().pct(50.0))
            .not_yet(),
        case("21b-gz-cut", "ROCm/MAD PR#224").file("21b-gz-cut.json.gz").says("cut off").not_yet(),
        case("21c-plain-cut", "ROCm/MAD PR#224")
            .file("21c-plain-cut.json")
            .says("cut off")
            .not_yet(),
        case("22-interleaved", "TensorRT-LLM PR#13536").file("22-interleaved.json").not_yet(),
        case("23b-overwritten-gz", "sglang PR#15326").file("23b-overwritten-gz.json.gz").not_yet(),
        case("27-empty-last-event", "perfetto#6251")
            .file("27-empty-last-event.json")
            .clean()
            .not_yet(),
        case("37-mgzip", "perfetto#872").file("37-mgzip.json.gz"),
        case("38a-double-gz", "perfetto#584").file("38a-double-gz.json.gz").not_yet(),
        case("38b-zip", "perfetto#1009").file("38b-trace.zip").not_yet(),
        case("38c-tar", "tracy PR#208").file("38c-trace.tar.gz").not_yet(),
        case("50-gz-zero-padding", "gunzip's habit").file("50-gz-zero-padding.json.gz").not_yet(),
        case("nan_arg", "ours").file("damaged/nan_arg.json"),
        case("s2_1714", "ours").file("damaged/s2_1714.weft").refused("TRACKS chunk"),
        case("s2_3329", "ours").file("damaged/s2_3329.json").not_yet(),
        case("ts_wrap", "ours").file("damaged/ts_wrap.json").not_yet(),
    ]
}
