//! Rows of a foreign file, numbered in order of first appearance.

use hashbrown::HashMap;

use super::records::ArrowId;
use crate::model::Texts;

/// What a row of the file stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RowKey {
    /// A thread of a process; texts and negative numbers are mapped by [`Rows::id_of_int`] and [`Rows::id_of_text`].
    Thread { pid: i64, tid: i64 },
    /// A stream of a GPU, of a process; the device where arguments or names tell it.
    Stream { pid: i64, device: Option<i64>, stream: i64 },
    /// Nestable asynchronous events of one category and id.
    Async { pid: i64, group: i64 },
}

impl RowKey {
    /// The process.
    pub(crate) fn pid(self) -> i64 {
        match self {
            Self::Thread { pid, .. } | Self::Stream { pid, .. } | Self::Async { pid, .. } => pid,
        }
    }
}

/// Rows numbered in order of first appearance; the last one is remembered, because events come in runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    ids: HashMap<RowKey, u32>,
    pub(crate) keys: Vec<RowKey>,
    last: Option<(RowKey, u32)>,
    /// The last stream and the thread that it stood on.
    last_stream: Option<(RowKey, i64)>,
    /// The stream that stands on a thread's row.
    streams: HashMap<(i64, i64), u32>,
    texts: Texts,
    /// Numbers of asynchronous groups by category (its number among the names) and id.
    groups: HashMap<(u32, ArrowId), i64>,
    group_keys: Vec<(u32, ArrowId)>,
}

/// Ids of texts start here, above any id that is kept as a number; still a `u32`.
const TEXT_IDS: i64 = 0xf000_0000;

impl Rows {
    pub(crate) fn id(&mut self, key: RowKey) -> u32 {
        if let Some((last, id)) = self.last
            && last == key
        {
            return id;
        }
        let next = self.keys.len() as u32;
        let id = *self.ids.entry(key).or_insert(next);
        if id == next {
            self.keys.push(key);
        }
        self.last = Some((key, id));
        id
    }

    /// The row of a stream whose events stand on thread `tid` of its process.
    pub(crate) fn stream(&mut self, key: RowKey, tid: i64) -> u32 {
        let id = self.id(key);
        if self.last_stream.replace((key, tid)) != Some((key, tid)) {
            self.streams.entry((key.pid(), tid)).or_insert(id);
        }
        id
    }

    /// The stream's row on a thread of a process, when there is one.
    pub(crate) fn stream_on(&self, pid: i64, tid: i64) -> Option<u32> {
        self.streams.get(&(pid, tid)).copied()
    }

    /// A number for an id of a process, thread, stream or device: small ones as they are, others (negative, of more
    /// than 32 bits) one of their own.
    pub(crate) fn id_of_int(&mut self, id: i64) -> i64 {
        if (0..TEXT_IDS).contains(&id) { id } else { self.id_of_text(&id.to_string()) }
    }

    /// A number for an id that is a text, the same for the same text.
    pub(crate) fn id_of_text(&mut self, text: &str) -> i64 {
        TEXT_IDS + i64::from(self.texts.number(text))
    }

    /// The text behind an id of [`id_of_text`](Self::id_of_text).
    pub(crate) fn text_of_id(&self, id: i64) -> Option<&str> {
        let index = u32::try_from(id - TEXT_IDS).ok()?;
        ((index as usize) < self.texts.len()).then(|| self.texts.get(index))
    }

    /// The number of a group of asynchronous events.
    pub(crate) fn group(&mut self, category: u32, id: ArrowId) -> i64 {
        let next = self.group_keys.len() as i64;
        let number = *self.groups.entry((category, id)).or_insert(next);
        if number == next {
            self.group_keys.push((category, id));
        }
        number
    }

    /// Takes in the rows of a later stretch of the same file; gives, by their numbers there, their numbers here.
    ///
    /// `name` gives that of names.
    pub(super) fn append(&mut self, later: &Self, name: impl Fn(u32) -> u32) -> RowsHere {
        let ids = later.texts.iter().map(|text| self.id_of_text(text)).collect();
        let group = |&(category, id): &(u32, ArrowId)| self.group(name(category), id.here(&name));
        let groups = later.group_keys.iter().map(group).collect();
        let mut here = RowsHere { rows: Vec::with_capacity(later.keys.len()), ids, groups };
        for key in &later.keys {
            here.rows.push(self.id(here.key(*key)));
        }
        for (&(pid, tid), &row) in &later.streams {
            let on = (here.id(pid), here.id(tid));
            self.streams.entry(on).or_insert(here.rows[row as usize]);
        }
        self.last = None;
        here
    }
}

/// What the numbers of another stretch are in this one.
pub(super) struct RowsHere {
    rows: Vec<u32>,
    ids: Vec<i64>,
    groups: Vec<i64>,
}

impl RowsHere {
    pub(super) fn row(&self, row: u32) -> u32 {
        self.rows[row as usize]
    }

    /// The number of a process, thread, stream or device.
    pub(super) fn id(&self, id: i64) -> i64 {
        let text = usize::try_from(id - TEXT_IDS).ok().and_then(|text| self.ids.get(text));
        text.copied().unwrap_or(id)
    }

    fn key(&self, key: RowKey) -> RowKey {
        match key {
            RowKey::Thread { pid, tid } => RowKey::Thread { pid: self.id(pid), tid: self.id(tid) },
            RowKey::Stream { pid, device, stream } => RowKey::Stream {
                pid: self.id(pid),
                device: device.map(|device| self.id(device)),
                stream: self.id(stream),
            },
            RowKey::Async { pid, group } => {
                RowKey::Async { pid: self.id(pid), group: self.groups[group as usize] }
            }
        }
    }
}
