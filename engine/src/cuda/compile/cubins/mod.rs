//! Compiled programs, kept: in memory while the process lives, in a folder of the user's cache beyond that.
//!
//! Nothing here fails: what cannot be read is compiled, what cannot be written is compiled again next time.

mod entry;
mod folder;
mod recipe;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    env,
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex, Once, PoisonError},
    time::SystemTime,
};

use super::Compiled;

pub use folder::{CacheOff, CubinCache, cubin_cache};
pub(super) use recipe::{Key, Recipe};

/// Held while its program is read or compiled, so that whoever else asks for it waits instead of compiling too.
type Slot = Arc<Mutex<Option<Arc<Compiled>>>>;

/// Programs by what they were compiled from.
#[derive(Debug)]
pub(super) struct Cubins {
    /// `None`: kept in memory only.
    folder: Option<PathBuf>,
    slots: Mutex<HashMap<Key, Slot>>,
    /// Old entries are looked for once, when the first new one is written.
    pruned: Once,
}

impl Cubins {
    /// The one of this process: what one GPU, entry point or executor had compiled serves every other.
    pub(super) fn of_process() -> &'static Self {
        static PROCESS: LazyLock<Cubins> =
            LazyLock::new(|| Cubins::at(folder::of(|name| env::var_os(name)).ok()));
        &PROCESS
    }

    /// Keeps entries in a folder that is made when the first is written.
    pub(super) fn at(folder: Option<PathBuf>) -> Self {
        Self { folder, slots: Mutex::default(), pruned: Once::new() }
    }

    /// The program with this key; `compile` is called when neither memory nor folder has it.
    ///
    /// # Errors
    /// Those of `compile`; the next to ask has another try.
    pub(super) fn get<E>(
        &self,
        key: &Key,
        compile: impl FnOnce() -> Result<Compiled, E>,
    ) -> Result<Arc<Compiled>, E> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.entry(*key).or_default().clone()
        };
        // A compilation that panicked left its slot empty, as one that failed did.
        let mut kept = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = &*kept {
            return Ok(compiled.clone());
        }
        let compiled = match self.folder.as_ref().and_then(|folder| entry::read(folder, key)) {
            Some(compiled) => compiled,
            None => {
                let compiled = compile()?;
                if let Some(folder) = &self.folder {
                    // An unwritable folder costs time at the next start and nothing else; `doctor` tells.
                    let _unwritten = entry::write(folder, key, &compiled);
                    self.pruned.call_once(|| {
                        folder::prune(folder, folder::LIMITS, SystemTime::now());
                    });
                }
                compiled
            }
        };
        Ok(kept.insert(Arc::new(compiled)).clone())
    }
}
