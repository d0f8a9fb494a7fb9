use super::{outcome, shown};

/// The most that the paper claims: latency, throughput.
const MOST: (f64, f64) = (0.182, 1.42);

/// Both together take less than in turns, by no more than is claimed.
#[test]
fn both_take_less_within_what_is_claimed() {
    for machine in ["a100x8", "h100x8"] {
        let outcome = outcome("splitwiser", &[("machine", machine)]);
        let less = shown(&outcome, "less latency of both together");
        let throughput = shown(&outcome, "throughput");
        for figure in &outcome.figures {
            println!("  {}: {}", figure.name, figure.text());
        }
        assert!(throughput > 1.0 && throughput <= MOST.1, "{machine}: {throughput}");
        assert!(less > 0.0, "{machine}: {less}");
    }
}

/// Nobody gains for nothing: decode steps beside prompts take no less than alone, but for the spread of blocks, which is another
/// where an op has another place; and less than in turns.
#[test]
fn decode_steps_lie_between_alone_and_in_turns() {
    for model in ["opt-125m", "llama-7b"] {
        let outcome = outcome("splitwiser", &[("model", model), ("layers", "4")]);
        let [alone, beside, turns] = ["alone", "beside", "in turns"]
            .map(|how| shown(&outcome, &format!("decode steps, {how}")));
        assert!(alone <= 1.001 * beside && beside < turns, "{model}: {alone} {beside} {turns}");
    }
}
