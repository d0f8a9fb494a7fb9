//! A long recording behind the same link: how soon it is seen, what is moved for that, and how soon what is looked at comes.

use std::{
    fs::File,
    io::{BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use weftscope::{
    app::{App, Command, Document, Start},
    remote::Ssh,
    timeline::{FoldId, ViewCommand},
};
use weftscope_testkit::shaped::Shaped;
use weftscope_traces::{
    ArgValue, Kind, Label, Meta, Provenance, Span, Trace, TraceBuilder, TrackKind, container,
};

use super::{SHAPE, Window, longest, median, program, row, shell::Server};

/// SMs of a rank, and blocks of an op on one of them.
const SMS: u32 = 128;
const BLOCKS: i64 = 8;

/// Eight ranks with a stream and SMs; each op has eight blocks on every SM, and each block arguments that nothing packs.
fn trace(millions: u64) -> Trace {
    let provenance = Provenance::Modelled { source: "a bench".into() };
    let mut builder = TraceBuilder::new(Meta::new("long", provenance));
    let kinds = [Kind::Gemm, Kind::Attention, Kind::Comm];
    let labels = kinds
        .map(|kind| builder.label(Label { name: kind.name().into(), kind, ..Label::default() }));
    let ops = (millions * 1_000_000 / (8 * u64::from(SMS) * BLOCKS as u64)) as i64;
    let mut noise = 1_u64;
    let mut random = || {
        noise =
            noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise >> 16
    };
    for rank in 0..8 {
        let track = builder.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
        let stream = builder.track(Some(track), "stream 7", TrackKind::Stream { rank, stream: 7 });
        let lane = builder.lane(stream);
        for op in 0..ops {
            let span = Span::new(op * 100_000, op * 100_000 + 96_000);
            let text = format!("{:x}", random());
            let args = builder.args_mut().push([("op", ArgValue::Text(text))]);
            builder.push(lane, span, labels[op as usize % 3], args, 0);
        }
        for sm in 0..SMS {
            let track = builder.track(Some(track), format!("SM {sm}"), TrackKind::Sm { rank, sm });
            let lane = builder.lane(track);
            for block in 0..ops * BLOCKS {
                let start_ns = block / BLOCKS * 100_000 + block % BLOCKS * 12_000;
                let span = Span::new(start_ns, start_ns + 9_000 + (random() % 3_000) as i64);
                let number = ArgValue::Int((random() & 0xffff_ffff) as i64);
                let args = builder.args_mut().push([("clock", number)]);
                let label = labels[(block / BLOCKS) as usize % 3];
                builder.push(lane, span, label, args, block as u32);
            }
        }
    }
    builder.finish().expect("in order")
}

fn written(path: &Path, millions: u64) -> u64 {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    container::write(&trace(millions), &mut out, &mut |_| ControlFlow::Continue(())).expect("room");
    out.flush().expect("room");
    std::fs::metadata(path).expect("it is there").len()
}

fn document(app: &App) -> Option<&Arc<Document>> {
    app.state().documents.first().map(|open| &open.document)
}

/// Opens it and prints what that takes.
pub(super) fn rows(server: &Server, millions: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.weft");
    let bytes = written(&path, millions);
    let link = Shaped::to(server.address(), SHAPE);
    let ssh = Some(Ssh { program: server.ssh(link.port()).into(), remote: program() });
    let place = PathBuf::from(format!("ssh://testbox{}", path.display()));
    let start = Start { ssh, ..Start::opening(vec![place]) };
    let mut window = Window {
        ctx: egui::Context::default(),
        app: App::new(start, None, Arc::new(|| {})),
        frames_ms: Vec::new(),
    };
    println!("| a recording there of {millions} million slices, {:.2} GB | |", bytes as f64 / 1e9);
    println!("| --- | --- |");
    let first = window.until("opened", |app| document(app).is_some());
    let moved = link.carried_bytes() as f64 / 1e6;
    row("its first picture (reach 2 s)", &format!("{:.2} s", first.as_secs_f64()));
    row("moved for that (reach 200 MB)", &format!("{moved:.2} MB"));
    let explained =
        window.until("explained", |app| document(app).is_some_and(|it| it.is_explained));
    row("read and explained there, after", &format!("{:.1} s", (first + explained).as_secs_f64()));
    quiet(&mut window);
    window.frames_ms.clear();
    look(&mut window, &link, "the SMs of a rank opened", ViewCommand::Toggle(FoldId::Sms(0)));
    let mut took_ms = Vec::new();
    for step in 0..6_i64 {
        let at_ns = 1_000_000 * (step + 1);
        took_ms.push(
            looked(&mut window, ViewCommand::Zoom { factor: 0.2, at_ns }).as_secs_f64() * 1e3,
        );
    }
    let text = format!("{:.0} ms, longest {:.0}", median(&took_ms), longest(&took_ms));
    row("zoomed in five times: what is seen, median of 6 (reach 300)", &text);
    let mut took_ms = Vec::new();
    for _ in 0..6 {
        let share = 3.0;
        took_ms.push(looked(&mut window, ViewCommand::Pan { share }).as_secs_f64() * 1e3);
    }
    let text = format!("{:.0} ms, longest {:.0}", median(&took_ms), longest(&took_ms));
    row("moved on by three windows, median of 6 (reach 300)", &text);
    let frames = &window.frames_ms;
    let text = format!("{:.1} ms, longest {:.1}", median(frames), longest(frames));
    row("frames meanwhile, drawing itself not included", &format!("{text}\n"));
}

/// Frames until nothing new comes for a while.
fn quiet(window: &mut Window) {
    let mut last = document(&window.app).map(Arc::as_ptr);
    let mut since = Instant::now();
    while since.elapsed() < Duration::from_millis(700) {
        window.frame();
        thread::sleep(Duration::from_millis(5));
        let now = document(&window.app).map(Arc::as_ptr);
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
}

/// How long after a command another part has taken the place of the one before.
fn looked(window: &mut Window, command: ViewCommand) -> Duration {
    let before = document(&window.app).map(Arc::as_ptr);
    window.app.send(Command::View(command));
    let took = window.until("brought", |app| document(app).map(Arc::as_ptr) != before);
    quiet(window);
    took
}

fn look(window: &mut Window, link: &Shaped, what: &str, command: ViewCommand) {
    let before = link.carried_bytes();
    let took = looked(window, command);
    let moved = (link.carried_bytes() - before) as f64 / 1e3;
    row(what, &format!("{:.0} ms, {moved:.0} kB", took.as_secs_f64() * 1e3));
}
