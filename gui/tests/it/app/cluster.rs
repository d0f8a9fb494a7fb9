//! The ranks of a job in the centre, out of digests whose truth is known.

use std::{fs, path::Path, process::Command as Program, sync::Arc};

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{App, ClusterCommand, ClusterView, Command, Shown, Start, State},
    cluster::{Groups, Measure, Order, folder_of, read, read_all_groups},
    jobs::JobControl,
};
use weftscope_traces::digest::{GroupKind, Why};

use super::{
    panels::send,
    remote::{PROGRAM, Window, until},
};

/// Eight ranks on two servers, of which rank 5 is slow.
const CLUSTER: &str = r#"{ "job": "made", "model": "llama-3.3-70b", "machine": "h100x8", "strategy": "tokenweave", "tokens": 2048,
    "tp": 4, "pp": 1, "dp": 2, "iterations": 5, "every_s": 1, "stragglers": [ { "rank": 5, "slowdown": 1.2 } ] }"#;

fn digested(folder: &Path) {
    digested_as(folder, CLUSTER);
}

fn digested_as(folder: &Path, cluster: &str) {
    let description = folder.join("cluster.json");
    fs::write(&description, cluster).unwrap();
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

/// The cluster of the documentation with two replicas in place of 32, and fewer layers and iterations.
fn documented() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cluster.json");
    let mut cluster: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for (key, value) in [("dp", 2), ("iterations", 2), ("layers", 8), ("microbatches", 2)] {
        cluster[key] = value.into();
    }
    cluster["job"] = "made".into();
    cluster["stragglers"] = serde_json::json!([{ "rank": 43, "slowdown": 1.2 }]);
    cluster["slow_links"] = serde_json::json!([]);
    cluster.to_string()
}

/// Oracle: the layout that the cluster was made by: 8 ranks of a stage side by side, then 4 stages, then 2 replicas.
#[test]
fn the_groups_of_a_simulated_cluster_are_those_it_was_made_of() {
    let folder = tempfile::tempdir().unwrap();
    digested_as(folder.path(), &documented());
    let job = folder_of(&folder.path().join("digests")).unwrap().unwrap();
    let cluster = read(&job, &JobControl::default()).unwrap().unwrap();
    let groups = read_all_groups(&cluster, &JobControl::default()).unwrap();
    assert!(groups.unread.is_empty(), "{:?}", groups.unread);
    let names: Vec<&str> = groups.families.iter().map(|family| family.name.as_str()).collect();
    assert_eq!(names, ["TP", "PP", "DP replicas", "group world"]);

    let rank = |replica: u32, stage: u32, tp: u32| (replica * 4 + stage) * 8 + tp;
    let tp: Vec<Vec<u32>> = (0..8).map(|group| (8 * group..8 * group + 8).collect()).collect();
    let mut pp: Vec<Vec<u32>> = (0..2)
        .flat_map(|replica| (0..8).map(move |tp| (replica, tp)))
        .map(|(replica, tp)| (0..4).map(|stage| rank(replica, stage, tp)).collect())
        .collect();
    pp.sort();
    let dp: Vec<Vec<u32>> = (0..32).map(|first| vec![first, first + 32]).collect();
    let world: Vec<Vec<u32>> = vec![(0..64).collect()];
    assert_kind(&groups, (GroupKind::Tensor, Why::SumsInLayers), &tp);
    assert_kind(&groups, (GroupKind::Pipeline, Why::Sends), &pp);
    assert_kind(&groups, (GroupKind::Data, Why::Name), &dp);
    // Eight bytes that all agree on: nothing says what for.
    assert_kind(&groups, (GroupKind::Unknown, Why::Nothing), &world);
    for place in 0..64 {
        assert_eq!(groups.of_rank(place).len(), 4, "rank {place}");
    }
}

fn assert_kind(groups: &Groups, (kind, why): (GroupKind, Why), expected: &[Vec<u32>]) {
    let of_kind = groups.all.iter().filter(|group| group.kind == kind);
    let found: Vec<Vec<u32>> = of_kind.clone().map(|group| group.ranks.clone()).collect();
    assert_eq!(found, expected, "{}", kind.name());
    assert!(of_kind.clone().all(|group| group.why == why), "{}", kind.name());
}

#[test]
fn ranks_stand_by_group_and_peers_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    digested_as(folder.path(), &documented());
    let mut window = window_on(&folder.path().join("digests"));
    until(&mut window, "grouped", |state| view(state).is_some_and(|view| view.groups.is_some()));
    let ask = |window: &mut Window, command| send(window, Command::Cluster(command));
    let shown = view(window.state().state()).unwrap();
    assert_eq!((shown.marked, shown.edges.len()), (None, 0), "nobody is looked at");

    // A rank that is looked at: first who shares its layers' weights.
    ask(&mut window, ClusterCommand::Select(Some(43)));
    let shown = view(window.state().state()).unwrap();
    assert_eq!(shown.marked_ranks().unwrap(), (40..48).collect::<Vec<usize>>());
    assert!(window.query_by_label("TP: ranks 40–47").is_some());
    assert!(window.query_by_label("PP: ranks 35, 43, 51, 59").is_some());
    assert!(window.query_by_label("group world: ranks 0–63").is_some());

    // By pipeline, of which that of the rank is then marked: whole ones side by side.
    ask(&mut window, ClusterCommand::Order(Order::Group(1)));
    let shown = view(window.state().state()).unwrap();
    assert_eq!(&shown.ordered[..8], [0, 8, 16, 24, 1, 9, 17, 25]);
    assert_eq!(shown.edges, (1..16).map(|pipeline| 4 * pipeline).collect::<Vec<usize>>());
    assert_eq!(shown.marked_ranks().unwrap(), [35, 43, 51, 59]);
    assert!(window.query_by_label("by PP").is_some());
    ask(&mut window, ClusterCommand::Mark(None));
    assert_eq!(view(window.state().state()).unwrap().marked, None);

    // By server: eight of them, each with eight ranks.
    ask(&mut window, ClusterCommand::Order(Order::Topology));
    let shown = view(window.state().state()).unwrap();
    assert_eq!(shown.edges, (1..8).map(|server| 8 * server).collect::<Vec<usize>>());
    assert_eq!(shown.ordered, (0..64).collect::<Vec<usize>>());
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
