//! A document that lies at the other end of a link: what is sent of it, and what is made of that here.
//!
//! The end that holds it (`Held`) sends a part at a time, as much as a view shows (`Look`), with what was worked out from all
//! of it: ribbons and explanation. The window makes an ordinary [`Document`](super::Document) of that, which says what is not in it ([`Part`]).

#[cfg(not(target_arch = "wasm32"))]
mod answering;
#[cfg(not(target_arch = "wasm32"))]
mod asker;
mod facts;
mod held;
mod look;
#[cfg(not(target_arch = "wasm32"))]
mod question;
#[cfg(not(target_arch = "wasm32"))]
mod received;
mod sent;
#[cfg(test)]
mod tests;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use answering::InPieces;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use asker::{Answer, Asker, Asking};
pub use facts::Part;
pub(crate) use held::Held;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use held::explained;
pub(crate) use look::Look;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use question::Question;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use received::{Known, received};
