//! Inputs from the field with their right answers, printed as one table: `cargo test --test cases`.
//!
//! Every file in `input` reproduces what somebody reported of a profiler or viewer (repository and number in the
//! table; the inputs are ours, names of kernels are facts). Expected figures were computed apart, by interval unions
//! over exact decimals. One case stands for a kind of fault. `cargo test --test cases -- jax` runs those whose name
//! holds `jax`.

mod case;
mod collectives;
mod damage;
mod rows;

use case::Case;

fn main() {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let cases: Vec<Case> = [damage::cases(), rows::cases(), collectives::cases()]
        .into_iter()
        .flatten()
        .filter(|case| wanted.as_ref().is_none_or(|text| case.name.contains(text.as_str())))
        .collect();
    println!("{:<34} {:<32} answer", "case", "reported at");
    let (mut right, mut failed) = (0, 0);
    for case in &cases {
        let faults = case.faults();
        let (is_right, is_expected) = (faults.is_empty(), faults.is_empty() != case.is_open);
        let answer = match (is_right, case.is_open) {
            (true, false) => "right",
            (true, true) => "right, but still marked as open",
            (false, true) => "not yet",
            (false, false) => "WRONG",
        };
        println!("{:<34} {:<32} {answer}", case.name, case.reported_at);
        for fault in faults.iter().filter(|_| !is_expected || wanted.is_some()) {
            println!("    {fault}");
        }
        right += usize::from(is_right);
        failed += usize::from(!is_expected);
    }
    println!("{right} of {} cases right", cases.len());
    assert!(failed == 0, "{failed} cases are not as stated");
}
