//! The tab of queries: answers as rows and as tracks, and what is in the way of one.

use std::{path::PathBuf, sync::Arc};

use crate::common::{
    renderer::{self, snapshot_options},
    settle::settle,
    synthetic::{self, Shape},
};
use egui::{Key, Modifiers, Vec2, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{
        App, BottomTab, Command, Document, Effect, Event, JobResult, PanelId, SqlCell, SqlCommand,
        SqlShown, State, TableId, ThemeChoice, apply, update,
    },
    jobs::{Export, ExportFormat, JobControl, export},
    theme::Mode,
    timeline::{FoldId, Selection},
};
use weftscope_traces::{Trace, TrackKind, edit::answers, tables::TableFormat};

fn trace() -> Trace {
    synthetic::trace(Shape { layers: 3, ..Shape::TINY })
}

/// The made-up recording open at the tab of queries.
fn window(size: Vec2, mode: Mode) -> Harness<'static, App> {
    let mut state = State::default();
    let theme = if mode == Mode::Dark { ThemeChoice::Dark } else { ThemeChoice::Light };
    update(&mut state, Command::SetTheme(theme));
    let paths = vec![PathBuf::from("run.weft")];
    let effects = update(&mut state, Command::Open(paths.clone()));
    let [Effect::Open(job, _)] = &effects[..] else { panic!("a file is opened") };
    let document = Arc::new(Document::prepare(Arc::new(trace()), "run"));
    apply(&mut state, Event::JobDone { id: job.id, result: JobResult::Opened { paths, document } });
    update(&mut state, Command::ShowBottom(BottomTab::Sql));
    if size.x < 1000.0 {
        update(&mut state, Command::TogglePanel(PanelId::Why));
    }
    let app = App::with_state(state, Arc::new(|| {}));
    renderer::harness(size, mode, app, |ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    })
}

fn send(window: &mut Harness<'static, App>, command: SqlCommand) {
    window.state_mut().send(Command::Sql(command));
    settle(window);
}

fn ask(window: &mut Harness<'static, App>, query: &str) {
    send(window, SqlCommand::Type(query.to_owned()));
    send(window, SqlCommand::Run);
}

fn column(window: &Harness<'static, App>, name: &str) -> Vec<SqlCell> {
    let answer = window.state().state().sql.answer().expect("an answer");
    let at = answer.column(name).expect("the column");
    answer.rows.iter().map(|row| row[at].clone()).collect()
}

/// Start, end and name of every op on a stream.
fn ops(trace: &Trace) -> Vec<(i64, i64, String)> {
    let mut ops = Vec::new();
    for lane in &trace.lanes {
        if matches!(trace.track(lane.track).kind, TrackKind::Stream { .. }) {
            for index in 0..lane.slices.len() {
                let span = lane.slices.span(index);
                let name = trace.label(lane.slices.label[index]).name.clone();
                ops.push((span.start_ns, span.end_ns, name));
            }
        }
    }
    ops
}

#[test]
fn an_answer_is_shown_sorted_and_led_into_the_timeline() {
    let mut window = window(vec2(1600.0, 1000.0), Mode::Dark);
    ask(&mut window, "select id, ts, dur, name from gpu_slice order by ts");
    let ops = ops(&trace());
    let durations = column(&window, "dur");
    assert_eq!(durations.len(), ops.len());
    let sum: f64 = durations.iter().filter_map(SqlCell::number).sum();
    assert_eq!(sum as i64, ops.iter().map(|(start, end, _)| end - start).sum::<i64>());
    window.state_mut().send(Command::SortTable(TableId::Sql, 2));
    window.run_steps(3);
    let tab = &window.state().state().sql;
    let longest = tab.order[0];
    assert_eq!(
        durations[longest].number().map(|ns| ns as i64),
        ops.iter().map(|(start, end, _)| end - start).max()
    );
    let answer = tab.answer().expect("an answer");
    let (id, ts) = (answer.int(longest, "id"), answer.int(longest, "ts"));
    send(&mut window, SqlCommand::GoTo(longest));
    let state = window.state().state();
    let selected = state.view().and_then(|view| view.selection.slice()).expect("selected");
    let document = state.document().expect("open");
    assert_eq!(weftscope_query::slice_of_id(&document.trace, id.unwrap()), Some(selected));
    assert_eq!(Some(document.trace.span_of(selected).start_ns), ts);
    // Without an id: by its times, its name and its rank.
    ask(&mut window, "select ts, dur, name, rank from op order by dur desc limit 1");
    send(&mut window, SqlCommand::GoTo(0));
    assert_eq!(
        window.state().state().view().and_then(|view| view.selection.slice()),
        Some(selected)
    );
    // A stretch that no slice is.
    ask(&mut window, "select 5 as ts, 10 as dur");
    send(&mut window, SqlCommand::GoTo(0));
    let selection = &window.state().state().view().expect("a view").selection;
    let Selection::Range(range) = selection else { panic!("{selection:?}") };
    assert_eq!((range.span.start_ns, range.span.end_ns), (5, 15));
}

#[test]
fn an_answer_becomes_a_track_that_is_asked_again_and_removed() {
    let mut window = window(vec2(1600.0, 1000.0), Mode::Dark);
    ask(&mut window, "select ts, dur, name, rank from op where kind = 'comm'");
    let expected = column(&window, "ts").len();
    assert!(expected > 3);
    let before = Arc::clone(window.state().state().document().expect("open"));
    send(&mut window, SqlCommand::NameTrack("comm".to_owned()));
    send(&mut window, SqlCommand::AsTrack);
    let slices = |window: &Harness<'static, App>| {
        let state = window.state().state();
        let (data, view) = (&state.document().unwrap().timeline, state.view().unwrap());
        let rows = data.answers.iter().flat_map(|answer| &answer.rows);
        let lanes = rows.flat_map(|&row| &data.trace.track(row).lanes);
        let count: usize = lanes.map(|&lane| data.trace.lane(lane).slices.len()).sum();
        let is_open = data.answers.iter().all(|rows| view.is_open(FoldId::Answer(rows.answer)));
        (data.answers.len(), count, is_open)
    };
    assert_eq!(slices(&window), (1, expected, true));
    let after = Arc::clone(window.state().state().document().expect("open"));
    assert!(!Arc::ptr_eq(&before, &after) && Arc::ptr_eq(&before.explanation, &after.explanation));
    send(&mut window, SqlCommand::Again("comm".to_owned()));
    assert_eq!(slices(&window), (1, expected, true), "the same again, in its place");
    ask(&mut window, "select count(*) as n from slice");
    let all = column(&window, "n");
    send(&mut window, SqlCommand::Remove("comm".to_owned()));
    assert_eq!(slices(&window), (0, 0, true));
    ask(&mut window, "select count(*) as n from slice");
    assert_eq!(column(&window, "n"), all, "no query counts an answer");
    assert!(answers(&window.state().state().document().unwrap().trace).is_empty());
}

#[test]
fn what_is_in_the_way_is_said() {
    let mut window = window(vec2(1600.0, 1000.0), Mode::Dark);
    let failure = |window: &Harness<'static, App>| match &window.state().state().sql.shown {
        SqlShown::Failed(failure) => failure.clone(),
        _ => panic!("it has an answer"),
    };
    ask(&mut window, "select name,\n durr from gpu_slice");
    let said = failure(&window);
    assert!(said.why.contains("did you mean \"dur\"?"), "{}", said.why);
    let place = said.place.expect("a place");
    assert_eq!((place.line, place.column), (2, 2));
    window.get_by_label_contains("Line 2, column 2");
    ask(&mut window, "select cuont(*) from slice");
    assert!(failure(&window).why.contains("did you mean \"count\"?"));
    ask(&mut window, "create table x(a)");
    assert!(failure(&window).why.contains("only read"));
    ask(&mut window, "select name from gpu_slice");
    assert!(window.query_by_label("As a track").is_none(), "it says no time");
    send(&mut window, SqlCommand::AsTrack);
    assert!(failure(&window).why.contains("no ts"));
}

const ENDLESS: &str =
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

#[test]
fn the_newest_query_is_answered_and_any_can_be_stopped() {
    let mut window = window(vec2(1600.0, 1000.0), Mode::Dark);
    let run = |window: &mut Harness<'static, App>, query: &str| {
        window.state_mut().send(Command::Sql(SqlCommand::Type(query.to_owned())));
        window.state_mut().send(Command::Sql(SqlCommand::Run));
        window.run_steps(3);
    };
    run(&mut window, ENDLESS);
    assert_eq!(window.state().state().jobs.len(), 1);
    run(&mut window, "select 1 as one");
    settle(&mut window);
    assert_eq!(column(&window, "one"), [SqlCell::Int(1)], "the endless one was stopped for it");
    run(&mut window, ENDLESS);
    window.get_by_label("Stop").click();
    settle(&mut window);
    assert!(matches!(window.state().state().sql.shown, SqlShown::Nothing));
    assert!(window.query_by_label("Stop").is_none());
    // More rows than are shown.
    let many = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    run(&mut window, many);
    settle(&mut window);
    let answer = window.state().state().sql.answer().expect("an answer");
    assert_eq!((answer.rows.len(), answer.has_more), (10_000, true));
    window.get_by_label_contains("the first 10\u{2009}000 of more rows");
}

#[test]
fn keys_run_what_is_typed() {
    let mut window = window(vec2(1600.0, 1000.0), Mode::Dark);
    window.get_by_label("Query").focus();
    window.run_steps(2);
    window.get_by_label("Query").type_text("select 2 as two");
    window.run_steps(2);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    settle(&mut window);
    assert_eq!(column(&window, "two"), [SqlCell::Int(2)]);
    assert_eq!(window.state().state().sql.query, "select 2 as two", "no line was added");
}

#[test]
fn all_rows_are_saved() {
    let document = Document::prepare(Arc::new(trace()), "run");
    let dir = tempfile::tempdir().expect("a folder");
    let query = "select name, dur from gpu_slice order by ts, id".to_owned();
    let mut state = State::default();
    assert!(
        update(&mut state, Command::AskExport(ExportFormat::Rows(TableFormat::Csv))).is_empty()
    );
    for (name, format) in [("a.csv", TableFormat::Csv), ("a.parquet", TableFormat::Parquet)] {
        let path = dir.path().join(name);
        let look = weftscope::jobs::PictureLook { mode: Mode::Dark, window: None };
        let format = ExportFormat::Rows(format);
        let task = Export {
            format,
            look,
            query: query.clone(),
            figure: None,
            path: path.clone(),
            replace: false,
        };
        let written = export(&document, &task, &JobControl::default());
        assert!(matches!(written, JobResult::Written { .. }));
        let bytes = std::fs::read(&path).expect("a file");
        if name == "a.csv" {
            let lines = String::from_utf8(bytes).expect("text").lines().count();
            assert_eq!(lines, ops(&trace()).len() + 1);
        } else {
            assert!(bytes.starts_with(b"PAR1"));
        }
    }
}

/// A track above the ranks, and a query that went wrong: what says how long an answer took is another each time.
fn picture(mode: Mode, name: &str) {
    let mut window = window(vec2(1024.0, 700.0), mode);
    window.state_mut().send(Command::TogglePanel(PanelId::Why));
    send(&mut window, SqlCommand::Ready("longest-kernels"));
    send(&mut window, SqlCommand::AsTrack);
    ask(&mut window, "select name, cuont(*)\nfrom gpu_slice group by name");
    window.state_mut().send(Command::Escape);
    window.run_steps(10);
    window.snapshot_options(name, &snapshot_options());
}

#[test]
fn a_track_and_a_mistake_on_dark() {
    picture(Mode::Dark, "sql_dark");
}

#[test]
fn a_track_and_a_mistake_on_light() {
    picture(Mode::Light, "sql_light");
}
