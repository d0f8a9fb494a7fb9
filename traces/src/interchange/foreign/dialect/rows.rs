//! Rows that are a GPU's by what their process and their thread are called.

use hashbrown::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::table::{Dialect, Role, TABLE};

/// A line of the table, compiled.
struct Compiled {
    process: Option<Regex>,
    threads: Vec<(Regex, Role)>,
    line: &'static Dialect,
}

impl Compiled {
    fn joins(&self) -> Option<&'static str> {
        self.line.joins.then_some(family(self.line.recorder))
    }
}

static COMPILED: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    let regex = |pattern: &str| Regex::new(pattern).expect("the tests compile the table");
    let compiled = |line: &'static Dialect| Compiled {
        process: (!line.process.is_empty()).then(|| regex(line.process)),
        threads: line.threads.iter().map(|&(pattern, role)| (regex(pattern), role)).collect(),
        line,
    };
    TABLE.iter().map(compiled).collect()
});

/// What the table says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowIs {
    pub(crate) role: Role,
    /// The device that the process or the thread names.
    pub(crate) device: Option<u32>,
    /// The stream that the thread names.
    pub(crate) stream: Option<u32>,
    /// See [`Dialect::joins`]: the recorder by whose rows it is one.
    pub(crate) joins: Option<&'static str>,
}

/// What a process is: the line of the table that its name picks, and its device.
type ProcessIs = Option<(usize, Option<u32>)>;

/// Looks rows up, each process once.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    by_pid: HashMap<i64, ProcessIs>,
}

impl Processes {
    /// What the row of the thread called `thread` is, in a process called by all of `names`.
    pub(crate) fn row(&mut self, pid: i64, names: &[&str], thread: &str) -> RowIs {
        let Some((index, device)) = self.find(pid, names) else { return by_thread(thread) };
        let dialect = &COMPILED[index];
        let joins = dialect.joins();
        match thread_of(dialect, thread) {
            Some((role, stream)) => RowIs { role, device, stream, joins },
            None => RowIs { role: dialect.line.otherwise, device, stream: None, joins },
        }
    }

    /// What all rows of a process share: the device that its names tell, and [`RowIs::joins`].
    pub(crate) fn process(
        &mut self,
        pid: i64,
        names: &[&str],
    ) -> (Option<u32>, Option<&'static str>) {
        let found = self.find(pid, names);
        found.map_or((None, None), |(index, device)| (device, COMPILED[index].joins()))
    }

    fn find(&mut self, pid: i64, names: &[&str]) -> ProcessIs {
        if names.is_empty() {
            return None;
        }
        *self.by_pid.entry(pid).or_insert_with(|| process(names))
    }
}

/// The recorder without what part of it a line is about.
fn family(recorder: &'static str) -> &'static str {
    recorder.split(',').next().unwrap_or(recorder)
}

fn process(names: &[&str]) -> ProcessIs {
    COMPILED.iter().enumerate().find_map(|(index, dialect)| {
        let pattern = dialect.process.as_ref()?;
        let found = names.iter().find_map(|name| pattern.captures(name))?;
        let number = found.iter().skip(1).flatten().next();
        Some((index, number.and_then(|number| number.as_str().parse().ok())))
    })
}

fn thread_of(dialect: &Compiled, thread: &str) -> Option<(Role, Option<u32>)> {
    dialect.threads.iter().find_map(|(pattern, role)| {
        let found = pattern.captures(thread)?;
        Some((*role, found.get(1).and_then(|number| number.as_str().parse().ok())))
    })
}

/// Of processes whose name says nothing.
fn by_thread(thread: &str) -> RowIs {
    let found = COMPILED
        .iter()
        .filter(|dialect| dialect.process.is_none())
        .find_map(|dialect| thread_of(dialect, thread));
    let (role, device) = found.unwrap_or((Role::Host, None));
    RowIs { role, device, stream: None, joins: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_its_answer() {
        let mut seen = 0;
        for (pid, line) in TABLE.iter().enumerate() {
            assert!(!line.examples.is_empty(), "{} has no example", line.recorder);
            for (process, thread, role, device) in line.examples {
                let found = Processes::default().row(pid as i64, &[process], thread);
                assert_eq!((found.role, found.device), (*role, *device), "{process:?} {thread:?}");
                seen += 1;
            }
        }
        assert!(seen > TABLE.len());
    }

    #[test]
    fn a_stream_is_numbered_as_its_thread_says() {
        let mut processes = Processes::default();
        let row = processes.row(1, &["/device:GPU:0"], "Stream #118(Compute)");
        assert_eq!((row.stream, row.joins), (Some(118), Some("JAX/XLA")));
        // A label or the id tells as well as the name.
        let row = processes.row(2, &["python", "GPU 5"], "stream 7 ");
        assert_eq!((row.role, row.device, row.stream), (Role::Kernels, Some(5), Some(7)));
    }

    #[test]
    fn rows_of_a_host_are_no_gpus() {
        let mut processes = Processes::default();
        for (pid, (process, thread)) in [
            ("Browser", "CrBrowserMain"),
            ("python (1)", "thread 7 (python)"),
            ("Renderer", "Stream 3"),
            ("", ""),
            ("Spans", "PyTorch Profiler"),
            ("rank 0", "worker 1"),
        ]
        .into_iter()
        .enumerate()
        {
            let row = processes.row(pid as i64, &[process], thread);
            assert_eq!(row.role, Role::Host, "{process} {thread}");
        }
    }
}
