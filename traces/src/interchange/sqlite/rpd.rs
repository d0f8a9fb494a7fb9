//! Databases of rocmProfileData (`.rpd`: `runTracer.sh`, rlog), the rocpd of schemas 1 to 3 before ROCm's own.
//!
//! Calls of the host, work of GPUs, and which call put which work there. Times are ns of the clock that runs since the
//! machine was booted; GPUs have the numbers of their nodes, which count processors too. Table and column names are facts of
//! the published schema.

use hashbrown::HashMap;

use super::SqliteError;
use super::database::Database;
use super::sheet::Sheet;
use super::triple::Triples;
use crate::interchange::foreign::{CATEGORY_KEY, Class, RowKey, Series};
use crate::stream::Progress;
use crate::{ArgValue, OpenOptions, Trace};

/// Tables of which nothing is drawn, or that say of calls what the calls say themselves.
const TELLING: [&str; 5] =
    ["rocpd_metadata", "rocpd_string", "rocpd_ustring", "rocpd_kernelcodeobject", "sqlite_"];
/// The call that stands for a range or a mark of the program.
const MARKER: &str = "UserMarker";

/// Whether a database is of this kind, by its tables.
pub(super) fn wrote(database: &Database) -> bool {
    database.table("rocpd_op").is_some() && database.table("rocpd_api").is_some()
}

/// Reads a database.
///
/// # Errors
/// [`SqliteError`]; a damaged table gives what stands before the damage, with a note.
pub(super) fn read(
    database: &Database,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, SqliteError> {
    let mut sheet: Sheet<'_, Rpd> = Sheet::new(database);
    sheet.facts(progress);
    sheet.calls_of_ops(progress);
    sheet.ops(progress);
    sheet.calls(progress);
    sheet.clocks(progress);
    sheet.unread(|name| {
        let is_table = name.starts_with("rocpd_") || name.starts_with("ext_");
        !is_table || TELLING.iter().any(|start| name.starts_with(start))
    });
    sheet.build(options)
}

/// What rows refer to.
#[derive(Debug, Default)]
struct Rpd {
    /// Texts, numbered as the collected names are.
    strings: HashMap<i64, u32>,
    /// Texts of arguments, in schemas that keep them apart.
    arguments: HashMap<i64, u32>,
    /// The process of every call that put work on a GPU.
    pids: HashMap<i64, i64>,
    /// The call behind every piece of work.
    calls: HashMap<i64, i64>,
    /// What calls say of the one piece of work that they launched.
    about: HashMap<i64, Vec<(&'static str, ArgValue)>>,
    /// The process of the first call, for work that no call is known of.
    first_pid: Option<i64>,
}

impl Sheet<'_, Rpd> {
    fn facts(&mut self, progress: Progress<'_>) {
        let mut version = None;
        self.each("rocpd_metadata", &["tag", "value"], progress, |_, cells| {
            if cells.text(0).as_deref() == Some("schema_version") {
                version = cells.text(1);
            }
        });
        let version = version.map_or(String::new(), |version| format!(", schema {version}"));
        self.recording.header.profiler = Some(format!("rocmProfileData (rpd{version})"));
        self.each("rocpd_string", &["id", "string"], progress, |sheet, cells| {
            if let (Some(id), Some(text)) = (cells.int(0), cells.text(1)) {
                let name = sheet.recording.collect.names.number(&text);
                sheet.own.strings.insert(id, name);
            }
        });
        self.each("rocpd_ustring", &["id", "string"], progress, |sheet, cells| {
            if let (Some(id), Some(text)) = (cells.int(0), cells.text(1)) {
                let name = sheet.recording.collect.names.number(&text);
                sheet.own.arguments.insert(id, name);
            }
        });
    }

    /// What is to be known of the calls before the work is read.
    fn calls_of_ops(&mut self, progress: Progress<'_>) {
        self.each("rocpd_api_ops", &["api_id", "op_id"], progress, |sheet, cells| {
            if let (Some(call), Some(op)) = (cells.int(0), cells.int(1)) {
                sheet.own.calls.insert(op, call);
                sheet.own.pids.insert(call, 0);
            }
        });
        self.each("rocpd_api", &["id", "pid"], progress, |sheet, cells| {
            let Some(pid) = cells.int(1) else { return };
            let pid = sheet.recording.collect.rows.id_of_int(pid);
            sheet.own.first_pid.get_or_insert(pid);
            if let Some(known) = cells.int(0).and_then(|id| sheet.own.pids.get_mut(&id)) {
                *known = pid;
            }
        });
        let columns = [
            "api_ptr_id",
            "stream",
            "gridX",
            "gridY",
            "gridZ",
            "workgroupX",
            "workgroupY",
            "workgroupZ",
            "groupSegmentSize",
        ];
        let mut triples = Triples::default();
        self.each("rocpd_kernelapi", &columns, progress, |sheet, cells| {
            let Some(call) = cells.int(0) else { return };
            let mut args = Vec::with_capacity(4);
            args.extend(cells.text(1).map(|stream| ("stream", ArgValue::Text(stream))));
            // Blocks or work items, as the call took them.
            for (key, at) in [("grid as passed", 2), ("block", 5)] {
                let triple = triples.number(cells, at).map(|number| triples.text(number));
                args.extend(triple.map(|text| (key, ArgValue::Text(text.to_owned()))));
            }
            let shared = cells.int(8).filter(|&bytes| bytes > 0);
            args.extend(shared.map(|bytes| ("shared memory", ArgValue::Int(bytes))));
            sheet.own.about.insert(call, args);
        });
        self.each("rocpd_copyapi", &["api_ptr_id", "stream", "size"], progress, |sheet, cells| {
            let Some(call) = cells.int(0) else { return };
            let mut args = Vec::with_capacity(2);
            args.extend(cells.text(1).map(|stream| ("stream", ArgValue::Text(stream))));
            args.extend(cells.int(2).map(|bytes| ("bytes", ArgValue::Int(bytes))));
            sheet.own.about.insert(call, args);
        });
    }

    fn ops(&mut self, progress: Progress<'_>) {
        let columns = ["start", "end", "id", "gpuId", "queueId", "description_id", "opType_id"];
        self.each("rocpd_op", &columns, progress, |sheet, cells| {
            let Some(span) = sheet.span("rocpd_op", cells) else { return };
            let call = cells.int(2).and_then(|id| sheet.own.calls.get(&id)).copied();
            let pid = call.and_then(|call| sheet.own.pids.get(&call)).copied();
            let pid = pid.or(sheet.own.first_pid).unwrap_or(0);
            let text = |id: Option<i64>| sheet.own.strings.get(&id?).copied();
            let (described, kind) = (text(cells.int(5)), text(cells.int(6)));
            let names = &mut sheet.recording.collect.names;
            let class = kind.map_or(Class::Kernel, |kind| class(names.get(kind)));
            let described = described.filter(|&name| !names.get(name).is_empty());
            let name = described.or(kind).unwrap_or_else(|| names.number("(no name)"));
            let rows = &mut sheet.recording.collect.rows;
            let stream = rows.id_of_int(cells.int(4).unwrap_or(0));
            let row = rows.id(RowKey::Stream { pid, device: cells.int(3), stream });
            let args = call.and_then(|call| sheet.own.about.get(&call));
            let args = args.map_or(&[][..], |args| args.as_slice());
            sheet.recording.push(span, (row, name), class, args, call);
            sheet.recording.launches.work((pid, call), span, row);
        });
    }

    fn calls(&mut self, progress: Progress<'_>) {
        let columns = [
            "start",
            "end",
            "id",
            "pid",
            "tid",
            "apiName_id",
            "args_id",
            "category_id",
            "domain_id",
        ];
        self.each("rocpd_api", &columns, progress, |sheet, cells| {
            let Some(span) = sheet.span("rocpd_api", cells) else { return };
            let own = &sheet.own;
            let texts = if own.arguments.is_empty() { &own.strings } else { &own.arguments };
            let told = cells.int(6).and_then(|id| texts.get(&id)).copied();
            let text = |at: usize| own.strings.get(&cells.int(at)?).copied();
            let (called, category, domain) = (text(5), text(7), text(8));
            let collect = &mut sheet.recording.collect;
            let pid = collect.rows.id_of_int(cells.int(3).unwrap_or(0));
            let tid = collect.rows.id_of_int(cells.int(4).unwrap_or(0));
            let row = collect.rows.id(RowKey::Thread { pid, tid });
            let called = called.unwrap_or_else(|| collect.names.number("(no name)"));
            let told = told.filter(|&told| !collect.names.get(told).is_empty());
            let is_marker = collect.names.get(called) == MARKER;
            let (name, told) =
                if is_marker { (told.unwrap_or(called), None) } else { (called, told) };
            let argument = |name: u32| ArgValue::Text(collect.names.get(name).to_owned());
            let mut args = Vec::with_capacity(3);
            args.extend(category.map(|category| (CATEGORY_KEY, argument(category))));
            args.extend(domain.map(|domain| ("domain", argument(domain))));
            args.extend(told.map(|told| ("args", argument(told))));
            let name_text = is_marker.then(|| collect.names.get(name).to_owned());
            let class = if is_marker { Class::HostMark } else { Class::Host };
            let call = cells.int(2);
            sheet.recording.push(span, (row, name), class, &args, call);
            match name_text {
                Some(name) => sheet.recording.range(pid, &name, span),
                None => sheet.recording.launches.call((pid, call), span.0, row),
            }
        });
    }

    /// Clock rates and the like, each for a stretch of time.
    fn clocks(&mut self, progress: Progress<'_>) {
        let columns = ["start", "deviceType", "deviceId", "monitorType", "value"];
        self.each("rocpd_monitor", &columns, progress, |sheet, cells| {
            let (Some(at_ns), Some(value)) = (cells.int(0), cells.real(4)) else {
                let cause = "rows of rocpd_monitor without a time or a number";
                return sheet.recording.tally.lost_where(cause, String::new);
            };
            let kind = cells.text(3).unwrap_or_else(|| "value".to_owned());
            let device = cells.text(1).unwrap_or_default().to_ascii_uppercase();
            let name = match cells.int(2) {
                Some(id) => format!("{kind}, {device} {id}"),
                None => kind,
            };
            let key = String::new();
            sheet.recording.collect.sample(Series { pid: -1, name, key }, at_ns, value);
        });
    }
}

/// What ran, by the recorder's word for it.
fn class(kind: &str) -> Class {
    match kind {
        _ if kind.starts_with("Copy") || kind.starts_with("Fill") => Class::Memcpy,
        "Barrier" | "Marker" => Class::GpuMark,
        _ => Class::Kernel,
    }
}
