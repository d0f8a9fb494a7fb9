//! The ranks of a job in the centre, out of digests whose truth is known.

use std::{fs, path::Path, process::Command as Program, sync::Arc};

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{App, ClusterCommand, ClusterView, Command, Shown, Start, State},
    cluster::{Measure, Order},
};

use super::{
    panels::send,
    remote::{PROGRAM, Window, until},
};

/// Eight ranks on two servers, of which rank 5 is slow.
const CLUSTER: &str = r#"{ "job": "made", "model": "llama-3.3-70b", "machine": "h100x8", "strategy": "tokenweave", "tokens": 2048,
    "tp": 4, "pp": 1, "dp": 2, "iterations": 5, "every_s": 1, "stragglers": [ { "rank": 5, "slowdown": 1.2 } ] }"#;

fn digested(folder: &Path) {
    let description = folder.join("cluster.json");
    fs::write(&description, CLUSTER).unwrap();
    let digests = folder.join("digests");
    let mut program = Program::new(PROGRAM);
    let output =
        program.args(["digest", "--simulate"]).arg(&description).arg("-o").arg(digests).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn window_on(path: &Path) -> Window {
    let start = Start::opening(vec![path.to_owned()]);
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::new(start, None, Arc::new(|| {}));
    Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
}

fn view(state: &State) -> Option<&ClusterView> {
    state.cluster.as_ref()
}

#[test]
fn the_straggler_of_a_job_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    digested(folder.path());
    let mut window = window_on(&folder.path().join("digests"));
    until(&mut window, "opened", |state| state.shown == Shown::Cluster);
    let shown = view(window.state().state()).unwrap();
    assert_eq!((shown.cluster.ranks.len(), shown.cluster.iterations.len()), (8, 5));
    assert!(window.query_by_label_contains("8 ranks").is_some());
    assert!(window.query_by_label("MODELLED").is_some());

    let ask = |window: &mut Window, command| send(window, Command::Cluster(command));
    ask(&mut window, ClusterCommand::Measure(Measure::Slower));
    ask(&mut window, ClusterCommand::Order(Order::Most));
    let shown = view(window.state().state()).unwrap();
    assert_eq!(shown.cluster.ranks[shown.ordered[0]].of.rank, 5, "the truth");
    // Whom the others wait for waits less than they.
    let mean = |rank: usize| shown.cluster.mean(rank, Measure::Waiting).unwrap();
    assert!((4..8).filter(|&rank| rank != 5).all(|rank| mean(rank) > mean(5)));

    ask(&mut window, ClusterCommand::Select(Some(5)));
    assert!(window.query_by_label("Rank 5").is_some());
    // Simulated ranks have no recordings, and that is said.
    ask(&mut window, ClusterCommand::Open(5));
    let said =
        |state: &State| state.notices.iter().any(|it| it.text.contains("names no recording"));
    assert!(said(window.state().state()));

    ask(&mut window, ClusterCommand::Within(Some(2)));
    until(&mut window, "looked into", |state| {
        view(state).is_some_and(|view| matches!(view.within, Some((2, Some(_)))))
    });
    assert!(window.query_by_label_contains("iteration 2, ").is_some());
    ask(&mut window, ClusterCommand::Within(None));

    // Fewer ranks, and never other than there are.
    ask(&mut window, ClusterCommand::Rows(6..9));
    let shown = view(window.state().state()).unwrap();
    assert_eq!(shown.rows, 4..8);
    ask(&mut window, ClusterCommand::Close);
    assert!(view(window.state().state()).is_none());
    assert_ne!(window.state().state().shown, Shown::Cluster);
}

#[test]
fn a_folder_of_several_jobs_asks_which() {
    let folder = tempfile::tempdir().unwrap();
    for job in ["job=a", "job=b"] {
        fs::create_dir_all(folder.path().join(job).join("rank=00000")).unwrap();
    }
    let mut window = window_on(folder.path());
    until(&mut window, "refused", |state| state.notices.iter().next().is_some());
    let said = window.state().state().notices.iter().next().unwrap().text.clone();
    assert!(said.contains("name one of job=a, job=b"), "{said}");
}
