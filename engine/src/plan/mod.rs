//! The plan: what every rank runs.
//!
//! [`plan()`] is pure: the same [`RunSpec`](crate::spec::RunSpec) gives the same [`Plan`].

mod attention;
mod build;
mod builder;
mod facts;
mod kernel;
mod op;
mod role;
mod text;
mod transport;
mod types;

pub(crate) use attention::causal_pairs;
pub use attention::{AttentionBlock, attention_blocks};
pub use build::plan;
pub(crate) use builder::{At, Builder, Part};
pub use facts::{OpFacts, facts};
pub use op::{
    AttentionShape, Collective, CollectiveShape, Epilogue, GemmShape, Op, OpId, OpWork, Resources,
};
pub use role::OpRole;
pub(crate) use transport::{exposed_fused_ctas, overlapped_ctas};
pub use transport::{fused_transport, link_ctas, unfused_transport};
pub use types::{Decision, Phase, Plan, PlanError, Split, SplitDecision, StreamId};
