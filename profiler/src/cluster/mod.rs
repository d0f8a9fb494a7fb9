//! Clusters of many servers, simulated: digests of a thousand ranks whose truth is known.
//!
//! Thread blocks of a thousand ranks are out of reach, and not needed: replicas do the same. So what a tensor-parallel group
//! does in a layer is simulated once, block by block (`template.rs`), once more for each group with a slow rank; its digest is
//! made of that recording as of any other. The rest is composed (`schedule.rs`): layers one after another, stages of the
//! pipeline with their sends, replicas with their all-reduces, by the latencies and bandwidths of the network's tiers
//! (`network.rs`), each server by a clock of its own (`clock.rs`). Rows are made rank by rank ([`RankRows`]) and kept nowhere.
//!
//! Not in it: contention between collectives on the network, microbatches whose lengths differ, what layers at the edge of a
//! stage lack of the weave, memory.

mod clock;
mod compose;
mod error;
mod layout;
mod network;
mod rows;
mod schedule;
mod spec;
mod template;

pub use compose::Cluster;
pub use error::ClusterError;
pub use layout::Place;
pub use rows::RankRows;
pub use spec::{Clocks, ClusterSpec, Network, SlowLink, Straggler, Sync, Tier};
