//! A real sshd on the loopback, with throw-away keys, and the ssh that reaches it: Debian's openssh-server, run by whoever runs
//! the tests.

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Where Debian has it; it insists on being started by its whole path.
const SSHD: &str = "/usr/sbin/sshd";
/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running sshd; it ends when this is dropped.
pub struct Sshd {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Sshd {
    /// Starts one.
    ///
    /// # Errors
    /// In words, where OpenSSH is not installed, or does not run here.
    pub fn start() -> Result<Self, String> {
        if !Path::new(SSHD).exists() {
            return Err(format!("{SSHD} is not there: install openssh-server"));
        }
        let failed = |error: std::io::Error| format!("sshd: {error}");
        let folder = tempfile::tempdir().map_err(failed)?;
        let file = |name: &str| folder.path().join(name);
        for name in ["host", "user"] {
            let key = file(name);
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(&key)
                .status()
                .map_err(failed)?;
            if !made.success() {
                return Err("ssh-keygen made no key".to_owned());
            }
        }
        fs::copy(file("user.pub"), file("authorized")).map_err(failed)?;
        // Only where sshd runs as root does it want this folder, and only then can it be made.
        let _made = fs::create_dir_all("/run/sshd");
        let port = free_port().map_err(failed)?;
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nPrintMotd no\nMaxStartups 100\n",
            file("host").display(),
            file("authorized").display(),
        );
        fs::write(file("sshd_config"), config).map_err(failed)?;
        let log = fs::File::create(file("sshd.log")).map_err(failed)?;
        let child = Command::new(SSHD)
            .args(["-D", "-e", "-f"])
            .arg(file("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let sshd = Self { child, folder, port };
        let began = Instant::now();
        while TcpStream::connect(sshd.address()).is_err() {
            if began.elapsed() > PATIENCE {
                let log =
                    fs::read_to_string(sshd.folder.path().join("sshd.log")).unwrap_or_default();
                return Err(format!("sshd does not listen: {log}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(sshd)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The path of an ssh to which `testbox` is what listens on `port`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn ssh(&self, port: u16) -> PathBuf {
        let file = |name: &str| self.folder.path().join(name);
        let config = format!(
            "Host testbox\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {}\n  IdentitiesOnly yes\n  BatchMode yes\n\
             \x20 UserKnownHostsFile {}\n  StrictHostKeyChecking accept-new\n  LogLevel ERROR\n",
            file("user").display(),
            file("known_hosts").display(),
        );
        let config_path = file(&format!("ssh_config_{port}"));
        fs::write(&config_path, config).expect("a folder of ours");
        script(
            &file(&format!("ssh_{port}")),
            &format!("#!/bin/sh\nexec ssh -F '{}' \"$@\"\n", config_path.display()),
        )
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Writes a program of the shell's.
fn script(path: &Path, text: &str) -> PathBuf {
    let mut file = fs::File::create(path).expect("a folder of ours");
    file.write_all(text.as_bytes()).expect("a folder of ours");
    file.set_permissions(fs::Permissions::from_mode(0o700)).expect("a file of ours");
    path.to_owned()
}

/// A port that nobody listens on, at this moment.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
