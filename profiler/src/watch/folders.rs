//! Folders of jobs: where the sockets of watched processes lie.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use thiserror::Error;
use weftscope_wire::folder;

/// Why a folder cannot be made.
#[derive(Debug, Error)]
#[error("{place}: {cause}")]
pub struct FolderError {
    /// The folder.
    pub place: String,
    /// Why.
    pub cause: io::Error,
}

/// The folder of a job, removed with it.
#[derive(Debug)]
pub(super) struct JobFolder(pub(super) PathBuf);

impl Drop for JobFolder {
    fn drop(&mut self) {
        // What cannot be removed lies in a folder for temporary files.
        let _left = fs::remove_dir_all(&self.0);
    }
}

/// A folder for a new job, among those of this user's.
pub(super) fn job_folder() -> Result<JobFolder, FolderError> {
    let (jobs, uid) = (jobs_folder(), own_uid());
    tidy();
    // One process may watch several programs.
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    let job = jobs.join(format!("{}-{number}", std::process::id()));
    for place in [&jobs, &job] {
        folder::make_private(place, uid)
            .map_err(|cause| FolderError { place: place.display().to_string(), cause })?;
    }
    Ok(JobFolder(job))
}

/// The folder of this user's jobs, there or not.
pub(super) fn jobs_folder() -> PathBuf {
    let runtime =
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir());
    folder::jobs(runtime, &std::env::temp_dir(), own_uid())
}

/// The user: the owner of what this process makes.
fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").map_or(0, |found| found.uid())
}

/// Removes what jobs have left of which nobody lives any more: whoever closes the window leaves the program its sockets.
pub fn tidy() {
    let jobs = jobs_folder();
    // In somebody else's folder nothing is removed, and nothing where a link leads.
    if folder::is_private(&jobs, own_uid()).unwrap_or(false) {
        tidy_in(&jobs, |pid| Path::new("/proc").join(pid.to_string()).exists());
    }
}

fn tidy_in(jobs: &Path, lives: impl Fn(u32) -> bool) {
    let Ok(jobs) = fs::read_dir(jobs) else { return };
    for job in jobs.flatten().map(|job| job.path()) {
        let name = job.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Named after the process that made it, and numbered.
        let numbers =
            name.split_once('-').map(|(pid, number)| (pid.parse(), number.parse::<u32>()));
        let Some((Ok(maker), Ok(_))) = numbers else { continue };
        let entries = fs::read_dir(&job).into_iter().flatten().flatten();
        let mut pids = entries.filter_map(|entry| folder::pid_of(&entry.path()));
        if !lives(maker) && !pids.any(&lives) {
            // What cannot be removed lies in a folder for temporary files.
            let _left = fs::remove_dir_all(&job);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_which_nobody_lives_are_removed() {
        let jobs = tempfile::tempdir().unwrap();
        for (job, file) in [
            ("10-0", "11.sock"),
            ("20-0", "21.sock"),
            ("30-1", "sm_90.patch.cubin"),
            ("40-0", "41.sock"),
            ("notes", "x.txt"),
            ("10-years", "x.txt"),
        ] {
            fs::create_dir(jobs.path().join(job)).unwrap();
            fs::write(jobs.path().join(job).join(file), b"").unwrap();
        }
        // The program of the second goes on, the maker of the fourth.
        tidy_in(jobs.path(), |pid| pid == 21 || pid == 40);
        let mut left: Vec<_> = fs::read_dir(jobs.path())
            .unwrap()
            .map(|job| job.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort_unstable();
        assert_eq!(left, ["10-years", "20-0", "40-0", "notes"]);
    }
}
