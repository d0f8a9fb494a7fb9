//! Strategies against one another on the same batch: µs a layer, hidden communication, and every kernel against the
//! least time that its work takes on this hardware.
//!
//! Reading order: [`run`](self::bench) (who takes turns), `heard` (one iteration), `kernels` (its ops, grouped),
//! [`Spread`].

mod heard;
mod kernels;
mod run;
mod spread;

pub use kernels::KernelFigures;
pub use run::{Bench, Contender, Figures, Open, Options, bench, layers_us};
pub use spread::Spread;
