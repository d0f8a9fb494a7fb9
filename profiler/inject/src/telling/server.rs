//! Listening: anybody who may open the socket is told who is there, and may ask for a recording.

use std::{
    fs, io,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    thread,
    time::Duration,
};

use weftscope_wire::{Command, Hello, Reply, frame};

/// A viewer that takes nothing for so long is gone: the program's memory is not to fill up for its sake.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a viewer may ask for.
pub trait Recorder: Send + Sync + 'static {
    /// Who is there.
    fn hello(&'static self) -> Hello;
    /// Tell `viewer` what is recorded from now on.
    fn listen(&'static self, viewer: UnixStream);
    /// Begin.
    fn record(&'static self);
    /// Have launches leave stamps, or none, while recording.
    fn stamp(&'static self, is_on: bool);
    /// End.
    fn stop(&'static self);
    /// The viewer that asked is gone.
    fn viewer_gone(&'static self);
}

/// Listens on a socket that only this user may open, in a thread of its own, as long as the process lives.
///
/// # Errors
/// When the socket cannot be made.
pub fn serve(path: &Path, recorder: &'static dyn Recorder) -> io::Result<()> {
    // A process of the same number that died left its own.
    let _absent = fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    thread::Builder::new().name("weftscope".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let talk = move || talk(stream, recorder);
            // Without a thread for it the viewer is turned away; the program goes on.
            let _refused = thread::Builder::new().name("weftscope".to_owned()).spawn(talk);
        }
    })?;
    Ok(())
}

fn talk(mut stream: UnixStream, recorder: &'static dyn Recorder) {
    let mut asked = false;
    if frame::write(&mut stream, &Reply::Hello(recorder.hello())).is_ok() {
        while let Ok(command) = frame::read::<Command>(&mut stream) {
            match command {
                Command::Listen | Command::Record => {
                    let Ok(viewer) = stream.try_clone() else { break };
                    // A socket without the limit still works.
                    let _unlimited = viewer.set_write_timeout(Some(PATIENCE));
                    asked = true;
                    recorder.listen(viewer);
                    if command == Command::Record {
                        recorder.record();
                    }
                }
                Command::Stamp(is_on) => recorder.stamp(is_on),
                Command::Stop => recorder.stop(),
            }
        }
    }
    if asked {
        recorder.viewer_gone();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        mpsc::{Sender, channel},
    };

    use super::*;

    struct Witness(Mutex<Sender<&'static str>>);

    impl Witness {
        fn say(&self, what: &'static str) {
            self.0.lock().unwrap().send(what).unwrap();
        }
    }

    impl Recorder for Witness {
        fn hello(&self) -> Hello {
            Hello { pid: 12, ..Hello::default() }
        }
        fn listen(&self, _: UnixStream) {
            self.say("listen");
        }
        fn record(&self) {
            self.say("record");
        }
        fn stamp(&self, is_on: bool) {
            self.say(if is_on { "stamp" } else { "stamp not" });
        }
        fn stop(&self) {
            self.say("stop");
        }
        fn viewer_gone(&self) {
            self.say("gone");
        }
    }

    #[test]
    fn a_viewer_is_greeted_heard_and_missed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("12.sock");
        let (sender, heard) = channel();
        let witness: &'static Witness = Box::leak(Box::new(Witness(Mutex::new(sender))));
        serve(&path, witness).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut viewer = UnixStream::connect(&path).unwrap();
        let Reply::Hello(hello) = frame::read(&mut viewer).unwrap() else { panic!("no greeting") };
        assert_eq!(hello.pid, 12);
        frame::write(&mut viewer, &Command::Record).unwrap();
        for command in [Command::Stamp(false), Command::Stamp(true), Command::Stop] {
            frame::write(&mut viewer, &command).unwrap();
        }
        let said: Vec<_> = heard.iter().take(5).collect();
        assert_eq!(said, ["listen", "record", "stamp not", "stamp", "stop"]);
        drop(viewer);
        assert_eq!(heard.recv().unwrap(), "gone");
        // One who only looks is not missed.
        drop(UnixStream::connect(&path).unwrap());
        UnixStream::connect(&path).unwrap();
        assert!(heard.recv_timeout(Duration::from_millis(100)).is_err());
    }
}
