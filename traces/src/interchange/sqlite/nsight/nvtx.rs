//! NVTX: ranges, marks, and the names that programs give to threads and domains.

use hashbrown::HashMap;

use super::ids::GlobalId;
use super::sheet::Nsight;
use crate::ArgValue;
use crate::interchange::foreign::{Class, RowKey};
use crate::interchange::sqlite::database::Cells;
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

/// `ENUM_NSYS_EVENT_TYPE` of the exporter.
const CATEGORY: i64 = 33;
const MARK: i64 = 34;
const THREAD: i64 = 39;
const PUSH_POP_RANGE: i64 = 59;
const START_END_RANGE: i64 = 60;
const DOMAIN_CREATE: i64 = 75;
const DOMAIN_DESTROY: i64 = 76;

const TABLE: &str = "NVTX_EVENTS";
const COLUMNS: [&str; 7] = ["start", "end", "eventType", "globalTid", "text", "textId", "domainId"];

impl Sheet<'_, Nsight> {
    /// Reads ranges and marks.
    pub(super) fn nvtx(&mut self, progress: Progress<'_>) {
        let domains = self.domains(progress);
        self.each(TABLE, &COLUMNS, progress, |sheet, cells| {
            match cells.int(2).unwrap_or(PUSH_POP_RANGE) {
                PUSH_POP_RANGE | START_END_RANGE | MARK => sheet.range(cells, &domains),
                // A start and an end that never met, in exports before they were joined.
                35..=38 => {
                    sheet.recording.tally.lost_where("NVTX ranges without a partner", || {
                        format!("at {} ns", cells.int(0).unwrap_or_default())
                    });
                }
                CATEGORY | DOMAIN_CREATE | DOMAIN_DESTROY => {}
                THREAD => {
                    if let (Some(id), Some(name)) = (cells.int(3), sheet.text(cells)) {
                        let key = (sheet.process(Some(id)), GlobalId(id).tid());
                        sheet.recording.collect.thread_names.insert(key, name);
                    }
                }
                other => {
                    let cause = format!("rows of {TABLE} of event type {other}, not read");
                    sheet.recording.tally.diagnostics.remark(&cause, 1);
                }
            }
        });
    }

    /// Names of domains by process and number.
    fn domains(&mut self, progress: Progress<'_>) -> HashMap<(i64, i64), String> {
        let mut domains = HashMap::new();
        self.each(TABLE, &COLUMNS, progress, |sheet, cells| {
            if cells.int(2) == Some(DOMAIN_CREATE)
                && let (Some(domain), Some(name)) = (cells.int(6), sheet.text(cells))
            {
                let pid = sheet.process(cells.int(3));
                domains.insert((pid, domain), name);
            }
        });
        domains
    }

    fn text(&self, cells: &Cells<'_>) -> Option<String> {
        let given = cells.text(4).filter(|text| !text.is_empty());
        given.or_else(|| self.string(cells.int(5)).map(str::to_owned))
    }

    fn range(&mut self, cells: &Cells<'_>, domains: &HashMap<(i64, i64), String>) {
        let kind = cells.int(2).unwrap_or(PUSH_POP_RANGE);
        let Some(start_ns) = cells.int(0) else {
            return self
                .recording
                .tally
                .lost_where("rows of NVTX_EVENTS without a start", String::new);
        };
        let end_ns = match cells.int(1) {
            Some(end_ns) if end_ns >= start_ns => end_ns,
            _ if kind == MARK => start_ns,
            Some(_) => {
                let place = || format!("at {start_ns} ns");
                return self
                    .recording
                    .tally
                    .lost_where("NVTX ranges that end before they start", place);
            }
            None => {
                let place = || format!("begins at {start_ns} ns");
                return self
                    .recording
                    .tally
                    .lost_where("NVTX ranges that were still open at the end", place);
            }
        };
        let name = self.text(cells).unwrap_or_else(|| "(no name)".to_owned());
        let pid = self.process(cells.int(3));
        let row = if kind == START_END_RANGE {
            // Such a range may begin on one thread and end on another.
            self.recording.collect.rows.id(RowKey::Async { pid, group: 0 })
        } else {
            self.thread(cells.int(3))
        };
        let domain = cells.int(6).and_then(|domain| domains.get(&(pid, domain)));
        let args: Vec<_> =
            domain.map(|name| ("domain", ArgValue::Text(name.clone()))).into_iter().collect();
        self.recording.range(pid, &name, (start_ns, end_ns));
        let name = self.recording.collect.names.number(&name);
        self.recording.push((start_ns, end_ns), (row, name), Class::HostMark, &args, None);
    }
}
