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
use weftscope_traces::{
    Trace, container,
    edit::{merge, only_rank},
};

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

/// One there and one here on one timeline, as two that are here are; and which of them is not there.
#[test]
fn recordings_of_several_servers_are_one() {
    let sshd = match Sshd::start() {
        Ok(sshd) => sshd,
        Err(reason) => return skip(Need::Oracle, reason),
    };
    let ssh = by(&sshd, sshd.address().port(), PROGRAM);
    let bytes = Sample::named("h200x2-tokenweave").unwrap().bytes;
    let whole = container::read(bytes, &mut |_| ControlFlow::Continue(())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ranks: Vec<Trace> = (0..2).map(|rank| only_rank(&whole, rank).unwrap()).collect();
    let paths: Vec<PathBuf> = ranks
        .iter()
        .enumerate()
        .map(|(rank, trace)| {
            let path = folder.path().join(format!("rank{rank}.weft"));
            let mut out = fs::File::create(&path).unwrap();
            container::write(trace, &mut out, &mut |_| ControlFlow::Continue(())).unwrap();
            path
        })
        .collect();
    let there = PathBuf::from(format!("ssh://testbox{}", paths[0].display()));
    let open = |first: PathBuf| {
        let start =
            Start { ssh: Some(ssh.clone()), ..Start::opening(vec![first, paths[1].clone()]) };
        let draw = |ui: &mut egui::Ui, app: &mut App| {
            app.step(ui.ctx());
            app.draw(ui);
        };
        let app = App::new(start, None, Arc::new(|| {}));
        Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
    };
    let mut window = open(there);
    until(&mut window, "opened", |state| opened(state).is_some());
    let document = Arc::clone(opened(window.state().state()).unwrap());
    assert!(document.part.is_none() && document.is_explained);
    assert_eq!(*document.trace, merge(ranks).unwrap());
    assert_eq!(document.trace.meta.ranks.len(), 2);
    assert_eq!(window.state().state().documents[0].name(), "rank0.weft + 1");

    let mut window = open(PathBuf::from("ssh://testbox/no/such/file.weft"));
    until(&mut window, "refused", |state| state.notices.iter().next().is_some());
    let said = window.state().state().notices.iter().next().unwrap().text.clone();
    assert!(said.contains("/no/such/file.weft") && said.contains("No such file"), "{said}");
}
