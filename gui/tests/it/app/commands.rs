//! The window's behaviour as commands on plain state: no egui, no thread, no file.

use std::{path::PathBuf, sync::Arc};

use weftscope::{
    app::{
        BottomTab, Command, Document, Effect, Event, JobResult, Overlay, PanelId, PathPurpose,
        Settings, Severity, Shown, State, ThemeChoice, apply, palette_rows, update,
    },
    files::TraceFormat,
    jobs::ExportFormat,
    timeline::{Selection, ViewCommand},
};
use weftscope_traces::{
    ArgsId, Kind, Label, LaneId, Meta, Provenance, SliceRef, Span, Trace, TraceBuilder, TrackKind,
};

fn trace() -> Trace {
    let provenance = Provenance::Measured { source: "test".to_owned() };
    let mut builder = TraceBuilder::new(Meta::new("two kernels", provenance));
    let rank = builder.track(None, "rank 0", TrackKind::Rank { rank: 0 });
    let stream = builder.track(Some(rank), "stream 7", TrackKind::Stream { rank: 0, stream: 7 });
    let lane = builder.lane(stream);
    let gemm = builder.label(Label { name: "gemm".into(), kind: Kind::Gemm, ..Label::default() });
    let comm = builder.label(Label { name: "comm".into(), kind: Kind::Comm, ..Label::default() });
    builder.push(lane, Span::new(0, 1000), gemm, ArgsId::NONE, 0);
    builder.push(lane, Span::new(1000, 1500), comm, ArgsId::NONE, 0);
    builder.finish().unwrap()
}

fn opened(state: &mut State, name: &str) {
    let effects = update(state, Command::Open(vec![PathBuf::from(name)]));
    let [Effect::Open(job, _)] = &effects[..] else { panic!("one file is opened") };
    let document = Arc::new(Document::prepare(Arc::new(trace()), "test"));
    let result = JobResult::Opened { paths: vec![PathBuf::from(name)], document };
    apply(state, Event::JobDone { id: job.id, result });
}

#[test]
fn an_opened_file_is_shown_remembered_and_closed() {
    let mut state = State::default();
    opened(&mut state, "/data/a.json.gz");
    opened(&mut state, "/data/b.json.gz");
    assert!(state.jobs.is_empty());
    assert_eq!(state.documents.len(), 2);
    assert_eq!(state.shown, Shown::File(state.documents[1].id));
    let recent: Vec<_> = state.settings.recent.iter().map(weftscope::app::Recent::place).collect();
    assert_eq!(recent, ["/data/b.json.gz", "/data/a.json.gz"]);
    assert_eq!(state.title(), "b.json.gz – Weftscope");
    update(&mut state, Command::CloseShown);
    assert_eq!(state.shown, Shown::File(state.documents[0].id));
    update(&mut state, Command::CloseShown);
    assert_eq!(state.shown, Shown::Nothing);
    assert_eq!(state.title(), "Weftscope");
}

/// The two kernels and `more` behind them, as when more of a file was read.
fn grown(more: i64) -> Arc<Document> {
    let mut parts = trace().into_parts();
    let slices = &mut parts.lanes[0].slices;
    for n in 0..more {
        let span = Span::new(2000 + n * 100_000, 3000 + n * 100_000);
        slices.push(span, slices.label[0], ArgsId::NONE, 0);
    }
    Arc::new(Document::prepare(Arc::new(Trace::checked(parts).unwrap()), "test"))
}

#[test]
fn a_file_that_grows_while_it_is_read_keeps_what_is_looked_at() {
    let mut state = State::default();
    opened(&mut state, "/data/other.json.gz");
    let other = state.shown;
    let effects = update(&mut state, Command::Open(vec![PathBuf::from("/data/big.json")]));
    let [Effect::Open(job, _)] = &effects[..] else { panic!("one file is opened") };
    let paths = vec![PathBuf::from("/data/big.json")];
    let grow = |state: &mut State, more| {
        let (id, paths, document) = (job.id, paths.clone(), grown(more));
        apply(state, Event::Opening { id, paths, document });
    };
    grow(&mut state, 1);
    assert_ne!(state.shown, other, "the first picture comes into view");
    assert_eq!((state.documents.len(), state.jobs.len()), (2, 1), "it is still being read");
    grow(&mut state, 10);
    let fit = |state: &State| state.document().unwrap().timeline.fit_span();
    assert_eq!(state.view().unwrap().window, fit(&state), "what was seen whole is seen whole");
    let window = Span::new(500, 1700);
    update(&mut state, Command::View(ViewCommand::Show(window)));
    grow(&mut state, 100);
    assert_eq!(state.view().unwrap().window, window, "what was zoomed into stays");
    state.shown = other;
    grow(&mut state, 200);
    assert_eq!(state.shown, other, "who looks elsewhere goes on looking there");
    update(&mut state, Command::CancelJob(job.id));
    grow(&mut state, 300);
    assert_eq!(state.documents[1].document.trace.num_slices(), 202, "nobody waits for it any more");
}

#[test]
fn what_was_asked_of_a_large_file_stays_when_it_is_explained() {
    let mut state = State::default();
    let paths = vec![PathBuf::from("/data/big.json")];
    let effects = update(&mut state, Command::Open(paths.clone()));
    let [Effect::Open(job, _)] = &effects[..] else { panic!("one file is opened") };
    let drawn = Arc::new(Document::drawn(Arc::new(trace()), "big"));
    assert!(!drawn.is_explained && drawn.explanation.reports.overlap.ranks.is_empty());
    let document = Arc::clone(&drawn);
    apply(&mut state, Event::Opening { id: job.id, paths: paths.clone(), document });
    let shown = state.shown;
    let document = Arc::new(drawn.explained());
    apply(&mut state, Event::JobDone { id: job.id, result: JobResult::Opened { paths, document } });
    assert_eq!((state.shown, state.documents.len()), (shown, 1), "it is the same document");
    let explained = state.document().expect("it is shown");
    assert!(explained.is_explained && !explained.explanation.reports.overlap.ranks.is_empty());
}

#[test]
fn a_file_that_lies_there_is_replaced_when_it_is_said_twice() {
    let mut state = State::default();
    opened(&mut state, "/data/a.json.gz");
    let format = ExportFormat::Png;
    update(&mut state, Command::AskExport(format));
    update(&mut state, Command::PathInput("/out/a.png".to_owned()));
    let write = |state: &mut State| {
        let effects = update(state, Command::PathAccept);
        let [Effect::Export(job, _, export)] = &effects[..] else { panic!("a file is written") };
        (job.id, export.replace)
    };
    let (id, replace) = write(&mut state);
    assert!(!replace);
    let result = JobResult::Exists { format, path: "/out/a.png".into() };
    apply(&mut state, Event::JobDone { id, result });
    assert!(write(&mut state).1, "asked, and said again");
    // Another path is another question.
    let result = JobResult::Exists { format, path: "/out/a.png".into() };
    apply(&mut state, Event::JobDone { id, result });
    update(&mut state, Command::PathInput("/out/b.png".to_owned()));
    assert!(!write(&mut state).1);
}

#[test]
fn the_same_files_again_replace_what_they_gave() {
    let mut state = State::default();
    opened(&mut state, "/data/a.json.gz");
    opened(&mut state, "/data/a.json.gz");
    assert_eq!(state.documents.len(), 1);
    assert_eq!(state.settings.recent.len(), 1);
}

#[test]
fn a_failed_job_says_why_and_a_cancelled_one_does_not() {
    let mut state = State::default();
    let effects = update(&mut state, Command::Open(vec!["/data/bad.json".into()]));
    let [Effect::Open(job, _)] = &effects[..] else { panic!() };
    let result = JobResult::Failed("the file is empty (0 bytes): /data/bad.json".to_owned());
    apply(&mut state, Event::JobDone { id: job.id, result });
    let notice = state.notices.iter().next().unwrap().clone();
    assert_eq!(notice.severity, Severity::Error);
    assert!(notice.text.ends_with("/data/bad.json"));
    update(&mut state, Command::Dismiss(notice.id));
    let effects = update(&mut state, Command::Open(vec!["/data/big.json".into()]));
    let [Effect::Open(job, _)] = &effects[..] else { panic!() };
    update(&mut state, Command::CancelJob(job.id));
    assert!(job.is_cancelled());
    apply(&mut state, Event::JobDone { id: job.id, result: JobResult::Cancelled });
    assert!(state.jobs.is_empty());
    assert_eq!(state.notices.iter().count(), 0);
}

/// A button that does nothing is worse than one that says so; the field that asked stays.
#[test]
fn a_dialog_that_does_not_come_is_told() {
    let mut state = State::default();
    update(&mut state, Command::AskOpen);
    apply(&mut state, Event::NoDialog);
    let told: Vec<_> = state.notices.iter().map(|notice| notice.text.as_str()).collect();
    assert!(matches!(&told[..], [text] if text.contains("type or paste the path")), "{told:?}");
    assert!(matches!(state.overlay, Overlay::Path(_)));
}

#[test]
fn a_selection_leaves_panels_and_tabs_as_they_are() {
    let mut state = State::default();
    opened(&mut state, "/data/a.json.gz");
    let slice = SliceRef { lane: LaneId(0), index: 1 };
    update(&mut state, Command::View(ViewCommand::Select(slice)));
    assert!(!state.settings.layout.is_open(PanelId::Bottom));
    assert_eq!(state.view().unwrap().selection, Selection::Slice(slice));
    update(&mut state, Command::Escape);
    assert_eq!(state.view().unwrap().selection, Selection::None);
    update(&mut state, Command::ShowBottom(BottomTab::Curve));
    update(&mut state, Command::View(ViewCommand::Select(slice)));
    assert_eq!(state.settings.layout.bottom_tab, BottomTab::Curve);
}

#[test]
fn an_export_is_asked_for_by_path_and_its_ending_decides_the_format() {
    let mut state = State::default();
    let weft = ExportFormat::Trace(TraceFormat::Weft);
    assert!(update(&mut state, Command::AskExport(weft)).is_empty());
    assert_eq!(state.overlay, Overlay::None, "there is nothing to export");
    opened(&mut state, "/data/a.json.gz");
    update(&mut state, Command::AskExport(weft));
    let Overlay::Path(question) = &state.overlay else { panic!("a path is asked for") };
    assert_eq!(question.purpose, PathPurpose::Export(weft));
    assert_eq!(question.text, "test.weft");
    update(&mut state, Command::PathInput("out.png".to_owned()));
    let effects = update(&mut state, Command::PathAccept);
    let [Effect::Export(_, _, export)] = &effects[..] else { panic!("it is written") };
    assert_eq!((export.format, export.path.to_str()), (ExportFormat::Png, Some("out.png")));
    assert_eq!(state.overlay, Overlay::None);
}

#[test]
fn the_palette_runs_what_is_found() {
    let mut state = State::default();
    update(&mut state, Command::TogglePalette);
    update(&mut state, Command::PaletteInput("light or".to_owned()));
    let rows = palette_rows(&state);
    assert_eq!(rows[0].text, "Light or dark");
    let was_dark = state.dark();
    update(&mut state, Command::PaletteRun(0));
    assert_ne!(state.dark(), was_dark);
    assert_eq!(state.overlay, Overlay::None);
}

#[test]
fn settings_survive_a_round_trip_and_corrupt_ones_are_refused() {
    let mut state = State::default();
    update(&mut state, Command::SetTheme(ThemeChoice::Light));
    update(&mut state, Command::TogglePanel(PanelId::Why));
    opened(&mut state, "/data/a.json.gz");
    let text = state.settings.to_text();
    assert_eq!(Settings::from_text(&text).unwrap(), state.settings);
    for cut in 0..text.len() {
        if text.is_char_boundary(cut) {
            assert!(Settings::from_text(&text[..cut]).is_err());
        }
    }
    let newer = text.replace("\"version\":1", "\"version\":99");
    assert!(Settings::from_text(&newer).unwrap_err().to_string().contains("99"));
}
