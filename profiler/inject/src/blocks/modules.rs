//! Modules that are loaded: what is in them, and whether they are patched.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use object::{Object, ObjectSection, ObjectSymbol};
use weftscope_wire::Stamping;

use super::choose::is_asked;
use crate::{
    marks::record::POINTER,
    sanitizer::{Code, Sanitizer, abi},
    settings::Patch,
};

/// The patch at the beginning of a block, in `kernels/cuda/block_patch.cu`.
const ENTER: &str = "weft_block_enter";
/// The patch at its end.
const EXIT: &str = "weft_block_exit";

/// Whether a module's kernels leave stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was done to it yet.
    Untouched,
    Patched,
    NotAsked,
    Refused,
}

#[derive(Debug)]
struct Module {
    context: usize,
    kernels: Vec<String>,
    state: State,
    marks: Marks,
}

/// Whether a module's kernels leave marks of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marks {
    None,
    /// They would, if they knew where.
    Wanting,
    /// They know.
    Led,
}

/// All modules of a process, by handle.
#[derive(Debug)]
pub struct Modules {
    patch: Patch,
    by_handle: HashMap<usize, Module>,
}

impl Modules {
    /// None yet.
    pub fn new(patch: Patch) -> Self {
        Self { patch, by_handle: HashMap::new() }
    }

    /// A module was loaded.
    pub fn loaded(&mut self, module: usize, context: usize, cubin: &[u8]) {
        let Seen { kernels, has_marks } = Seen::of(cubin);
        let marks = if has_marks { Marks::Wanting } else { Marks::None };
        let state = State::Untouched;
        self.by_handle.insert(module, Module { context, kernels, state, marks });
    }

    /// Modules of a context whose kernels would leave marks if they knew where.
    pub fn wanting_marks(&self, context: usize) -> Vec<usize> {
        let wanting = self
            .by_handle
            .iter()
            .filter(|(_, module)| (module.context, module.marks) == (context, Marks::Wanting));
        wanting.map(|(&handle, _)| handle).collect()
    }

    /// They know, or cannot be told.
    pub fn led(&mut self, handle: usize) {
        if let Some(module) = self.by_handle.get_mut(&handle) {
            module.marks = Marks::Led;
        }
    }

    /// A module's kernels would leave marks, and may be being told where.
    pub fn wants_marks(&self, handle: usize) -> bool {
        self.by_handle.get(&handle).is_some_and(|module| module.marks == Marks::Wanting)
    }

    /// A module is going.
    pub fn unloading(&mut self, module: usize) {
        self.by_handle.remove(&module);
    }

    /// A context is going, its modules with it.
    pub fn context_gone(&mut self, context: usize) {
        self.by_handle.retain(|_, module| module.context != context);
    }

    /// Whether a module is to be patched, and its context; `None`: it is gone or was dealt with.
    fn asked(&mut self, handle: usize) -> Option<usize> {
        let module = self.by_handle.get_mut(&handle)?;
        if module.state != State::Untouched {
            return None;
        }
        let asked = is_asked(&self.patch, &module.kernels);
        module.state = if asked { State::Refused } else { State::NotAsked };
        asked.then_some(module.context)
    }

    fn set(&mut self, handle: usize, state: State) {
        if let Some(module) = self.by_handle.get_mut(&handle) {
            module.state = state;
        }
    }

    /// How launches of a module are stamped.
    pub fn stamping(&self, module: usize) -> Stamping {
        match self.by_handle.get(&module).map(|module| module.state) {
            Some(State::Patched) => Stamping::Blocks,
            Some(State::NotAsked) => Stamping::NotAsked,
            Some(State::Untouched | State::Refused) | None => Stamping::NotPatched,
        }
    }
}

/// The Sanitizer's patching functions, which want one caller at a time.
///
/// They are called while a module is being loaded, and at no other time: the Sanitizer refuses a module whose kernels have
/// run (code 999), and the program ends in an invalid address. They take locks of the driver's, so `modules` is not held over a call.
#[derive(Debug)]
pub struct Patcher {
    codes: Vec<Vec<u8>>,
    /// Contexts that the patches' code was loaded into.
    loaded: HashSet<usize>,
}

impl Patcher {
    /// With device code, one an architecture.
    pub fn new(codes: Vec<Vec<u8>>) -> Self {
        Self { codes, loaded: HashSet::new() }
    }

    /// There is nothing to patch with.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// A context is going; another may get its handle.
    pub fn context_gone(&mut self, context: usize) {
        self.loaded.remove(&context);
    }

    /// Patches a module where that is asked for.
    ///
    /// # Errors
    /// When the Sanitizer refuses; the module then stays as it is.
    pub fn patch(
        &mut self,
        sanitizer: &Sanitizer,
        modules: &Mutex<Modules>,
        handle: usize,
    ) -> Result<(), Code> {
        let lock = || modules.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(context) = lock().asked(handle) else { return Ok(()) };
        self.load_into(sanitizer, context)?;
        sanitizer.patch_instructions(abi::BLOCK_ENTER, handle, ENTER)?;
        sanitizer.patch_instructions(abi::BLOCK_EXIT, handle, EXIT)?;
        sanitizer.patch_module(handle)?;
        lock().set(handle, State::Patched);
        Ok(())
    }

    /// Loads the patches' code into a context, once. The code for its device is the one that loads: inside callbacks the
    /// driver cannot be asked which it is.
    fn load_into(&mut self, sanitizer: &Sanitizer, context: usize) -> Result<(), Code> {
        let mut outcome = if self.loaded.contains(&context) { Ok(()) } else { Err(Code(NO_CODE)) };
        for code in &self.codes {
            if outcome.is_ok() {
                break;
            }
            outcome = sanitizer.add_patches(code, context);
        }
        outcome.inspect(|()| {
            self.loaded.insert(context);
        })
    }
}

/// `SANITIZER_ERROR_INVALID_PARAMETER`: there is no code for the context's device.
const NO_CODE: u32 = 1;

/// What is in a cubin.
#[derive(Debug, Default)]
struct Seen {
    /// Mangled names of its kernels.
    kernels: Vec<String>,
    /// It has the variable that leads to the ring of marks.
    has_marks: bool,
}

impl Seen {
    /// An ELF file with a section `.text.NAME` for each kernel. Nothing when it is none.
    fn of(cubin: &[u8]) -> Self {
        let Ok(file) = object::File::parse(cubin) else { return Self::default() };
        let names = file.sections().filter_map(|section| {
            section.name().ok().and_then(|name| name.strip_prefix(".text.")).map(str::to_owned)
        });
        let has_marks = file.symbols().any(|symbol| symbol.name() == Ok(POINTER));
        Self { kernels: names.collect(), has_marks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_cubin_has_no_kernels() {
        assert!(Seen::of(b"not an ELF file").kernels.is_empty());
        assert!(Seen::of(&[]).kernels.is_empty());
    }

    #[test]
    fn a_module_is_dealt_with_once() {
        let mut modules = Modules::new(Patch::of("all"));
        modules.loaded(1, 9, &[]);
        assert_eq!((modules.asked(1), modules.asked(1)), (Some(9), None));
        assert_eq!(modules.stamping(1), Stamping::NotPatched);
        modules.set(1, State::Patched);
        assert_eq!(modules.stamping(1), Stamping::Blocks);
        modules.context_gone(9);
        assert_eq!(modules.stamping(1), Stamping::NotPatched);
    }

    #[test]
    fn a_module_without_kernels_of_worth_is_left() {
        let mut modules = Modules::new(Patch::of("worth"));
        modules.loaded(1, 9, &[]);
        assert_eq!(modules.asked(1), None);
        assert_eq!(modules.stamping(1), Stamping::NotAsked);
    }
}
