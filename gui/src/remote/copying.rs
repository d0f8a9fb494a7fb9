//! This program copied to a server that has none, once somebody has asked for that.

use std::{
    env::{
        self,
        consts::{ARCH, OS},
    },
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use super::{Ssh, SshTarget, ssh::PLACE};

/// What programs under watch load lies beside it.
const LIBRARY: &str = "libweftscope_inject.so";

/// Copies this program, and the library beside it where there is one; gives what runs it there.
///
/// # Errors
/// In words: another platform, no room, or a program that does not run there.
pub(crate) fn copy_there(ssh: &Ssh, target: &SshTarget) -> Result<String, String> {
    let there = words(&run(ssh, target, "uname -s -m", Stdio::null())?, target, "uname")?;
    let here = platform(OS, ARCH);
    if !there.eq_ignore_ascii_case(&here) {
        return Err(format!(
            "{} is {there} and this computer {here}: build weftscope for it and copy that",
            target.host()
        ));
    }
    let program = env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let library = program.with_file_name(LIBRARY);
    let folder = Path::new(PLACE).parent().unwrap_or(Path::new(""));
    if library.is_file() {
        put(ssh, target, (&library, &folder.join(LIBRARY)))?;
    }
    put(ssh, target, (&program, Path::new(PLACE)))?;
    let said = words(
        &run(ssh, target, &format!("{PLACE} --version"), Stdio::null())?,
        target,
        "the copy",
    )?;
    let version = env!("CARGO_PKG_VERSION");
    if said.split_whitespace().any(|word| word == version) {
        Ok(PLACE.to_owned())
    } else {
        Err(format!("{}: the copy says {said:?} and no version", target.host()))
    }
}

/// As `uname -s -m` has it.
fn platform(os: &str, arch: &str) -> String {
    let os = match os {
        "macos" => "Darwin",
        other => other,
    };
    let arch = match (os, arch) {
        ("Darwin", "aarch64") => "arm64",
        (_, other) => other,
    };
    format!("{os} {arch}")
}

/// Puts a file there: beside first, then renamed, so that what has the name is whole.
fn put(ssh: &Ssh, target: &SshTarget, (from, to): (&PathBuf, &Path)) -> Result<(), String> {
    let file = File::open(from).map_err(|error| format!("{}: {error}", from.display()))?;
    let bytes = file.metadata().map_err(|error| format!("{}: {error}", from.display()))?.len();
    let (to, folder) = (to.display(), to.parent().unwrap_or(Path::new(".")).display());
    // A connection that breaks ends the stream early: then it is not as long as it was.
    let script = format!(
        "umask 022; mkdir -p {folder} && cat > {to}.part && test $(wc -c < {to}.part) -eq {bytes} && chmod 755 {to}.part && mv -f {to}.part {to}"
    );
    words(&run(ssh, target, &script, file.into())?, target, "copying").map(drop)
}

/// Runs a script there, whatever the login shell is.
fn run(ssh: &Ssh, target: &SshTarget, script: &str, input: Stdio) -> Result<Output, String> {
    Command::new(&ssh.program)
        .args(target.ssh_arguments(&["sh", "-c", script]))
        .stdin(input)
        .output()
        .map_err(|error: io::Error| format!("cannot start ssh: {error}"))
}

/// What it printed, when it went well.
fn words(output: &Output, target: &SshTarget, what: &str) -> Result<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = text(&output.stderr);
    let last = said.lines().next_back().unwrap_or("it does not say why");
    Err(format!("{}: {what} failed: {last}", target.host()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    /// A server that is a folder of this computer; what it calls itself is said by `uname`.
    fn server(folder: &Path, uname: &str) -> Ssh {
        let bin = folder.join("bin");
        fs::create_dir_all(&bin).unwrap();
        let script = |path: &Path, text: String| {
            fs::write(path, text).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        script(&bin.join("uname"), format!("#!/bin/sh\necho {uname}\n"));
        let ssh = folder.join("ssh");
        let home = folder.join("home");
        fs::create_dir_all(&home).unwrap();
        script(
            &ssh,
            format!(
                "#!/bin/sh\nfor last; do :; done; cd '{}'; PATH='{}':$PATH exec sh -c \"$last\"\n",
                home.display(),
                bin.display()
            ),
        );
        Ssh { program: ssh.into(), remote: "weftscope".to_owned() }
    }

    /// The copy is this test's own program, which is no weftscope: it is whole, runs, and is not taken for one.
    #[test]
    fn what_is_copied_is_whole_and_is_asked_who_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let ssh = server(folder.path(), &platform(OS, ARCH));
        let target: SshTarget = "ssh://box".parse().unwrap();
        let told = copy_there(&ssh, &target).unwrap_err();
        assert!(told.starts_with("box: the copy "), "{told}");
        let home = folder.path().join("home");
        let copied = fs::read(home.join(PLACE)).unwrap();
        assert!(copied == fs::read(env::current_exe().unwrap()).unwrap());
        let names: Vec<_> = fs::read_dir(home.join(".local/bin")).unwrap().flatten().collect();
        assert!(names.iter().all(|name| !name.path().to_string_lossy().ends_with(".part")));
    }

    #[test]
    fn another_platform_is_told_before_anything_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let ssh = server(folder.path(), "Linux riscv64");
        let told = copy_there(&ssh, &"ssh://box".parse().unwrap()).unwrap_err();
        assert!(told.starts_with("box is Linux riscv64 and this computer "), "{told}");
        assert!(!folder.path().join("home/.local").exists());
        assert_eq!(platform("macos", "aarch64"), "Darwin arm64");
        assert_eq!(platform("linux", "x86_64"), "linux x86_64");
    }

    #[test]
    fn what_fails_there_is_told_as_it_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let ssh = server(folder.path(), &platform(OS, ARCH));
        let home = folder.path().join("home");
        // A file is where the folder would be.
        fs::write(home.join(".local"), b"").unwrap();
        let told = copy_there(&ssh, &"ssh://box".parse().unwrap()).unwrap_err();
        assert!(told.starts_with("box: copying failed: "), "{told}");
    }
}
