//! Each neighbour's claim, its direction and its size, in the simulator. Bounds come from what was published, and were set
//! before the first run.

mod core;
mod data_parallel;
mod eps_moe;
mod flux;
mod motion2nx;
mod pages;
mod ppd;
mod splitwiser;
mod straggler;
mod table;
mod tensor_network;
mod tso;

use weftscope_engine::neighbours::{Figure, Outcome, neighbour};

/// A neighbour with these knobs, run.
fn outcome(name: &str, set: &[(&str, &str)]) -> Outcome {
    let neighbour = neighbour(name).expect("there is one");
    let mut settings = neighbour.settings();
    for (knob, value) in set {
        settings.set(knob, value).expect("it may be that");
    }
    neighbour.simulate(&settings, &|| false).expect("it runs")
}

/// What the runs show of this.
fn shown(outcome: &Outcome, figure: &str) -> f64 {
    let is_it = |it: &&Figure| it.name == figure;
    let found = outcome.figures.iter().find(is_it).unwrap_or_else(|| panic!("no {figure}"));
    println!("{figure}: {}, published {:?}", found.text(), found.published);
    found.ours.unwrap_or_else(|| panic!("{figure} is not known"))
}
