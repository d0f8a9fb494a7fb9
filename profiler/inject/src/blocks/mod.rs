//! Stamps of thread blocks: which modules get them ([`modules`], [`choose`]), where they go ([`ring`], those of graphs
//! through [`graphs`]), how they come out ([`record`], [`waiting`], [`gpu`]).

pub mod budget;
pub mod choose;
pub mod copies;
pub mod gpu;
pub mod graphs;
pub mod modules;
pub mod record;
pub mod ring;
pub mod waiting;
