//! What the host did: calls of HIP, HSA and RCCL, ranges of the program (roctx), and allocations.

use super::gpu::columns;
use super::set::{OWN, Rocpd};
use crate::ArgValue;
use crate::interchange::foreign::{CATEGORY_KEY, Class};
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

impl Sheet<'_, Rocpd> {
    /// Reads the tables of host work; GPU work has to be known.
    pub(super) fn host(&mut self, progress: Progress<'_>) {
        self.regions(progress);
        self.allocations(progress);
    }

    fn regions(&mut self, progress: Progress<'_>) {
        let table = "rocpd_region";
        self.rows(table, &columns(&["name_id"]), progress, |sheet, cells| {
            let Some(span) = sheet.span(table, cells) else { return };
            let (place, event) = sheet.place(cells);
            let about = sheet.about(event);
            let (pid, row) = (sheet.pid(&place), sheet.thread(&place));
            let category = about.and_then(|about| about.category);
            let is_marker = category.is_some_and(|category| sheet.is_marker(category));
            let told =
                about.and_then(|about| about.message).or_else(|| sheet.string(cells.int(OWN)));
            let name = told.unwrap_or_else(|| sheet.recording.collect.names.number("(no name)"));
            let mut args = Vec::new();
            if let Some(category) = category {
                let category = sheet.recording.collect.names.get(category).to_owned();
                args.push((CATEGORY_KEY.to_owned(), ArgValue::Text(category)));
            }
            sheet.add_arguments(event, &mut args);
            let args: Vec<_> =
                args.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
            let correlation = about.and_then(|about| about.correlation);
            let class = if is_marker { Class::HostMark } else { Class::Host };
            sheet.recording.push(span, (row, name), class, &args, correlation);
            if is_marker {
                let name = sheet.recording.collect.names.get(name).to_owned();
                sheet.recording.range(pid, &name, span);
            } else {
                sheet.recording.launches.call((pid, correlation), span.0, row);
            }
        });
    }

    fn allocations(&mut self, progress: Progress<'_>) {
        let table = "rocpd_memory_allocate";
        self.rows(table, &columns(&["type", "level", "size"]), progress, |sheet, cells| {
            let Some(span) = sheet.span(table, cells) else { return };
            let (place, event) = sheet.place(cells);
            let row = sheet.thread(&place);
            let what = match cells.text(OWN).as_deref() {
                Some("ALLOC") => "allocate",
                Some("FREE") => "free",
                Some("REALLOC") => "reallocate",
                Some("RECLAIM") => "reclaim",
                _ => "change",
            };
            let level = cells.text(OWN + 1).map_or(String::new(), |level| match level.as_str() {
                "REAL" => String::new(),
                level => format!(" {}", level.to_ascii_lowercase()),
            });
            let name = sheet.recording.collect.names.number(&format!("{what}{level} memory"));
            let bytes = cells.int(OWN + 2).filter(|&bytes| bytes > 0);
            let args: Vec<_> = bytes.map(|n| ("bytes", ArgValue::Int(n))).into_iter().collect();
            let correlation = sheet.about(event).and_then(|about| about.correlation);
            sheet.recording.push(span, (row, name), Class::Host, &args, correlation);
        });
    }
}
