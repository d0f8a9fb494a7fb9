//! What the packets have said once and refer to by number: names, categories, keys and texts of annotations.

use hashbrown::HashMap;

use crate::interchange::perfetto::messages::{
    DebugAnnotation, InternedBytes, InternedData, InternedName,
};
use crate::model::PackedValue;
use crate::{ArgStore, ArgValue, LabelId, Trace};

/// Numbers of keys that are no keys of the trace's arguments begin here.
const FIRST_DERIVED: u64 = 1 << 32;

pub(super) struct Told<'a> {
    trace: &'a Trace,
    names: Vec<bool>,
    /// By number of the text in the trace's arguments.
    keys: Vec<bool>,
    texts: Vec<bool>,
    derived_keys: HashMap<&'static str, u64>,
    categories: HashMap<String, u64>,
    /// What the next packet has to say before it can refer to it.
    new: InternedData,
}

impl<'a> Told<'a> {
    pub(super) fn new(trace: &'a Trace) -> Self {
        Self {
            trace,
            names: vec![false; trace.labels.len()],
            keys: vec![false; trace.args.num_texts()],
            texts: vec![false; trace.args.num_texts()],
            derived_keys: HashMap::new(),
            categories: HashMap::new(),
            new: InternedData::default(),
        }
    }

    /// What was not told before, for the packet that refers to it.
    pub(super) fn take_new(&mut self) -> Option<InternedData> {
        let new = std::mem::take(&mut self.new);
        (new != InternedData::default()).then_some(new)
    }

    /// The number of a label's name.
    pub(super) fn name(&mut self, label: LabelId) -> u64 {
        let iid = u64::from(label.0) + 1;
        if !std::mem::replace(&mut self.names[label.0 as usize], true) {
            let name = Some(self.trace.label(label).name.clone());
            self.new.event_names.push(InternedName { iid: Some(iid), name });
        }
        iid
    }

    /// The number of a category.
    pub(super) fn category(&mut self, category: &str) -> u64 {
        if let Some(&iid) = self.categories.get(category) {
            return iid;
        }
        let iid = self.categories.len() as u64 + 1;
        self.categories.insert(category.to_owned(), iid);
        let name = Some(category.to_owned());
        self.new.event_categories.push(InternedName { iid: Some(iid), name });
        iid
    }

    /// The trace's own arguments of a row, each of its type.
    pub(super) fn own(&mut self, pairs: &[(u32, PackedValue)]) -> Vec<DebugAnnotation> {
        pairs.iter().map(|&(key, value)| self.own_pair(key, value)).collect()
    }

    fn own_pair(&mut self, key: u32, value: PackedValue) -> DebugAnnotation {
        let store: &'a ArgStore = &self.trace.args;
        let iid = u64::from(key) + 1;
        if !std::mem::replace(&mut self.keys[key as usize], true) {
            let name = Some(store.text(key).to_owned());
            self.new.debug_annotation_names.push(InternedName { iid: Some(iid), name });
        }
        let it = DebugAnnotation { name_iid: Some(iid), ..DebugAnnotation::default() };
        match value {
            PackedValue::Int(int) => DebugAnnotation { int_value: Some(int), ..it },
            PackedValue::Float(float) => DebugAnnotation { double_value: Some(float), ..it },
            PackedValue::Text(text) => {
                let iid = u64::from(text) + 1;
                if !std::mem::replace(&mut self.texts[text as usize], true) {
                    let str = Some(store.text(text).as_bytes().to_vec());
                    let value = InternedBytes { iid: Some(iid), str };
                    self.new.debug_annotation_string_values.push(value);
                }
                DebugAnnotation { string_value_iid: Some(iid), ..it }
            }
            PackedValue::Json(text) => json(it, store.text(text)),
        }
    }

    /// An argument that is no argument of the trace.
    pub(super) fn derived(&mut self, key: &'static str, value: &ArgValue) -> DebugAnnotation {
        let next = FIRST_DERIVED + self.derived_keys.len() as u64;
        let iid = *self.derived_keys.entry(key).or_insert(next);
        if iid == next {
            let name = Some(key.to_owned());
            self.new.debug_annotation_names.push(InternedName { iid: Some(iid), name });
        }
        let it = DebugAnnotation { name_iid: Some(iid), ..DebugAnnotation::default() };
        match value {
            ArgValue::Int(int) => DebugAnnotation { int_value: Some(*int), ..it },
            ArgValue::Float(float) => DebugAnnotation { double_value: Some(*float), ..it },
            ArgValue::Text(text) => DebugAnnotation { string_value: Some(text.clone()), ..it },
            ArgValue::Json(text) => json(it, text),
        }
    }
}

/// A value of the type that it has in JSON.
fn json(it: DebugAnnotation, text: &str) -> DebugAnnotation {
    let whole = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    match (text, whole) {
        ("true" | "false", _) => DebugAnnotation { bool_value: Some(text == "true"), ..it },
        (_, Some(whole)) => DebugAnnotation { uint_value: Some(whole), ..it },
        _ => DebugAnnotation { legacy_json_value: Some(text.to_owned()), ..it },
    }
}
