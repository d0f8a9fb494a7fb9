//! What an export says of the recording: recorder, clock, GPUs, names, and what went wrong.

use super::ids::GlobalId;
use super::sheet::Nsight;
use crate::DeviceInfo;
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

/// From which on a message of the recorder is worth showing: 2 warnings, 3 errors; 4 is chatter.
const WARNING: i64 = 2;
const ERROR: i64 = 3;

impl Sheet<'_, Nsight> {
    /// Reads the tables that tell of the whole.
    pub(super) fn facts(&mut self, progress: Progress<'_>) {
        self.recorder(progress);
        self.devices(progress);
        self.names(progress);
        self.messages(progress);
    }

    fn recorder(&mut self, progress: Progress<'_>) {
        let mut version = None;
        self.each("META_DATA_EXPORT", &["name", "value"], progress, |_, cells| {
            if cells.text(0).as_deref() == Some("EXPORT_PRODUCT_VERSION") {
                version = cells.text(1);
            }
        });
        let name = "Nsight Systems";
        self.recording.header.profiler = Some(match &version {
            Some(version) => format!("{name} {version}"),
            None => name.to_owned(),
        });
        let session = "TARGET_INFO_SESSION_START_TIME";
        self.each(session, &["utcEpochNs"], progress, |sheet, cells| {
            // Several: of several machines; times are of the first.
            sheet.recording.header.base_time_ns =
                sheet.recording.header.base_time_ns.or(cells.int(0));
        });
        self.each("TARGET_INFO_SYSTEM_ENV", &["name", "value"], progress, |sheet, cells| {
            if cells.text(0).as_deref() == Some("CudaDriverVersion")
                && let Some(version) = cells.int(1)
            {
                let shown = format!("{}.{}", version / 1000, version % 1000 / 10);
                sheet.recording.header.run.push(("CUDA driver".to_owned(), shown));
            }
        });
    }

    fn devices(&mut self, progress: Progress<'_>) {
        let columns = ["id", "name", "smCount", "totalMemory", "computeMajor", "computeMinor"];
        self.each("TARGET_INFO_GPU", &columns, progress, |sheet, cells| {
            let number = |at: usize| cells.int(at).unwrap_or(0);
            let info = DeviceInfo {
                name: cells.text(1).unwrap_or_default(),
                sms: u32::try_from(number(2)).unwrap_or(0),
                memory_bytes: u64::try_from(number(3)).unwrap_or(0),
                compute_capability: (
                    u32::try_from(number(4)).unwrap_or(0),
                    u32::try_from(number(5)).unwrap_or(0),
                ),
            };
            if let Some(id) = cells.int(0) {
                sheet.recording.header.devices.push((id, info));
            }
        });
        let columns = ["gpuId", "cudaId", "pid"];
        self.each("TARGET_INFO_CUDA_DEVICE", &columns, progress, |sheet, cells| {
            if let (Some(gpu), Some(cuda), Some(pid)) = (cells.int(0), cells.int(1), cells.int(2)) {
                sheet.own.gpus.insert((pid, cuda), gpu);
            }
        });
    }

    fn names(&mut self, progress: Progress<'_>) {
        self.each("PROCESSES", &["globalPid", "name"], progress, |sheet, cells| {
            let (id, name) = (cells.int(0), cells.text(1));
            if let (Some(_), Some(name)) = (id, name) {
                let pid = sheet.process(id);
                sheet.recording.collect.process_names.insert(pid, name);
            }
        });
        self.each("ThreadNames", &["globalTid", "nameId"], progress, |sheet, cells| {
            let (id, name) = (cells.int(0), cells.int(1));
            if let (Some(thread), Some(name)) = (id, sheet.string(name).map(str::to_owned)) {
                let key = (sheet.process(id), GlobalId(thread).tid());
                sheet.recording.collect.thread_names.insert(key, name);
            }
        });
    }

    /// Warnings of the recorder, as lost records are.
    fn messages(&mut self, progress: Progress<'_>) {
        self.each("DIAGNOSTIC_EVENT", &["severity", "text"], progress, |sheet, cells| {
            if let (Some(WARNING | ERROR), Some(text)) = (cells.int(0), cells.text(1)) {
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                sheet.recording.tally.diagnostics.note(format!("Nsight Systems says: {text}"));
            }
        });
    }
}
