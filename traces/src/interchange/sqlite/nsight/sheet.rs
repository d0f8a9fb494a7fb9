//! What is being read off a database, and what its parts have in common.

use std::collections::HashMap;

use super::ids::GlobalId;
use super::launches::Launches;
use super::steps::Steps;
use crate::interchange::foreign::{Class, Collect, Event, Header, RowKey};
use crate::interchange::sqlite::SqliteError;
use crate::interchange::sqlite::database::{Cells, Database};
use crate::interchange::tally::Tally;
use crate::stream::Progress;
use crate::{ArgValue, ArgsId};

/// Tables whose rows say how something else is to be read, or what the machine is: nothing to draw.
const TELLING: [&str; 12] = [
    "StringIds",
    "PROCESSES",
    "ThreadNames",
    "ProcessStreams",
    "EXPORT_META_DATA",
    "NVTX_PAYLOAD_SCHEMAS",
    "NVTX_PAYLOAD_SCHEMA_ENTRIES",
    "NVTX_PAYLOAD_ENUMS",
    "NVTX_PAYLOAD_ENUM_ENTRIES",
    "NVTX_PAYLOAD_TYPE_INFO",
    "DIAGNOSTIC_EVENT",
    "GENERIC_EVENT_SOURCES",
];

pub(super) struct Sheet<'a> {
    pub(super) database: &'a Database,
    pub(super) collect: Collect,
    pub(super) header: Header,
    pub(super) tally: Tally,
    /// Texts by their ids, numbered as the collected names are.
    strings: HashMap<i64, u32>,
    /// The machine of the first process; those of others are told apart.
    machine: Option<i64>,
    /// GPU number by process and the process's own number of it, where the export says.
    pub(super) gpus: HashMap<(i64, i64), i64>,
    pub(super) launches: Launches,
    pub(super) steps: Steps,
    read: Vec<&'static str>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(database: &'a Database) -> Self {
        let mut tally = Tally::default();
        if let Some((bytes, announced)) = database.cut() {
            tally.diagnostics.note(format!(
                "the database is cut off: {bytes} of {announced} bytes are there, and rows behind them are lost"
            ));
        }
        Self {
            database,
            collect: Collect::default(),
            header: Header::default(),
            tally,
            strings: HashMap::new(),
            machine: None,
            gpus: HashMap::new(),
            launches: Launches::default(),
            steps: Steps::default(),
            read: Vec::new(),
        }
    }

    /// Hands every row of a table to `each`, if there is such a table. What a damaged one still gives is taken.
    pub(super) fn each(
        &mut self,
        table: &'static str,
        columns: &[&str],
        progress: Progress<'_>,
        mut each: impl FnMut(&mut Self, &Cells<'_>),
    ) {
        self.read.push(table);
        let database = self.database;
        let Some(found) = database.table(table) else { return };
        let mut count = 0_u64;
        let read = found.each(columns, progress, |cells| {
            count += 1;
            each(self, cells);
        });
        if let Err(error) = read {
            self.damaged(table, count, &error);
        }
    }

    fn damaged(&mut self, table: &str, count: u64, error: &SqliteError) {
        self.tally
            .diagnostics
            .note(format!("the table {table} is read up to row {count}: {error}"));
        self.tally.diagnostics.count("damaged tables", 1);
    }

    /// Numbers all texts.
    pub(super) fn strings(&mut self, progress: Progress<'_>) {
        self.each("StringIds", &["id", "value"], progress, |sheet, cells| {
            if let (Some(id), Some(text)) = (cells.int(0), cells.text(1)) {
                let name = sheet.collect.names.id(&text);
                sheet.strings.insert(id, name);
            }
        });
    }

    /// The text behind an id.
    pub(super) fn string(&self, id: Option<i64>) -> Option<&str> {
        Some(self.collect.names.text(*self.strings.get(&id?)?))
    }

    /// The number of a text behind an id, as names are numbered.
    pub(super) fn name(&self, id: Option<i64>) -> Option<u32> {
        self.strings.get(&id?).copied()
    }

    /// The process of an id, by its number; one of a second machine by a text.
    pub(super) fn process(&mut self, id: Option<i64>) -> i64 {
        let Some(id) = id.map(GlobalId) else { return 0 };
        let machine = *self.machine.get_or_insert(id.machine());
        if machine == id.machine() {
            return id.pid();
        }
        self.collect.rows.id_of_text(&format!("{} on machine {}", id.pid(), id.machine()))
    }

    /// The row of a thread.
    pub(super) fn thread(&mut self, id: Option<i64>) -> u32 {
        let pid = self.process(id);
        let tid = id.map_or(0, |id| GlobalId(id).tid());
        self.collect.rows.id(RowKey::Thread { pid, tid })
    }

    /// The span of a row with times; counts why not.
    pub(super) fn span(&mut self, table: &str, cells: &Cells<'_>) -> Option<(i64, i64)> {
        match (cells.int(0), cells.int(1)) {
            (Some(start), Some(end)) if end >= start => return Some((start, end)),
            (Some(start), Some(_)) => {
                let cause = format!("rows of {table} that end before they start");
                self.tally.lost_where(&cause, || format!("at {start} ns"));
            }
            (start, _) => {
                let cause = format!("rows of {table} without start or end");
                let place =
                    start.map_or("has neither".to_owned(), |at| format!("starts at {at} ns"));
                self.tally.lost_where(&cause, || place);
            }
        }
        None
    }

    /// Takes in a slice.
    pub(super) fn push(
        &mut self,
        (start_ns, end_ns): (i64, i64),
        (row, name): (u32, u32),
        class: Class,
        args: &[(&'static str, ArgValue)],
        correlation: Option<i64>,
    ) {
        let args = if args.is_empty() {
            ArgsId::NONE
        } else {
            self.collect.args.push(args.iter().map(|(key, value)| (*key, value.clone())))
        };
        let item = correlation.and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
        self.collect.events.push(Event { start_ns, end_ns, name, args, item, row, class });
    }

    /// Counts what stands in tables that are not read.
    pub(super) fn unread(&mut self) {
        for name in self.database.table_names() {
            let is_telling = ["ENUM_", "TARGET_INFO_", "META_DATA_", "ANALYSIS_", "sqlite_"]
                .iter()
                .any(|start| name.starts_with(start));
            if is_telling || TELLING.contains(&name) || self.read.contains(&name) {
                continue;
            }
            let rows = self.database.table(name).and_then(|table| table.len().ok()).unwrap_or(0);
            self.tally.diagnostics.remark(&format!("rows of {name}, not read"), rows);
        }
    }
}
