//! The programs beside ours: Perfetto's trace_processor, and simdjson, which only parses.

use std::path::Path;
use std::process::Command;

use crate::measure::Figures;

/// The peers' best times.
#[derive(Debug, Default)]
pub(crate) struct Best {
    /// Wall seconds of trace_processor's load.
    perfetto_s: Option<f64>,
    /// CPU seconds of simdjson's parse into its tree.
    simdjson_cpu_s: Option<f64>,
}

const SIMDJSON: &str = "import simdjson, sys, time
text = open(sys.argv[1], 'rb').read()
parser, begun = simdjson.Parser(), time.process_time()
parser.parse(text)
print(time.process_time() - begun)";

impl Best {
    /// Asks each that is here.
    pub(crate) fn ask(&mut self, path: &Path) {
        let less = |best: &mut Option<f64>, new: Option<f64>| {
            if let Some(new) = new {
                *best = Some(best.map_or(new, |best: f64| best.min(new)));
            }
        };
        less(&mut self.perfetto_s, perfetto(path));
        less(&mut self.simdjson_cpu_s, simdjson(path));
    }

    /// How ours compare.
    pub(crate) fn beside(&self, ours: &Figures) -> String {
        let perfetto = self.perfetto_s.map_or("trace_processor not here".to_owned(), |theirs| {
            format!("trace_processor (wasm) {theirs:.2} s wall: {:.1} ×", theirs / ours.wall_s)
        });
        let simdjson = self.simdjson_cpu_s.map_or("simdjson not here".to_owned(), |theirs| {
            format!("simdjson's parse {theirs:.2} s CPU: {:.2} ×", theirs / ours.cpu_s)
        });
        format!("{perfetto}; {simdjson}")
    }
}

fn perfetto(path: &Path) -> Option<f64> {
    let dir = std::env::var_os("WEFTSCOPE_PERFETTO_DIR")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/trace_processor.mjs");
    let mut node = Command::new("node");
    let out = node.arg(script).arg(path).arg("select 1").env("PERFETTO_DIR", dir).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout);
    let load = text.split("load ").nth(1)?;
    let digits: String = load.chars().take_while(char::is_ascii_digit).collect();
    Some(digits.parse::<f64>().ok()? / 1000.0)
}

fn simdjson(path: &Path) -> Option<f64> {
    let python = std::env::var_os("WEFTSCOPE_ORACLE_PYTHON")?;
    let out = Command::new(python).args(["-c", SIMDJSON]).arg(path).output().ok()?;
    String::from_utf8_lossy(&out.stdout).trim().parse().ok()
}
