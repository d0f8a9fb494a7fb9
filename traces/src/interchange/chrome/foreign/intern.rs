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
    /// A thread of a process; texts and negative numbers are mapped by [`Rows::id_of_text`].
    Thread { pid: i64, tid: i64 },
    /// A stream of a GPU.
    Stream { device: i64, stream: i64 },
    /// Nestable asynchronous events of one category and id.
    Async { pid: i64, group: i64 },
}

/// Rows numbered in order of first appearance; the last one is remembered, because events come in runs.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    ids: HashMap<RowKey, u32>,
    pub(crate) keys: Vec<RowKey>,
    last: Option<(RowKey, u32)>,
    texts: Names,
}

/// Ids of texts start here: above any process id, still a `u32`.
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

    /// The row with this key, when there is one.
    pub(crate) fn find(&self, key: RowKey) -> Option<u32> {
        self.ids.get(&key).copied()
    }

    /// A number for an id that is a text or negative, the same for the same text.
    pub(crate) fn id_of_text(&mut self, text: &str) -> i64 {
        TEXT_IDS + i64::from(self.texts.id(text))
    }

    /// The text behind an id of [`id_of_text`](Self::id_of_text).
    pub(crate) fn text_of_id(&self, id: i64) -> Option<&str> {
        let index = u32::try_from(id - TEXT_IDS).ok()?;
        self.texts.texts.get(index as usize).map(AsRef::as_ref)
    }
}
