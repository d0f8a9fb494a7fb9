use super::{outcome, shown};

/// The most that the paper claims, over models, tasks and GPUs.
const MOST: f64 = 2.49;

/// Faster than token by token, by no more than is claimed; trees of the sizes that the authors search, 60 to 120.
#[test]
fn it_is_faster_within_what_is_claimed() {
    for machine in ["a100x8", "h100x8", "rtx4090x2"] {
        for tree in ["60", "90", "120"] {
            let set = [("machine", machine), ("tree", tree)];
            let speed_up = shown(&outcome("parallel-prompt-decoding", &set), "speed-up");
            assert!(speed_up > 1.5 && speed_up <= MOST, "{machine} {tree}: {speed_up}");
        }
    }
}

/// Larger trees guess more and take longer: the best size depends on the GPU, and is neither the least nor the most.
#[test]
fn the_best_tree_lies_between() {
    let speed_up = |tree| {
        let set = [("machine", "rtx4090x2"), ("tree", tree)];
        shown(&outcome("parallel-prompt-decoding", &set), "speed-up")
    };
    let [few, some, many] = ["4", "60", "512"].map(speed_up);
    assert!(some > few && some > many, "{few} {some} {many}");
}

/// Sequences that share a step leave less room for guesses.
#[test]
fn together_there_is_less_to_win() {
    let speed_up = |sequences| {
        let set = [("sequences", sequences)];
        shown(&outcome("parallel-prompt-decoding", &set), "speed-up")
    };
    assert!(speed_up("32") < speed_up("1"));
}
