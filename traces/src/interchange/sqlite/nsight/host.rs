//! What the host did: calls of CUDA, waits for GPUs, and the recorder's own work.

use hashbrown::HashMap;

use super::ids::GlobalId;
use super::sheet::Nsight;
use crate::interchange::foreign::{Class, RowKey};
use crate::interchange::sqlite::sheet::Sheet;
use crate::model::BorrowedValue;
use crate::stream::Progress;

impl Sheet<'_, Nsight> {
    /// Reads the tables of host work.
    pub(super) fn host(&mut self, progress: Progress<'_>) {
        for table in ["CUPTI_ACTIVITY_KIND_RUNTIME", "CUPTI_ACTIVITY_KIND_DRIVER"] {
            self.calls(table, progress);
        }
        self.waits(progress);
        for table in ["PROFILER_OVERHEAD", "CUPTI_ACTIVITY_KIND_OVERHEAD"] {
            self.overhead(table, progress);
        }
    }

    fn calls(&mut self, table: &'static str, progress: Progress<'_>) {
        let columns = ["start", "end", "globalTid", "correlationId", "nameId", "returnValue"];
        // Calls are millions, their names are few.
        let mut names: HashMap<Option<i64>, u32> = HashMap::new();
        self.each(table, &columns, progress, |sheet, cells| {
            let Some(span) = sheet.span(table, cells) else { return };
            let (thread, correlation, id) = (cells.int(2), cells.int(3), cells.int(4));
            let row = sheet.thread(thread);
            let name = *names.entry(id).or_insert_with(|| {
                let name = sheet.string(id).map_or("(no name)", without_version).to_owned();
                sheet.recording.collect.names.number(&name)
            });
            let failed = cells.int(5).filter(|&code| code != 0);
            let args = failed.map(|code| ("return value", BorrowedValue::Int(code)));
            sheet.recording.push_borrowed(span, (row, name), Class::Host, args, correlation);
            let pid = sheet.process(thread);
            sheet.recording.launches.call((pid, correlation), span.0, row);
        });
    }

    /// Synchronisation is told of a process and not of a thread.
    fn waits(&mut self, progress: Progress<'_>) {
        let table = "CUPTI_ACTIVITY_KIND_SYNCHRONIZATION";
        let columns = ["start", "end", "globalPid", "streamId", "syncType", "deprecatedSyncType"];
        self.each(table, &columns, progress, |sheet, cells| {
            let Some(span) = sheet.span(table, cells) else { return };
            let pid = sheet.process(cells.int(2));
            let tid = sheet.recording.collect.rows.id_of_text("synchronization");
            let row = sheet.recording.collect.rows.id(RowKey::Thread { pid, tid });
            let name =
                sheet.recording.collect.names.number(wait(cells.int(4).or_else(|| cells.int(5))));
            // All ones stand for no stream.
            let stream = cells.int(3).filter(|&id| id > 0 && id < i64::from(u32::MAX));
            let args = stream.map(|id| ("stream waited for", BorrowedValue::Int(id)));
            sheet.recording.push_borrowed(span, (row, name), Class::Host, args, None);
        });
    }

    fn overhead(&mut self, table: &'static str, progress: Progress<'_>) {
        let columns = ["start", "end", "globalTid", "nameId"];
        self.each(table, &columns, progress, |sheet, cells| {
            let Some(span) = sheet.span(table, cells) else { return };
            // On a row of its own: it overlaps the calls that it slows down.
            let pid = sheet.process(cells.int(2));
            let tid = cells.int(2).map_or(0, |id| GlobalId(id).tid());
            let tid = sheet
                .recording
                .collect
                .rows
                .id_of_text(&format!("recording's own work, thread {tid}"));
            let row = sheet.recording.collect.rows.id(RowKey::Thread { pid, tid });
            let name = match sheet.name(cells.int(3)) {
                Some(name) => name,
                None => sheet.recording.collect.names.number("profiler overhead"),
            };
            sheet.recording.push(span, (row, name), Class::Overhead, &[], None);
        });
    }
}

/// `cudaLaunchKernel_v7000` without its version, as other recorders write it.
fn without_version(name: &str) -> &str {
    match name.rsplit_once("_v") {
        Some((name, version))
            if version.len() > 2 && version.bytes().all(|b| b.is_ascii_digit()) =>
        {
            name
        }
        _ => name,
    }
}

/// `CUpti_ActivitySynchronizationType` in words.
fn wait(kind: Option<i64>) -> &'static str {
    match kind {
        Some(1) => "waits for an event",
        Some(2) => "stream waits for an event",
        Some(3) => "waits for a stream",
        Some(4) => "waits for the context",
        _ => "waits for the GPU",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_cut_off_and_nothing_else() {
        assert_eq!(without_version("cudaLaunchKernel_v7000"), "cudaLaunchKernel");
        assert_eq!(without_version("cuMemcpyDtoDAsync_v2"), "cuMemcpyDtoDAsync_v2");
        assert_eq!(without_version("a_vector"), "a_vector");
    }
}
