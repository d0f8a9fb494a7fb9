//! The plan: what every rank runs.
//!
//! [`plan()`] is pure: the same [`RunSpec`](crate::spec::RunSpec) gives the same [`Plan`].

mod attention;
mod build;
mod builder;
mod decision;
mod error;
mod facts;
mod file;
mod kernel;
mod op;
mod place;
mod role;
mod routing;
mod steps;
mod text;
mod transport;
mod uneven;
mod work;

pub(crate) use attention::pairs_a_head;
pub use attention::{AttentionBlock, AttentionShape};
pub use build::{plan, plan_with};
pub use builder::{Builder, Part};
pub use decision::{Decision, Plan, SplitDecision};
pub use error::PlanError;
pub use facts::{OpFacts, Unsplit, facts};
pub use file::PlanFileError;
pub use op::{Op, OpId, Tiles};
pub use place::{At, Phase, Split, StreamId};
pub use role::{OpRole, STEPS};
#[cfg(feature = "cuda")]
pub(crate) use routing::{chunks, most_chunks, permute_blocks};
pub use steps::{Message, Steps, Where};
pub(crate) use transport::{exposed_fused_ctas, overlapped_ctas};
pub use transport::{fused_transport, link_ctas, unfused_transport};
pub use work::{
    Cluster, Collective, CollectiveShape, Copies, Epilogue, GemmShape, OpWork, Resources,
};
