//! Watched processes of this user that are there to be recorded.

use std::{
    fs,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use weftscope_wire::{Hello, Reply, VERSION, folder, frame};

use super::{Process, folders::jobs_folder};

/// How long a process may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// A process that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub socket: PathBuf,
    /// Who it says that it is; else why it did not.
    pub hello: Result<Hello, String>,
}

impl Found {
    /// Its number.
    pub fn pid(&self) -> Option<u32> {
        folder::pid_of(&self.socket)
    }

    /// Its job: the folder that its socket lies in.
    pub fn job(&self) -> &str {
        let folder = self.socket.parent().and_then(Path::file_name);
        folder.and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Its rank, where its launcher says one.
    pub fn rank(&self) -> Option<u32> {
        Process::new(self.hello.clone().ok()?).rank()
    }

    /// Asks who listens on a socket.
    pub fn at(socket: PathBuf) -> Self {
        let hello = greeted(&socket).map_err(|error| error.to_string());
        Self { socket, hello }
    }
}

fn greeted(socket: &Path) -> std::io::Result<Hello> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    match frame::read::<Reply>(&mut stream).map_err(std::io::Error::other)? {
        Reply::Hello(hello) if hello.version == VERSION => Ok(hello),
        Reply::Hello(hello) => Err(std::io::Error::other(format!(
            "it has the library of another version of weftscope ({}, not {VERSION})",
            hello.version
        ))),
        _ => Err(std::io::Error::other("it does not say who it is")),
    }
}

/// All processes in the user's jobs, by job and number.
pub fn all() -> Vec<Found> {
    let Ok(jobs) = fs::read_dir(jobs_folder()) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = jobs.flatten().map(|job| job.path()).collect();
    folders.sort_unstable();
    folders.iter().flat_map(|folder| in_folder(folder)).collect()
}

/// The processes of a job.
pub fn in_folder(job: &Path) -> Vec<Found> {
    let Ok(entries) = fs::read_dir(job) else { return Vec::new() };
    let mut sockets: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    sockets.retain(|path| folder::pid_of(path).is_some());
    sockets.sort_unstable_by_key(|path| folder::pid_of(path));
    sockets.into_iter().map(Found::at).collect()
}

/// The processes that a word means: the path of a socket or of a job's folder, the number of a process, or a job as
/// [`Found::job`] names it. Empty: nobody is meant.
pub fn meant(word: &str) -> Vec<Found> {
    let path = Path::new(word);
    if path.is_dir() {
        return in_folder(path);
    }
    if folder::pid_of(path).is_some() && path.exists() {
        return vec![Found::at(path.to_owned())];
    }
    let pid = word.parse::<u32>().ok();
    let mut all = all();
    all.retain(|found| found.job() == word || (pid.is_some() && found.pid() == pid));
    all
}

#[cfg(test)]
mod tests {
    use std::{os::unix::net::UnixListener, thread};

    use super::*;

    /// Listens for ever, and greets as `version`.
    fn process(job: &Path, pid: u32, version: u32) {
        let listener = UnixListener::bind(folder::socket(job, pid)).unwrap();
        let variables = vec![("RANK".to_owned(), "3".to_owned())];
        let hello = Hello { pid, version, variables, ..Hello::default() };
        let greet = move || {
            for mut stream in listener.incoming().flatten() {
                let _gone = frame::write(&mut stream, &Reply::Hello(hello.clone()));
            }
        };
        thread::Builder::new().name(format!("made {pid}")).spawn(greet).unwrap();
    }

    #[test]
    fn processes_of_a_job_are_found_by_folder_and_by_socket() {
        let job = tempfile::tempdir().unwrap();
        process(job.path(), 20, VERSION);
        process(job.path(), 9, VERSION + 1);
        fs::write(job.path().join("sm_90.patch.cubin"), b"").unwrap();
        // One that died left its socket.
        drop(UnixListener::bind(folder::socket(job.path(), 30)).unwrap());
        let found = meant(job.path().to_str().unwrap());
        assert_eq!(found.iter().map(Found::pid).collect::<Vec<_>>(), [Some(9), Some(20), Some(30)]);
        assert!(found[0].hello.as_ref().unwrap_err().contains("another version"));
        assert_eq!((found[1].rank(), found[0].rank()), (Some(3), None));
        assert!(found[2].hello.is_err());
        let one = meant(found[1].socket.to_str().unwrap());
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].job(), job.path().file_name().unwrap().to_str().unwrap());
        assert!(meant("no-such-job").is_empty());
    }
}
