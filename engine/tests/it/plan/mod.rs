//! Plans: what they are made from, their text, and what holds for every one.

mod batches;
mod files;
mod models;
mod properties;
mod snapshots;
mod weave;
