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
    let mut right = 0;
    for case in &cases {
        let faults = case.faults();
        let answer = if faults.is_empty() { "right" } else { "WRONG" };
        println!("{:<34} {:<32} {answer}", case.name, case.reported_at);
        for fault in &faults {
            println!("    {fault}");
        }
        right += usize::from(faults.is_empty());
    }
    println!("{right} of {} cases right", cases.len());
    assert!(right == cases.len(), "not all cases are answered rightly");
}
