//! Stamps of thread blocks: which modules get them ([`modules`], [`choose`]), where they go ([`ring`]), how they come
//! out ([`record`], [`gpu`]).

pub mod choose;
pub mod gpu;
pub mod modules;
pub mod record;
pub mod ring;
