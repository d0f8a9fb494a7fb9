//! The neighbours: systems that the field places beside TokenWeave, each as one file that builds two plans, with its idea and
//! without.
//!
//! [`NEIGHBOURS`] lists them. A [`Neighbour`] says what it claims and what may be turned ([`Knob`]); [`Neighbour::simulate`] runs
//! its plans on the simulator and reads off them the [`Figure`]s that stand beside what was published. No figure is assumed:
//! what a paper measured is there to be held against, never put in. docs/neighbours has a page of each.

mod auc;
mod core;
mod eps_moe;
mod figure;
mod flux;
mod instant_ngp;
mod knob;
mod machines;
mod motion2nx;
mod neighbour;
mod ppd;
mod rfad;
mod run;
mod simulate;
mod splitwiser;
mod stand_in;
mod straggler;
mod table;
mod tensor_network;
mod tso;

pub use figure::{Figure, Unit};
pub use knob::{Knob, Range, SettingError, Settings};
pub use neighbour::{Neighbour, Plans, Source};
pub use run::{Run, Runs};
pub use simulate::{NeighbourError, Outcome};
pub use table::{NEIGHBOURS, neighbour};
