//! What ran on GPUs: kernels, copies, sets, and CUDA graphs that were recorded whole.

use super::sheet::Nsight;
use crate::interchange::foreign::{Class, RowKey};
use crate::interchange::sqlite::database::Cells;
use crate::interchange::sqlite::sheet::Sheet;
use crate::interchange::sqlite::triple::Triples;
use crate::model::BorrowedValue;
use crate::stream::Progress;

/// The columns that all GPU work has, in the order in which they are taken, after start and end.
const PLACE: [&str; 5] = ["deviceId", "streamId", "globalPid", "correlationId", "contextId"];

/// The call that put something on a GPU: its process and correlation id.
type Launch = (i64, Option<i64>);

impl Sheet<'_, Nsight> {
    /// Reads all tables of GPU work.
    pub(super) fn gpu(&mut self, progress: Progress<'_>) {
        self.kernels(progress);
        self.copies(progress);
        self.sets(progress);
        self.graphs(progress);
    }

    /// Columns 4 and 5 of a row.
    fn launch(&mut self, cells: &Cells<'_>) -> Launch {
        (self.process(cells.int(4)), cells.int(5))
    }

    /// The row of the stream in columns 2 and 3.
    fn stream(&mut self, pid: i64, cells: &Cells<'_>) -> u32 {
        let device = cells.int(2).map(|own| self.own.gpus.get(&(pid, own)).copied().unwrap_or(own));
        let stream = self.recording.collect.rows.id_of_int(cells.int(3).unwrap_or(0));
        self.recording.collect.rows.id(RowKey::Stream { pid, device, stream })
    }

    fn work<'a>(
        &mut self,
        (table, class): (&'static str, Class),
        cells: &Cells<'_>,
        launch: Launch,
        name: impl FnOnce(&mut Self) -> u32,
        args: impl IntoIterator<Item = (&'a str, BorrowedValue<'a>)>,
    ) {
        let Some(span) = self.span(table, cells) else { return };
        let row = self.stream(launch.0, cells);
        let name = name(self);
        self.recording.push_borrowed(span, (row, name), class, args, launch.1);
        self.recording.launches.work(launch, span, row);
    }

    fn kernels(&mut self, progress: Progress<'_>) {
        let table = "CUPTI_ACTIVITY_KIND_KERNEL";
        let own = [
            "demangledName",
            "shortName",
            "name",
            "gridX",
            "gridY",
            "gridZ",
            "blockX",
            "blockY",
            "blockZ",
            "registersPerThread",
            "staticSharedMemory",
            "dynamicSharedMemory",
            "graphNodeId",
        ];
        let mut triples = Triples::default();
        self.each(table, &columns(&own), progress, |sheet, cells| {
            let (grid, block) = (triples.number(cells, 10), triples.number(cells, 13));
            let triple = |number: Option<usize>| {
                number.map(|number| BorrowedValue::Text(triples.text(number)))
            };
            let shared = cells.int(17).unwrap_or(0).checked_add(cells.int(18).unwrap_or(0));
            let args = [
                ("grid", triple(grid)),
                ("block", triple(block)),
                ("registers per thread", cells.int(16).map(BorrowedValue::Int)),
                ("shared memory", shared.filter(|&n| n > 0).map(BorrowedValue::Int)),
                ("graph node id", cells.int(19).filter(|&n| n != 0).map(BorrowedValue::Int)),
            ];
            let launch = sheet.launch(cells);
            let message = sheet.own.messages.args(launch);
            let message = message.iter().map(|(key, value)| (*key, value.borrowed()));
            let name = |sheet: &mut Self| {
                let told = sheet.name(cells.int(7)).or_else(|| sheet.name(cells.int(8)));
                told.unwrap_or_else(|| {
                    let name = cells.text(9).unwrap_or_else(|| "(no name)".to_owned());
                    sheet.recording.collect.names.number(&name)
                })
            };
            let args = known(args).chain(message);
            sheet.work((table, Class::Kernel), cells, launch, name, args);
        });
    }

    fn copies(&mut self, progress: Progress<'_>) {
        let table = "CUPTI_ACTIVITY_KIND_MEMCPY";
        let own = ["copyKind", "srcKind", "dstKind", "bytes", "srcDeviceId", "dstDeviceId"];
        self.each(table, &columns(&own), progress, |sheet, cells| {
            let args = [
                ("bytes", cells.int(10).map(BorrowedValue::Int)),
                ("fromDevice", cells.int(11).map(BorrowedValue::Int)),
                ("toDevice", cells.int(12).map(BorrowedValue::Int)),
            ];
            let name = |sheet: &mut Self| {
                let what = copy_kind(cells.int(7));
                let ends = (cells.int(8).and_then(memory), cells.int(9).and_then(memory));
                let name = match ends {
                    (Some(from), Some(to)) => format!("Memcpy {what} ({from} -> {to})"),
                    _ => format!("Memcpy {what}"),
                };
                sheet.recording.collect.names.number(&name)
            };
            let launch = sheet.launch(cells);
            sheet.work((table, Class::Memcpy), cells, launch, name, known(args));
        });
    }

    fn sets(&mut self, progress: Progress<'_>) {
        let table = "CUPTI_ACTIVITY_KIND_MEMSET";
        self.each(table, &columns(&["memKind", "bytes"]), progress, |sheet, cells| {
            let bytes = [("bytes", cells.int(8).map(BorrowedValue::Int))];
            let name = |sheet: &mut Self| {
                let memory = cells.int(7).and_then(memory).unwrap_or("Device");
                sheet.recording.collect.names.number(&format!("Memset ({memory})"))
            };
            let launch = sheet.launch(cells);
            sheet.work((table, Class::Memcpy), cells, launch, name, known(bytes));
        });
    }

    /// By default the recorder tells of a graph only when it began and ended.
    fn graphs(&mut self, progress: Progress<'_>) {
        let table = "CUPTI_ACTIVITY_KIND_GRAPH_TRACE";
        let mut count = 0_u64;
        self.each(table, &columns(&["graphId", "graphExecId"]), progress, |sheet, cells| {
            count += 1;
            let name = |sheet: &mut Self| {
                let graph = cells.int(7).map_or(String::new(), |id| format!(" {id}"));
                sheet
                    .recording
                    .collect
                    .names
                    .number(&format!("CUDA graph{graph}, kernels not recorded"))
            };
            let launch = sheet.launch(cells);
            sheet.work((table, Class::Kernel), cells, launch, name, []);
        });
        if count > 0 {
            self.recording.tally.diagnostics.note(format!(
                "{count} launches of CUDA graphs are recorded as wholes: communication in them is not told from computation; \
                 record with `nsys profile --cuda-graph-trace=node`"
            ));
        }
    }
}

fn columns<'a>(own: &[&'a str]) -> Vec<&'a str> {
    ["start", "end"].into_iter().chain(PLACE).chain(own.iter().copied()).collect()
}

/// Arguments that the row has.
fn known<'a, const N: usize>(
    args: [(&'static str, Option<BorrowedValue<'a>>); N],
) -> impl Iterator<Item = (&'a str, BorrowedValue<'a>)> {
    args.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

/// `CUpti_ActivityMemcpyKind`, as Kineto shortens it.
fn copy_kind(kind: Option<i64>) -> &'static str {
    match kind {
        Some(1) => "HtoD",
        Some(2) => "DtoH",
        Some(3) => "HtoA",
        Some(4) => "AtoH",
        Some(5) => "AtoA",
        Some(6) => "AtoD",
        Some(7) => "DtoA",
        Some(8) => "DtoD",
        Some(9) => "HtoH",
        Some(10) => "PtoP",
        Some(11) => "unified HtoD",
        Some(12) => "unified DtoH",
        Some(13) => "unified DtoD",
        _ => "of unknown direction",
    }
}

/// The exporter's kinds of memory.
fn memory(kind: i64) -> Option<&'static str> {
    Some(match kind {
        0 => "Pageable",
        1 => "Pinned",
        2 => "Device",
        3 => "Array",
        4 => "Managed",
        5 => "Device Static",
        6 => "Managed Static",
        _ => return None,
    })
}
