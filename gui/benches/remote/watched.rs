//! A program that a server runs and a window elsewhere watches: what `WEFTSCOPE_WATCHED` holds, as a shell has it.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    sync::Arc,
    time::{Duration, Instant},
};

use weftscope::{
    app::{App, Document, Start},
    jobs::{OnServer, Program, ProgramAsked, Rules, Watched, Whom},
    remote::Ssh,
};
use weftscope_traces::TrackKind;

use super::{Window, median, program, row};

/// Until a program has ended and all of it is here.
const PATIENCE: Duration = Duration::from_secs(300);

fn document(app: &App) -> Option<&Arc<Document>> {
    app.state().documents.first().map(|open| &open.document)
}

/// What stands in the place of ssh in `docs/remote.md`: whatever runs a command.
fn runs_here(folder: &std::path::Path) -> Ssh {
    let path = folder.join("run");
    fs::write(&path, "#!/bin/sh\nfor last; do :; done; exec sh -c \"$last\"\n").expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("a file of ours");
    Ssh { program: path.into(), remote: program() }
}

/// Watches it to its end and prints what was seen.
pub(super) fn rows() {
    let Ok(command) = env::var("WEFTSCOPE_WATCHED") else {
        return println!("a program under watch: not measured, WEFTSCOPE_WATCHED names none\n");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let whom = Whom::Start {
        command: vec!["sh".to_owned(), "-c".to_owned(), command.clone()],
        folder: Some(folder.path().display().to_string()),
        level: None,
        patch: "worth,within:0.05".to_owned(),
        trigger: "at-start".to_owned(),
    };
    let there = OnServer {
        ssh: runs_here(folder.path()),
        server: "ssh://box".parse().expect("an address"),
        asked: ProgramAsked { whom, rules: Rules::default() },
    };
    let watched = Watched { program: Program::OnServer(there), title: command.clone() };
    let start = Start { watch: Some(watched), ..Start::opening(Vec::new()) };
    let app = App::new(start, None, Arc::new(|| {}));
    let mut window = Window { ctx: egui::Context::default(), app, frames_ms: Vec::new() };
    println!("| a program under watch there: `{command}` | |");
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
    row("says", &format!("{:?}\n", trace.meta.overhead.note));
}
