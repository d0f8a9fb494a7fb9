use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    app::event::JobResult,
    cluster::{Cluster, folder_of, read, read_all_groups, within},
    jobs::{Asked, JobControl},
};

/// Whether what is to be opened is a folder of digests, and which; or why it is none that can be opened.
pub(crate) fn is_digests(asked: &Asked) -> Option<Result<PathBuf, String>> {
    let path = match asked {
        Asked::Paths(paths) => match &paths[..] {
            [one] => one.clone(),
            _ => return None,
        },
        Asked::Typed(text) => PathBuf::from(text.trim()),
    };
    folder_of(&path).transpose()
}

/// Reads a folder of digests.
pub(crate) fn read_cluster(folder: &Path, control: &JobControl) -> JobResult {
    match read(folder, control) {
        Ok(Ok(cluster)) => JobResult::Cluster(Box::new(cluster)),
        Ok(Err(cause)) => JobResult::Failed(cause),
        Err(_) => JobResult::Cancelled,
    }
}

/// Reads an iteration of all ranks, op by op.
pub(crate) fn read_within(
    cluster: &Arc<Cluster>,
    column: usize,
    control: &JobControl,
) -> JobResult {
    match within(cluster, column, control) {
        Ok(within) => JobResult::Within(Box::new(within)),
        Err(_) => JobResult::Cancelled,
    }
}

/// Reads which groups the ranks are in.
pub(crate) fn read_groups(cluster: &Arc<Cluster>, control: &JobControl) -> JobResult {
    match read_all_groups(cluster, control) {
        Ok(groups) => JobResult::Groups(Arc::clone(cluster), Box::new(groups)),
        Err(_) => JobResult::Cancelled,
    }
}
