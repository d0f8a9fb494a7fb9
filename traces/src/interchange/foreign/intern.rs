//! Names and rows of a foreign file, numbered in order of first appearance.

use std::collections::HashMap;

/// Texts numbered in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Names {
    ids: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Names {
    pub(crate) fn id(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let id = self.texts.len() as u32;
        self.ids.insert(text.into(), id);
        self.texts.push(text.into());
        id
    }

    pub(crate) fn text(&self, id: u32) -> &str {
        &self.texts[id as usize]
    }
}

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
#[derive(Debug, Default)]
pub(crate) struct Rows {
    ids: HashMap<RowKey, u32>,
    pub(crate) keys: Vec<RowKey>,
    last: Option<(RowKey, u32)>,
    /// The stream that stands on a thread's row.
    streams: HashMap<(i64, i64), u32>,
    texts: Names,
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
        let is_run = self.last.is_some_and(|(last, _)| last == key);
        let id = self.id(key);
        if !is_run {
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
        TEXT_IDS + i64::from(self.texts.id(text))
    }

    /// The text behind an id of [`id_of_text`](Self::id_of_text).
    pub(crate) fn text_of_id(&self, id: i64) -> Option<&str> {
        let index = u32::try_from(id - TEXT_IDS).ok()?;
        self.texts.texts.get(index as usize).map(AsRef::as_ref)
    }
}
