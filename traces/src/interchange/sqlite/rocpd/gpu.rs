//! What ran on GPUs: kernels and copies.

use super::set::{OWN, PLACE, Place, Rocpd};
use crate::ArgValue;
use crate::interchange::foreign::Class;
use crate::interchange::recording::rocm::{Launch, Ran, copy_class};
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

impl Sheet<'_, Rocpd> {
    /// Reads all tables of GPU work.
    pub(super) fn gpu(&mut self, progress: Progress<'_>) {
        self.kernels(progress);
        self.copies(progress);
    }

    fn kernels(&mut self, progress: Progress<'_>) {
        let table = "rocpd_kernel_dispatch";
        let own = [
            "kernel_id",
            "grid_size_x",
            "grid_size_y",
            "grid_size_z",
            "workgroup_size_x",
            "workgroup_size_y",
            "workgroup_size_z",
            "group_segment_size",
            "private_segment_size",
            "region_name_id",
        ];
        self.rows(table, &columns(&own), progress, |sheet, cells| {
            let Some(span) = sheet.span(table, cells) else { return };
            let (place, event) = sheet.place(cells);
            let symbol = cells.int(OWN).and_then(|id| sheet.own.set.symbols.get(&id)).copied();
            let triple = |at: usize| [at, at + 1, at + 2].map(|at| cells.int(at).unwrap_or(0));
            let launch = Launch {
                grid: triple(OWN + 1),
                workgroup: triple(OWN + 4),
                vector_registers: symbol.map_or(0, |symbol| symbol.vector_registers),
                group_bytes: cells.int(OWN + 7).unwrap_or(0),
                private_bytes: cells.int(OWN + 8).unwrap_or(0),
            };
            let mut args = Vec::with_capacity(8);
            for (key, value) in launch.arguments() {
                add(&mut args, key, value);
            }
            if let Some(region) = sheet.string(cells.int(OWN + 9)) {
                let region = sheet.recording.collect.names.get(region);
                if !region.is_empty() {
                    add(&mut args, "region", ArgValue::Text(region.to_owned()));
                }
            }
            let name = match symbol {
                Some(symbol) => symbol.name,
                None => sheet.recording.collect.names.number("(no name)"),
            };
            let gpu = sheet.gpu_of(place.agent).or(place.agent);
            sheet.work((span, name, Class::Kernel), (&place, gpu), event, args);
        });
    }

    fn copies(&mut self, progress: Progress<'_>) {
        let table = "rocpd_memory_copy";
        let own = ["name_id", "size", "src_agent_id", "dst_agent_id"];
        self.rows(table, &columns(&own), progress, |sheet, cells| {
            let Some(span) = sheet.span(table, cells) else { return };
            let (place, event) = sheet.place(cells);
            let mut args = Vec::with_capacity(6);
            if let Some(bytes) = cells.int(OWN + 1) {
                add(&mut args, "bytes", ArgValue::Int(bytes));
            }
            let (from, to) = (sheet.gpu_of(cells.int(OWN + 2)), sheet.gpu_of(cells.int(OWN + 3)));
            for (key, gpu) in [("fromDevice", from), ("toDevice", to)] {
                if let Some(gpu) = gpu {
                    add(&mut args, key, ArgValue::Int(gpu));
                }
            }
            let name = sheet.string(cells.int(OWN));
            let name = name.unwrap_or_else(|| sheet.recording.collect.names.number("(no name)"));
            let class = copy_class(from, to);
            sheet.work((span, name, class), (&place, to.or(from)), event, args);
        });
    }

    /// The GPU that an agent is.
    fn gpu_of(&self, agent: Option<i64>) -> Option<i64> {
        self.own.set.agents.get(&agent?)?.gpu
    }

    fn work(
        &mut self,
        (span, name, class): ((i64, i64), u32, Class),
        (place, gpu): (&Place, Option<i64>),
        event: Option<i64>,
        mut args: Vec<(String, ArgValue)>,
    ) {
        let pid = self.pid(place);
        let row = if class == Class::Host {
            self.thread(place)
        } else {
            let ran = Ran { device: gpu, stream: place.stream, queue: place.queue };
            let rows = &mut self.recording.collect.rows;
            let (row, beside) = ran.row(rows, pid, self.own.set.by_queue);
            if let Some((key, id)) = beside {
                add(&mut args, key, ArgValue::Int(id));
            }
            row
        };
        self.add_arguments(event, &mut args);
        let args: Vec<_> = args.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        let correlation = self.about(event).and_then(|about| about.correlation);
        self.recording.push(span, (row, name), class, &args, correlation);
        self.recording.launches.work((pid, correlation), span, row);
    }
}

fn add(args: &mut Vec<(String, ArgValue)>, key: &str, value: ArgValue) {
    args.push((key.to_owned(), value));
}

/// Start, end, place, and the columns of one table.
pub(super) fn columns<'a>(own: &[&'a str]) -> Vec<&'a str> {
    ["start", "end"].into_iter().chain(PLACE).chain(own.iter().copied()).collect()
}
