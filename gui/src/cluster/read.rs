//! The folder of a job, as `weftscope digest` writes it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use weftscope_traces::digest::{
    DigestOf, IterationRow, Kind, RankIterations, ReadError, read_iterations,
};

use super::Measure;
use crate::jobs::{Cancelled, JobControl, spread};

/// Ranks that are read between two looks whether it is still wanted.
const AT_ONCE: usize = 64;

/// A rank, iteration by iteration.
#[derive(Clone, Debug, PartialEq)]
pub struct RankRows {
    /// Whose they are.
    pub of: DigestOf,
    /// By column of the cluster; `None` where the rank has none.
    pub rows: Vec<Option<IterationRow>>,
    /// Its ops.
    pub ops: PathBuf,
}

/// The ranks of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// Its folder, `…/job=NAME`.
    pub folder: PathBuf,
    /// Its name.
    pub job: String,
    /// By number.
    pub ranks: Vec<RankRows>,
    /// Numbers of the iterations, a column each; `None` where recordings have no marks.
    pub iterations: Vec<Option<i64>>,
    /// Computation of the median rank in each, ns.
    pub usual_compute_ns: Vec<Option<f64>>,
    /// What could not be read: place and cause.
    pub unread: Vec<String>,
}

/// The folder of the job that a path means; `None`: it is no folder of digests.
///
/// # Errors
/// In words, where it holds several jobs.
pub fn folder_of(path: &Path) -> Result<Option<PathBuf>, String> {
    let begins = |path: &Path, with: &str| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(with))
    };
    if !path.is_dir() {
        return Ok(None);
    }
    let inside = |with: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        found.retain(|path| path.is_dir() && begins(path, with));
        found.sort();
        found
    };
    if begins(path, "job=") && !inside("rank=").is_empty() {
        return Ok(Some(path.to_owned()));
    }
    match &inside("job=")[..] {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        several => {
            let names: Vec<String> = several.iter().filter_map(|path| name_of(path)).collect();
            Err(format!(
                "{} holds the digests of {} jobs: name one of {}",
                path.display(),
                several.len(),
                names.join(", ")
            ))
        }
    }
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// Reads the iterations of all ranks.
///
/// # Errors
/// In words, where there is nothing to be read.
pub fn read(folder: &Path, control: &JobControl) -> Result<Result<Cluster, String>, Cancelled> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return Ok(Err(format!("{}: {error}", folder.display()))),
    };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|path| name_of(path).is_some_and(|name| name.starts_with("rank=")));
    folders.sort();
    let mut found = Vec::with_capacity(folders.len());
    for (done, some) in folders.chunks(AT_ONCE).enumerate() {
        control.step((done * AT_ONCE) as u64, folders.len().max(1) as u64)?;
        found.extend(spread(some.len(), |at| (some[at].clone(), one(&some[at]))));
    }
    let (mut ranks, mut unread) = (Vec::new(), Vec::new());
    for (folder, rank) in found {
        match rank {
            Ok(rank) => ranks.push((folder.join("kind=op"), rank)),
            Err(cause) => unread.push(cause),
        }
    }
    if ranks.is_empty() {
        let first = unread.into_iter().next();
        let cause = first.unwrap_or_else(|| "there is no digest of a rank in it".to_owned());
        return Ok(Err(format!("{}: {cause}", folder.display())));
    }
    let name = name_of(folder).unwrap_or_default();
    let job = name.strip_prefix("job=").unwrap_or(&name).to_owned();
    Ok(Ok(Cluster::of((folder.to_owned(), job), ranks, unread)))
}

fn one(folder: &Path) -> Result<RankIterations, String> {
    let mut all: Option<RankIterations> = None;
    let folder = folder.join(format!("kind={}", Kind::Iteration.name()));
    each_part(&folder, read_iterations, |part| match &mut all {
        Some(all) => part.rows.into_iter().for_each(|row| take(&mut all.rows, row)),
        None => all = Some(part),
    })?;
    all.ok_or_else(|| format!("{}: no file of Parquet", folder.display()))
}

/// Takes a row of a later part in. Rows without a number stand for all of their parts, and become one for all of the run.
fn take(rows: &mut Vec<IterationRow>, row: IterationRow) {
    let whole = rows.iter_mut().find(|known| known.iteration.is_none() && row.iteration.is_none());
    let Some(whole) = whole else { return rows.push(row) };
    let sum = |one: Option<i64>, other: Option<i64>| one.zip(other).map(|(one, other)| one + other);
    whole.idle_ns += row.idle_ns + (row.start_ns - whole.end_ns).max(0);
    whole.end_ns = whole.end_ns.max(row.end_ns);
    whole.start_ns = whole.start_ns.min(row.start_ns);
    whole.compute_ns += row.compute_ns;
    whole.comm_ns += row.comm_ns;
    whole.hidden_ns += row.hidden_ns;
    whole.exposed_ns += row.exposed_ns;
    whole.exposed_memcpy_ns += row.exposed_memcpy_ns;
    whole.wait_ns = sum(whole.wait_ns, row.wait_ns);
    // Of the two shares there is none of both.
    whole.sm_weighted_pct = None;
    whole.sm_ns = sum(whole.sm_ns, row.sm_ns);
    whole.ops += row.ops;
    whole.comm_ops += row.comm_ops;
}

/// Reads the parts of a digest in a folder, one after another, and takes them in.
///
/// # Errors
/// In words, with the file.
pub(super) fn each_part<T>(
    folder: &Path,
    mut read: impl FnMut(fs::File) -> Result<T, ReadError>,
    mut take: impl FnMut(T),
) -> Result<(), String> {
    for path in files_in(folder)? {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let file = fs::File::open(&path).map_err(|error| named(&error))?;
        take(read(file).map_err(|error| named(&error))?);
    }
    Ok(())
}

/// The files of a folder, in the order in which they were closed: what has such a name is whole. One of a digested recording, several
/// of a run that goes on; never none.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "parquet"));
    // part-10 comes after part-9.
    files.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    match files.is_empty() {
        true => Err(format!("{}: no file of Parquet", folder.display())),
        false => Ok(files),
    }
}

impl Cluster {
    /// Of what was read: ranks with the folders of their ops.
    pub(super) fn of(
        (folder, job): (PathBuf, String),
        mut read: Vec<(PathBuf, RankIterations)>,
        unread: Vec<String>,
    ) -> Self {
        read.sort_by_key(|(_, rank)| rank.of.rank);
        let numbers: BTreeSet<Option<i64>> =
            read.iter().flat_map(|(_, rank)| rank.rows.iter().map(|row| row.iteration)).collect();
        let iterations: Vec<Option<i64>> = numbers.into_iter().collect();
        let ranks: Vec<RankRows> = read
            .into_iter()
            .map(|(ops, rank)| {
                let mut rows = vec![None; iterations.len()];
                for row in rank.rows {
                    if let Ok(at) = iterations.binary_search(&row.iteration) {
                        rows[at] = Some(row);
                    }
                }
                RankRows { of: rank.of, rows, ops }
            })
            .collect();
        let usual = |column: usize| {
            let rows = ranks.iter().filter_map(|rank| rank.rows[column].as_ref());
            let mut all: Vec<i64> = rows.map(|row| row.compute_ns).collect();
            let middle = all.len() / 2;
            (!all.is_empty()).then(|| *all.select_nth_unstable(middle).1 as f64)
        };
        let usual_compute_ns = (0..iterations.len()).map(usual).collect();
        Self { folder, job, ranks, iterations, usual_compute_ns, unread }
    }

    /// What is shown of a rank, by its place, in a column. `None`: not known.
    pub fn value(&self, rank: usize, column: usize, measure: Measure) -> Option<f64> {
        let row = self.ranks.get(rank)?.rows.get(column)?.as_ref()?;
        measure.of(row, self.usual_compute_ns[column])
    }

    /// The mean of that over the iterations in which it is known.
    pub fn mean(&self, rank: usize, measure: Measure) -> Option<f64> {
        let known = (0..self.iterations.len()).filter_map(|at| self.value(rank, at, measure));
        let (sum, count) = known.fold((0.0, 0_u32), |(sum, count), it| (sum + it, count + 1));
        (count > 0).then(|| sum / f64::from(count))
    }

    /// How many servers the ranks are on; `None` where that is not known of all.
    pub fn num_servers(&self) -> Option<usize> {
        let servers: Option<BTreeSet<&str>> =
            self.ranks.iter().map(|rank| rank.of.server.as_deref()).collect();
        servers.map(|servers| servers.len())
    }
}
