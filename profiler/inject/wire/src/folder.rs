//! Where the sockets of watched processes lie: one folder a job, one socket a process, none of them anybody else's.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The user's folder of jobs: `$XDG_RUNTIME_DIR/weftscope`, or `weftscope-UID` in the folder for temporary files.
pub fn jobs(runtime_dir: Option<PathBuf>, temporary: &Path, uid: u32) -> PathBuf {
    match runtime_dir {
        Some(folder) if folder.is_absolute() => folder.join("weftscope"),
        _ => temporary.join(format!("weftscope-{uid}")),
    }
}

/// The socket of a process.
pub fn socket(job: &Path, pid: u32) -> PathBuf {
    job.join(format!("{pid}.sock"))
}

/// The process whose socket this is; `None`: it is something else.
pub fn pid_of(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_suffix(".sock")?.parse().ok()
}

/// Makes a folder that nobody else may enter, unless it is there. Whoever can write to the folder above could have put
/// one there to listen in, so one that is there must be the user's and closed to others.
///
/// # Errors
/// When it cannot be made or is not private.
pub fn make_private(path: &Path, uid: u32) -> io::Result<()> {
    match DirBuilder::new().recursive(false).mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if !is_private(path, uid)? {
        let message =
            format!("{} is not a folder of yours that is closed to others", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    Ok(())
}

/// It is a folder, no link to one, the user's, and closed to others.
///
/// # Errors
/// When there is nothing there.
pub fn is_private(path: &Path, uid: u32) -> io::Result<bool> {
    let found = fs::symlink_metadata(path)?;
    Ok(found.is_dir() && found.uid() == uid && found.permissions().mode() & 0o077 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_jobs_is_the_users() {
        let temporary = Path::new("/tmp");
        assert_eq!(
            jobs(Some("/run/user/7".into()), temporary, 7),
            Path::new("/run/user/7/weftscope")
        );
        assert_eq!(jobs(None, temporary, 7), Path::new("/tmp/weftscope-7"));
        assert_eq!(jobs(Some("relative".into()), temporary, 7), Path::new("/tmp/weftscope-7"));
    }

    #[test]
    fn a_socket_tells_its_process() {
        let path = socket(Path::new("/x"), 4711);
        assert_eq!(pid_of(&path), Some(4711));
        assert_eq!(pid_of(Path::new("/x/notes.txt")), None);
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let uid = fs::metadata(folder.path()).unwrap().uid();
        let job = folder.path().join("job");
        make_private(&job, uid).unwrap();
        make_private(&job, uid).unwrap();
        assert!(make_private(&job, uid + 1).is_err());
        fs::set_permissions(&job, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(make_private(&job, uid).is_err());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(!is_private(&link, uid).unwrap());
        assert!(is_private(&folder.path().join("none"), uid).is_err());
    }
}
