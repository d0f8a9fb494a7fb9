//! `bench --inject`: what watching a program costs, and how true it is.

use std::{
    ffi::OsString,
    fmt::Display,
    fs,
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use weftscope_engine::cuda::probe;
use weftscope_profiler::watch::{
    Level, Setup,
    bench::{
        self, Bench, BenchError, LAYER, Layer, Lost, Options, Product, Setting, StartUp,
        both_ways::{self, BothWays},
    },
};
use weftscope_traces::{
    Classifier,
    words::{counted, signed_percent, three_digits as three},
};

use super::{BenchArgs, args::Part};
use crate::{
    cli::{Failure, Outcome, table::Table},
    files::{FileError, open_trace},
};

/// Our own run, stamped both ways.
const OWN: [&str; 8] =
    ["record", "--backend", "cuda", "--tokens", "2048", "--layers", "4", "--iterations"];

/// Measures and prints.
pub(super) fn run(args: &BenchArgs) -> Outcome {
    let failed = |error: &dyn Display| Failure::failed(error, "--inject");
    let gpus = probe().map_err(|error| failed(&error))?;
    let setup = Setup::find(Level::Blocks).map_err(|error| failed(&error))?;
    if let Some(missing) = setup.missing.first() {
        return Err(failed(missing));
    }
    let ranks = args.on.tp.unwrap_or(2).min(gpus.gpus.len() as u32);
    let folder = Folder::make()?;
    let options = Options {
        python: args.python.clone(),
        layer: folder.write("layer.py", LAYER)?,
        ranks,
        tokens: args.tokens.clone(),
        turns: args.turns,
        live: Duration::from_nanos(args.live.ns.max(0).unsigned_abs()),
        levels: Level::ALL.to_vec(),
    };
    let mut out = io::stdout().lock();
    let names: Vec<&str> = gpus.gpus.iter().map(|gpu| gpu.name.as_str()).collect();
    writeln!(out, "{} of {} × {}", counted(ranks.into(), "rank"), names.len(), names[0])?;
    let mut say = |what: &str| {
        let _unheard = writeln!(io::stderr(), "weftscope: {what}");
    };
    let mut bench = Bench { options: &options, setup: &setup, say: &mut say };
    let mut parts: Vec<Part> = Vec::new();
    for &part in &args.parts {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let mut failures = 0;
    for &part in &parts {
        // Each part is printed as soon as it is known; a part that fails is said, and the others go on.
        if let Err(why) = measure(part, &mut bench, &folder, &mut out)? {
            failures += 1;
            writeln!(out, "\n{}: {why}", failed_words(part))?;
        }
        out.flush()?;
    }
    match failures {
        0 => Ok(()),
        failures => {
            let failures = format!("{failures} of {}", counted(parts.len() as u64, "measurement"));
            Err(failed(&format!("{failures} failed, see above")))
        }
    }
}

/// Measures a part and prints it.
fn measure(
    part: Part,
    bench: &mut Bench<'_>,
    folder: &Folder,
    out: &mut dyn Write,
) -> io::Result<Result<(), String>> {
    fn told<T>(
        measured: Result<T, impl Display>,
        print: impl FnOnce(T) -> io::Result<()>,
    ) -> io::Result<Result<(), String>> {
        match measured {
            Ok(measured) => print(measured).map(Ok),
            Err(why) => Ok(Err(why.to_string())),
        }
    }
    match part {
        Part::Layer => told(bench.layers(), |layers| layer_table(&layers, out)),
        Part::Start => told(bench.start_up(), |start_up| start_up_lines(&start_up, out)),
        Part::Product => told(bench.product(), |product| product_line(&product, out)),
        Part::Own => told(own(bench, folder), |own| own_lines(&own, out)),
        Part::Lost => told(bench.lost(), |lost| lost_lines(&lost, bench.options.live, out)),
    }
}

fn failed_words(part: Part) -> &'static str {
    match part {
        Part::Layer => "The layer did not run",
        Part::Start => "Start-up was not measured",
        Part::Product => "The product did not run",
        Part::Own => "Our own kernels did not run",
        Part::Lost => "The long recording did not run",
    }
}

fn own(bench: &mut Bench<'_>, folder: &Folder) -> Result<BothWays, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let recording = folder.0.join("own.weft");
    let ranks = bench.options.ranks.to_string();
    let mut command = vec![program.into_os_string()];
    command.extend(OWN.map(OsString::from));
    command.extend(["4", "--tp", &ranks, "-o"].map(OsString::from));
    command.push(recording.clone().into_os_string());
    let text = |error: BenchError| error.to_string();
    let processes = bench.own_kernels(&command).map_err(text)?;
    let patched = bench::patched_trace(&processes).map_err(|error| error.to_string())?;
    let own = open_trace(&recording, &Classifier::default(), &mut |_, _| ControlFlow::Continue(()))
        .map_err(|error| error.to_string())?;
    let told = both_ways::compare(&own, &patched);
    told.ok_or_else(|| "no block was stamped both ways".to_owned())
}

fn layer_table(layers: &[Layer], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\nA PyTorch layer, µs, median of its turns; cost against the plain run of the same turn"
    )?;
    let mut table =
        Table::new(["layer", "tokens", "launched", "setting", "µs", "cost", "turns, µs"]);
    for layer in layers {
        for (&setting, us) in &layer.us {
            let us_of = |value: Option<f64>| value.map_or("–".to_owned(), three);
            let cost = layer.cost(setting).filter(|_| setting != Setting::Plain);
            let turns: Vec<String> = us.iter().map(|us| format!("{us:.0}")).collect();
            table.rows.push([
                layer.mode.clone(),
                layer.tokens.to_string(),
                if layer.is_graph { "graph" } else { "eager" }.to_owned(),
                setting.name().to_owned(),
                us_of(layer.median_us(setting)),
                cost.map_or("–".to_owned(), signed_percent),
                turns.join(", "),
            ]);
        }
    }
    table.write(out)
}

fn start_up_lines(start_up: &StartUp, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nStart-up, importing PyTorch and launching one kernel, s")?;
    for (&setting, seconds) in &start_up.s {
        let turns: Vec<String> = seconds.iter().map(|s| format!("{s:.2}")).collect();
        let more = match start_up.more_s(setting) {
            Some(more) if setting != Setting::Plain => format!(" ({more:+.2})"),
            _ => String::new(),
        };
        writeln!(out, "  {}: {}{more}", setting.name(), turns.join(", "))?;
    }
    Ok(())
}

fn product_line(product: &Product, out: &mut dyn Write) -> io::Result<()> {
    let us = |value: Option<f64>| value.map_or("unknown".to_owned(), |us| format!("{us:.2} µs"));
    let Product { size, event_us, nothing_event_us, .. } = product;
    writeln!(
        out,
        "\nA product of {size}³: {event_us:.2} µs by events, {} by its blocks; a kernel of one block {nothing_event_us:.2} µs \
         by events, {} by its block; the product's blocks lack {} beside what a launch takes",
        us(product.span_us),
        us(product.nothing_span_us),
        us(product.difference_us()),
    )
}

fn own_lines(own: &BothWays, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\nOur own kernels, stamped by themselves and by patches: {} alone on their SMs; {} of our own lie in none of these. \
         By how many ns they differ at most in half of the blocks, in 99 of 100, in all; our own stamps end before the last stores do",
        counted(own.all.blocks as u64, "block"),
        counted(own.unmatched as u64, "stamp")
    )?;
    let mut table = Table::new(["kernel", "blocks", "starts", "ends", "lengths"]);
    let kernels = own.by_kernel.iter().map(|(name, of)| (name.as_str(), of));
    for (name, of) in kernels.chain([("all", &own.all)]) {
        let list = |[half, most, all]: [i64; 3]| format!("{half}, {most}, {all}");
        table.rows.push([
            name.to_owned(),
            of.blocks.to_string(),
            list(of.start_ns),
            list(of.end_ns),
            list(of.length_ns),
        ]);
    }
    table.write(out)
}

fn lost_lines(lost: &Lost, live: Duration, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n{} s of blocks: {} of {} told; {} did not, {} of launches that told nothing",
        live.as_secs(),
        counted(lost.blocks, "block"),
        counted(lost.launches, "launch"),
        counted(lost.silent, "block"),
        lost.untold
    )?;
    for (reason, count) in lost.by_reason.iter().chain(&lost.told) {
        writeln!(out, "  {count} × {reason}")?;
    }
    Ok(())
}

/// A folder for as long as the measurement takes.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("weftscope-bench-{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| FileError::io("cannot make", &error, &path))?;
        Ok(Self(path))
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path: &Path = &self.0;
        let path = path.join(name);
        fs::write(&path, text).map_err(|error| FileError::io("cannot write", &error, &path))?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed lies in a folder for temporary files.
        let _left = fs::remove_dir_all(&self.0);
    }
}
