//! What watching costs, and how true it is: a PyTorch layer ([`LAYER`]) alone and watched, in turns; one product between two
//! events; our own engine's kernels, stamped by themselves and by patches at the same time ([`both_ways`]).

pub mod both_ways;
mod program;
mod report;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
    time::Duration,
};

use weftscope_traces::{Classifier, Trace, model::BuildError};
use weftscope_wire::{Begin, Level, Stamping, Trigger};

pub use program::BenchError;
use program::{Ran, plain, watched};
pub use report::{Layer, Lost, Product, StartUp};

use super::{JobError, Process, Setup, trace};

/// The program that is measured.
pub const LAYER: &str = include_str!("layer.py");

/// How a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Without the library.
    Plain,
    /// With it, and nobody records.
    Dormant,
    /// Recorded at a level from the first kernel on.
    Recorded(Level),
}

impl Setting {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Dormant => "dormant",
            Self::Recorded(level) => level.name(),
        }
    }
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// The Python that has PyTorch.
    pub python: OsString,
    /// [`LAYER`], as a file.
    pub layer: PathBuf,
    /// GPUs.
    pub ranks: u32,
    /// Tokens of a layer.
    pub tokens: Vec<u32>,
    /// Turns of each setting.
    pub turns: u32,
    /// How long blocks are recorded to see whether any is lost.
    pub live: Duration,
    /// Levels.
    pub levels: Vec<Level>,
}

/// Measures.
pub struct Bench<'a> {
    /// What.
    pub options: &'a Options,
    /// What watching needs.
    pub setup: &'a Setup,
    /// Is told what is done next.
    pub say: &'a mut dyn FnMut(&str),
}

impl Bench<'_> {
    fn python(&self, arguments: &[&str]) -> Vec<OsString> {
        let mut command = vec![self.options.python.clone()];
        command.extend(arguments.iter().map(OsString::from));
        command
    }

    fn torchrun(&self, arguments: &[String]) -> Vec<OsString> {
        let ranks = format!("--nproc-per-node={}", self.options.ranks);
        let mut command =
            self.python(&["-m", "torch.distributed.run", "--standalone", ranks.as_str()]);
        command.push(self.options.layer.clone().into_os_string());
        command.extend(arguments.iter().map(OsString::from));
        command
    }

    fn run(&self, command: &[OsString], setting: Setting) -> Result<Ran, BenchError> {
        let trigger = |begin| Trigger { begin, steps: None };
        match setting {
            Setting::Plain => plain(command),
            Setting::Dormant => watched(self.setup, command, "worth", trigger(Begin::Asked)),
            Setting::Recorded(level) => {
                let less = (level != self.setup.level()).then(|| Setup::find(level)).transpose();
                let less = less.map_err(JobError::from)?;
                let setup = less.as_ref().unwrap_or(self.setup);
                watched(setup, command, "worth", trigger(Begin::AtStart))
            }
        }
    }

    fn settings(&self) -> Vec<Setting> {
        let recorded = self.options.levels.iter().map(|&level| Setting::Recorded(level));
        [Setting::Plain, Setting::Dormant].into_iter().chain(recorded).collect()
    }

    /// Time of the layer, each setting in turn.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn layers(&mut self) -> Result<Vec<Layer>, BenchError> {
        let mut arguments = vec!["--tokens".to_owned()];
        arguments.extend(self.options.tokens.iter().map(u32::to_string));
        let mut times: BTreeMap<(String, u32, bool), BTreeMap<Setting, Vec<f64>>> = BTreeMap::new();
        for turn in 1..=self.options.turns {
            let mut settings = self.settings();
            // Who comes first finds the coolest GPU.
            let count = settings.len();
            settings.rotate_left(turn as usize % count);
            for setting in settings {
                (self.say)(&format!("layer, turn {turn}, {}", setting.name()));
                let ran = self.run(&self.torchrun(&arguments), setting)?;
                for (mode, tokens, [eager_us, graph_us]) in layer_lines(&ran)? {
                    for (is_graph, us) in [(false, eager_us), (true, graph_us)] {
                        let of_layer = times.entry((mode.clone(), tokens, is_graph)).or_default();
                        of_layer.entry(setting).or_default().push(us);
                    }
                }
            }
        }
        let layer = |((mode, tokens, is_graph), us)| Layer { mode, tokens, is_graph, us };
        Ok(times.into_iter().map(layer).collect())
    }

    /// From the program's start to its end, importing PyTorch and launching one kernel.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn start_up(&mut self) -> Result<StartUp, BenchError> {
        let layer = self.options.layer.clone();
        let mut s: BTreeMap<Setting, Vec<f64>> = BTreeMap::new();
        // The first brings PyTorch's files into memory.
        for turn in 0..=self.options.turns {
            for setting in [Setting::Plain, Setting::Dormant, Setting::Recorded(Level::Blocks)] {
                (self.say)(&format!("start-up, turn {turn}, {}", setting.name()));
                let mut command = self.python(&[]);
                command.extend([layer.as_os_str(), OsStr::new("--start")].map(OsString::from));
                let took = self.run(&command, setting)?.took;
                if turn > 0 {
                    s.entry(setting).or_default().push(took.as_secs_f64());
                }
            }
        }
        Ok(StartUp { s })
    }

    /// One product between two events, with every block stamped.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn product(&mut self) -> Result<Product, BenchError> {
        (self.say)("one product between two events");
        let mut command = self.python(&[]);
        command.push(self.options.layer.clone().into_os_string());
        command.extend(["--gemm", "8192"].map(OsString::from));
        let at_start = Trigger { begin: Begin::AtStart, steps: None };
        let ran = watched(self.setup, &command, "all", at_start)?;
        let line = ran.lines("weft-gemm").next();
        let [size, event_us, nothing_event_us] = line.ok_or_else(|| ran.silent("weft-gemm"))?;
        let process = ran.processes.iter().find(|process| !process.launches.is_empty());
        let spans = |is_wanted: &dyn Fn(&str, u64) -> bool| {
            process.and_then(|process| median_span_us(process, is_wanted))
        };
        Ok(Product {
            size: size as u32,
            event_us,
            nothing_event_us,
            span_us: spans(&|name, blocks| blocks > 1 && is_product(name)),
            nothing_span_us: spans(&|name, blocks| blocks == 1 && name.contains("elementwise")),
        })
    }

    /// Records blocks for long, and counts those that are missing.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn lost(&mut self) -> Result<Lost, BenchError> {
        let seconds = self.options.live.as_secs();
        (self.say)(&format!("{seconds} s of blocks"));
        let arguments = ["--modes", "sequential", "--seconds", &seconds.to_string()];
        let command = self.torchrun(&arguments.map(str::to_owned));
        let ran = self.run(&command, Setting::Recorded(Level::Blocks))?;
        Ok(Lost::of(&ran.processes))
    }

    /// Another program's run, every kernel of ours stamped by patches too.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn own_kernels(&mut self, command: &[OsString]) -> Result<Vec<Process>, BenchError> {
        (self.say)("our own kernels, stamped both ways");
        let at_start = Trigger { begin: Begin::AtStart, steps: None };
        Ok(watched(self.setup, command, "weft_", at_start)?.processes)
    }
}

/// The trace of what patches told of our own kernels.
///
/// # Errors
/// [`BuildError`].
pub fn patched_trace(processes: &[Process]) -> Result<Trace, BuildError> {
    trace("our own kernels", processes, &Classifier::default())
}

fn is_product(kernel: &str) -> bool {
    ["nvjet", "gemm", "xmma", "cutlass"].iter().any(|part| kernel.contains(part))
}

/// Mode, tokens, and µs a layer eager and as a graph.
fn layer_lines(ran: &Ran) -> Result<Vec<(String, u32, [f64; 2])>, BenchError> {
    let line = |line: &str| {
        let mut words = line.strip_prefix("weft-layer ")?.split_whitespace();
        let (mode, tokens) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        let (eager_us, graph_us) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some((mode, tokens, [eager_us, graph_us]))
    };
    let lines: Vec<_> = ran.text.lines().filter_map(line).collect();
    if lines.is_empty() { Err(ran.silent("weft-layer")) } else { Ok(lines) }
}

/// Median time from the first block's start to the last one's end, of launches of a kernel with so many blocks.
fn median_span_us(process: &Process, is_wanted: &dyn Fn(&str, u64) -> bool) -> Option<f64> {
    let mut spans: Vec<u64> = Vec::new();
    for launch in &process.launches {
        let name = process.kernels.get(&launch.kernel).map_or("", String::as_str);
        let blocks = launch.grid.iter().map(|&count| u64::from(count)).product();
        if launch.stamping != Stamping::Blocks || !is_wanted(name, blocks) {
            continue;
        }
        let stamps = process.stamps.get(&launch.id)?;
        let start_ns = stamps.iter().map(|stamp| stamp.start_device_ns).min()?;
        spans.push(stamps.iter().map(|stamp| stamp.end_device_ns).max()?.saturating_sub(start_ns));
    }
    spans.sort_unstable();
    spans.get(spans.len() / 2).map(|&ns| ns as f64 / 1e3)
}
