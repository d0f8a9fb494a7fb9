//! Names by which programs number their iterations.

use std::sync::LazyLock;

use regex::Regex;

static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    let words = "iteration|iter|step|profilerstep|train[_ ]?step|decode[_ ]?step|engine[_ ]?step";
    Regex::new(&format!(r"(?i)^(?:{words})[\s_#:=\[(]*\d+[\])]?$")).expect("a constant pattern")
});

/// A range of this name is an iteration: `iteration 3`, `step=12`, `ProfilerStep#7`, `iter_0004`.
pub fn numbers_an_iteration(name: &str) -> bool {
    NUMBERED.is_match(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_number_an_iteration() {
        for name in
            ["iteration 3", "Iteration_12", "step=0", "ProfilerStep#7", "iter[4]", "train_step 9"]
        {
            assert!(numbers_an_iteration(name), "{name}");
        }
        for name in [
            "step",
            "aten::step 3",
            "optimizer step",
            "iteration 3 forward",
            "FlashAttnFunc, seq = 4",
        ] {
            assert!(!numbers_an_iteration(name), "{name}");
        }
    }
}
