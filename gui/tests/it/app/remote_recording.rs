//! A recording that lies behind a real sshd on the loopback: opened here, as one of this computer is.

use std::{
    fs,
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use egui_kittest::Harness;
use weftscope::{
    app::{App, Command, Document, Start, State},
    files::Sample,
    remote::Ssh,
};
use weftscope_testkit::{
    Need,
    shaped::{Shape, Shaped},
    skip,
    sshd::Sshd,
};
use weftscope_traces::container;

use super::{
    panels::send,
    remote::{PROGRAM, Window, by, until},
};

fn window_on(ssh: Ssh, place: &str) -> Window {
    let start = Start { ssh: Some(ssh), ..Start::opening(vec![PathBuf::from(place)]) };
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::new(start, None, Arc::new(|| {}));
    Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
}

fn opened(state: &State) -> Option<&Arc<Document>> {
    state.documents.first().map(|open| &open.document)
}

#[test]
fn a_recording_on_a_server_is_opened_as_one_here_is() {
    let sshd = match Sshd::start() {
        Ok(sshd) => sshd,
        Err(reason) => return skip(Need::Oracle, reason),
    };
    let shape = Shape { delay: Duration::from_millis(5), bytes_per_s: 1e7 };
    let link = Shaped::to(sshd.address(), shape);
    let ssh = by(&sshd, link.port(), PROGRAM);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a run.weft");
    let bytes = Sample::named("h200x2-tokenweave").unwrap().bytes;
    fs::write(&path, bytes).unwrap();

    let mut window = window_on(ssh.clone(), &format!("ssh://testbox{}", path.display()));
    // All of it comes: what is short is not left at a part.
    until(&mut window, "opened", |state| {
        opened(state).is_some_and(|document| document.part.is_none() && document.is_explained)
    });
    let trace = container::read(bytes, &mut |_| ControlFlow::Continue(())).unwrap();
    let here = Document::prepare(Arc::new(trace), "a run");
    let there = Arc::clone(opened(window.state().state()).unwrap());
    assert_eq!(there.trace, here.trace);
    assert!(*there.explanation == *here.explanation);
    assert_eq!(there.file_stem, "a run");
    assert_eq!(window.state().state().documents[0].name(), "a run.weft");
    // What is closed here is let go of there: the connection ends.
    let id = window.state().state().documents[0].id;
    send(&mut window, Command::Close(id));
    let (carried, since) = (link.carried_bytes(), Instant::now());
    while since.elapsed() < Duration::from_millis(300) {
        window.run_steps(1);
    }
    assert!(link.carried_bytes() - carried < 8192, "nothing more comes");

    for (path, words) in [
        ("/no/such/file.weft", "No such file"),
        (folder.path().to_str().unwrap(), "testbox"),
        (PROGRAM, "unknown format"),
    ] {
        let mut window = window_on(ssh.clone(), &format!("ssh://testbox{path}"));
        until(&mut window, "refused", |state| state.notices.iter().next().is_some());
        let said = window.state().state().notices.iter().next().unwrap().text.clone();
        assert!(said.contains(path) && said.contains(words), "{path}: {said}");
        assert!(opened(window.state().state()).is_none());
    }
}
