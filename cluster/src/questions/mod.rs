//! The questions, a file each.

mod drift;
mod links;
mod overlap;
mod skew;
mod stragglers;

pub use drift::drift;
pub use links::links;
pub use overlap::overlap;
pub use skew::{matrix, skew};
pub use stragglers::stragglers;

use crate::answer::Answer;
use crate::error::ClusterError;
use crate::open::Digest;

/// What is asked where nothing is named, in this order. Besides there is `matrix`: skew rank by rank.
pub const NAMES: [&str; 5] = ["stragglers", "skew", "overlap", "links", "drift"];

/// Asks the question of this name; `None` where there is none.
///
/// # Errors
/// [`ClusterError`].
pub async fn ask(digest: &Digest, name: &str) -> Result<Option<Answer>, ClusterError> {
    Ok(Some(match name {
        "stragglers" => stragglers(digest).await?,
        "skew" => skew(digest).await?,
        "matrix" => matrix(digest).await?,
        "overlap" => overlap(digest).await?,
        "links" => links(digest).await?,
        "drift" => drift(digest).await?,
        _ => return Ok(None),
    }))
}
