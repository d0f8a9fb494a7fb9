//! Machines of papers that no file describes, as those that are described with other links.

use crate::{
    machine::{self, Machine},
    plan::PlanError,
};

/// The machine of this name: a built-in one, or an H800 or A800, which are an H100 and an A100 with fewer NVLinks.
///
/// # Errors
/// [`PlanError::Knob`] where there is none.
pub(super) fn machine_named(name: &str) -> Result<Machine, PlanError> {
    let found = match name {
        // NVIDIA's data sheets: 400 GB/s of NVLink in both directions together instead of 900, and instead of 600.
        "h800x8" => of_links("h100x8", (name, "8 × H800 SXM"), 400.0 / 900.0),
        "a800x8" => of_links("a100x8", (name, "8 × A800 SXM"), 400.0 / 600.0),
        _ => machine::builtin(name),
    };
    let range = || format!("h800x8, a800x8, {}", machine::names().collect::<Vec<_>>().join(", "));
    found.ok_or_else(|| PlanError::Knob { knob: "machine", value: name.to_owned(), range: range() })
}

/// A built-in machine whose links carry so much of what they do. One SM drives as much as before, and nothing is slower but
/// bytes: what a message costs besides is the same.
fn of_links(known: &str, (name, title): (&str, &str), share: f64) -> Option<Machine> {
    let mut machine = machine::builtin(known)?;
    (machine.name, machine.title) = (name.to_owned(), title.to_owned());
    let rates = [
        ("link.bytes_per_s", &mut machine.link.bytes_per_s),
        ("collectives.nccl_bytes_per_s", &mut machine.collectives.nccl_bytes_per_s),
    ];
    for (key, rate) in rates {
        *rate *= share;
        let source = format!("{known}'s × {share:.3}, the share of its NVLinks that there are");
        machine.sources.insert(key.to_owned(), source);
    }
    let in_switch =
        [&mut machine.link.multimem_bytes_per_s, &mut machine.link.multimem_in_place_bytes_per_s];
    for rate in in_switch.into_iter().flatten() {
        *rate *= share;
    }
    machine.expected_error = None;
    Some(machine)
}
