//! A program that a server runs and a window elsewhere watches: what `WEFTSCOPE_WATCHED` holds, as a shell has it; where that asks for its
//! NODE_RANK, on two servers. What it says behind `rate:` in its last words is held against a run of it that is recorded and not watched.

use std::{
    env, fs,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use weftscope::{
    app::{App, Document, Start},
    jobs::{OnServer, Program, ProgramAsked, Rules, Watched, Whom},
    remote::Ssh,
};
use weftscope_testkit::shaped::Shaped;
use weftscope_traces::TrackKind;

use super::{SHAPE, Window, median, program, row, shell::Shell};

/// Until a program has ended and all of it is here.
const PATIENCE: Duration = Duration::from_secs(300);
/// What is patched where nothing else is said.
const PATCH: &str = "worth,within:0.05";

fn document(app: &App) -> Option<&Arc<Document>> {
    app.state().documents.first().map(|open| &open.document)
}

/// Its part on a server, `node` of `nodes`.
fn part(shell: &Shell, link: &Shaped, command: &str, (node, nodes): (u32, u32)) -> OnServer {
    let folder = shell.folder();
    let whom = Whom::Start {
        command: vec!["sh".to_owned(), "-c".to_owned(), command.to_owned()],
        folder: Some(folder.display().to_string()),
        level: None,
        patch: PATCH.to_owned(),
        trigger: "at-start".to_owned(),
        variables: vec![
            ("NODE_RANK".to_owned(), node.to_string()),
            ("NNODES".to_owned(), nodes.to_string()),
        ],
    };
    OnServer {
        ssh: Ssh { program: shell.near_end(link.port()).into(), remote: program() },
        server: format!("ssh://testbox{node}").parse().expect("an address"),
        asked: ProgramAsked { whom, rules: Rules::default() },
    }
}

/// The number behind the last `rate:` of a text.
fn rate(text: &str) -> Option<f64> {
    let (_, behind) = text.rsplit_once("rate:")?;
    behind.split_whitespace().next()?.parse().ok()
}

/// What a program said of which a window heard, in this folder.
fn said(folder: &Path) -> String {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let logs = entries.filter(|entry| entry.path().extension().is_some_and(|it| it == "log"));
    logs.map(|log| fs::read_to_string(log.path()).unwrap_or_default()).collect()
}

/// The rate of a run that is recorded and not watched.
fn unwatched(command: &str) -> Option<f64> {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(program())
        .current_dir(folder.path())
        .args(["run", "-o", "all.weft", "--", "sh", "-c", command])
        .env("NODE_RANK", "0")
        .env("NNODES", "1")
        .output()
        .expect("the program");
    rate(&String::from_utf8_lossy(&output.stdout))
}

/// Watches it to its end and prints what was seen.
pub(super) fn rows() {
    let Ok(command) = env::var("WEFTSCOPE_WATCHED") else {
        return println!("a program under watch: not measured, WEFTSCOPE_WATCHED names none\n");
    };
    let nodes = if command.contains("NODE_RANK") { 2 } else { 1 };
    let shells: Vec<Shell> = (0..nodes).map(|_| Shell::start()).collect();
    let links: Vec<Shaped> = shells.iter().map(|it| Shaped::to(it.address(), SHAPE)).collect();
    let parts = shells.iter().zip(&links).zip(0..);
    let parts = parts.map(|((shell, link), node)| part(shell, link, &command, (node, nodes)));
    let program = Program::OnServers(parts.collect());
    let watched = Watched { program, title: command.clone() };
    let start = Start { watch: Some(watched), ..Start::opening(Vec::new()) };
    let app = App::new(start, None, Arc::new(|| {}));
    let mut window = Window { ctx: egui::Context::default(), app, frames_ms: Vec::new() };
    println!("| a program under watch on {nodes} servers: `{command}` | |");
    println!("| --- | --- |");
    let began = Instant::now();
    let (mut first_s, mut came, mut last) = (None, Vec::new(), std::ptr::null());
    let is_over = |app: &App| app.state().jobs.is_empty();
    // What is longer than comes whole is looked at in parts.
    let is_here = |app: &App| {
        let is_all = |it: &Arc<Document>| {
            it.part.as_ref().is_none_or(|part| part.slices > 4_000_000 && it.is_explained)
        };
        document(app).is_some_and(is_all)
    };
    while !(is_over(&window.app) && is_here(&window.app)) {
        window.frame();
        let now = document(&window.app).map_or(std::ptr::null(), Arc::as_ptr);
        if now != last && !is_over(&window.app) {
            last = now;
            first_s.get_or_insert(began.elapsed().as_secs_f64());
            came.push(Instant::now());
        }
        let refused = window.app.state().notices.iter().map(|notice| notice.text.clone()).next();
        if is_over(&window.app) && document(&window.app).is_none() {
            return println!("| refused | {} |", refused.unwrap_or_default());
        }
        if began.elapsed() > PATIENCE {
            return println!("| not over in 300 s | {refused:?} |");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let between: Vec<f64> =
        came.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1e3).collect();
    row("first picture", &first_s.map_or("none".to_owned(), |s| format!("{s:.1} s")));
    if !between.is_empty() {
        let text = format!("{}, every {:.0} ms (median)", came.len(), median(&between));
        row("pictures while it ran", &text);
    }
    row("it has ended, and it is here, after", &format!("{:.1} s", began.elapsed().as_secs_f64()));
    let Some(document) = document(&window.app) else { return };
    let trace = &document.trace;
    let sms = trace.tracks.iter().filter(|track| matches!(track.kind, TrackKind::Sm { .. }));
    let blocks: usize =
        sms.flat_map(|track| &track.lanes).map(|&lane| trace.lane(lane).slices.len()).sum();
    let all = document.part.as_ref().map_or(trace.num_slices() as u64, |part| part.slices);
    let text = format!(
        "{} ranks, {all} slices; here {}, of them {blocks} blocks",
        trace.meta.ranks.len(),
        trace.num_slices()
    );
    row("it has", &text);
    row("says", &format!("{:?}", trace.meta.overhead.note));
    for note in &trace.diagnostics.notes {
        row("and", note);
    }
    if let Some(watched) = shells.first().and_then(|shell| rate(&said(shell.folder()))) {
        let alone = if nodes == 1 { unwatched(&command) } else { None };
        let alone = alone.map_or("not measured".to_owned(), |alone| {
            format!("{alone:.1}: {:+.2} %", (watched / alone - 1.0) * 100.0)
        });
        row(
            "its rate, and recorded without a window (reach: 1 % less)",
            &format!("{watched:.1}, {alone}"),
        );
    }
    println!();
}
