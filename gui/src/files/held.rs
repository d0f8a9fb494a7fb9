//! Files that came as bytes, without a place that they could be read from again: those that are dropped on a page.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// By the path that stands for them.
static HELD: Mutex<Option<HashMap<PathBuf, Arc<[u8]>>>> = Mutex::new(None);

/// Holds a file's bytes, in place of those that its name stood for before. They stay until the program ends, so that the file can be
/// opened again.
pub fn hold(name: PathBuf, bytes: impl Into<Arc<[u8]>>) {
    with(|held| held.insert(name, bytes.into()));
}

/// True when bytes are held under this name.
pub fn is_held(name: &Path) -> bool {
    with(|held| held.contains_key(name))
}

/// The bytes under this name.
pub(super) fn held(name: &Path) -> Option<Arc<[u8]>> {
    with(|held| held.get(name).cloned())
}

fn with<T>(work: impl FnOnce(&mut HashMap<PathBuf, Arc<[u8]>>) -> T) -> T {
    // A map is whole after any panic.
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    work(held.get_or_insert_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Sample, no_hook, open_trace};

    #[test]
    fn what_is_held_opens_by_its_name() {
        let sample = crate::files::SAMPLES[0];
        let name = Path::new("dropped.weft");
        assert!(!is_held(name));
        hold(name.to_owned(), sample.bytes);
        let open =
            |path: &Path| open_trace(path, &weftscope_traces::Classifier::default(), &mut no_hook);
        let (dropped, shipped) = (open(name).unwrap(), open(&Sample::path(&sample)).unwrap());
        assert_eq!(dropped.meta, shipped.meta);
        hold(name.to_owned(), *b"no trace");
        assert!(open(name).unwrap_err().to_string().contains("unknown format"));
    }
}
