//! All of it together: one watch a process.
//!
//! The program's threads come here with locks of CUDA's driver held. So no lock that they wait for is held over a call of
//! the driver, of CUPTI or of the Sanitizer's patching functions. They wait for `modules` and `program`, one at a time, and for
//! the outbox's own and that of NCCL's channels; for `patcher`, `rings` and `leading` not longer than `PATIENCE`.

mod activity;
mod callbacks;
mod calls;
mod fetch;
mod graph;
mod marks;
mod opened;
mod program;
mod ranges;

use std::{
    fs,
    os::unix::net::UnixStream,
    path::Path,
    process,
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use weftscope_wire::{Begin, Event, Hello, Level, VERSION, folder, variables};

pub(crate) use self::calls::is_capturing;
use self::{calls::Triggered, marks::Rings, program::Program};
use crate::{
    blocks::modules::{Modules, Patcher},
    driver::Driver,
    host,
    nccl::{
        channels::Channels,
        collectives::{Collectives, Wanted},
    },
    sanitizer::{Sanitizer, abi},
    settings::Settings,
    telling::{self, Outbox},
};

/// How long whoever calls the driver is waited for.
const PATIENCE: Duration = Duration::from_millis(100);

/// How far recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Recording,
    /// Nothing new is stamped; what is under way is fetched.
    Ending,
}

/// The tools of NVIDIA's that blocks need.
struct Tools {
    sanitizer: &'static Sanitizer,
    driver: &'static Driver,
}

/// The watch over this process.
pub struct Watch {
    settings: Settings,
    tools: OnceLock<Tools>,
    /// Why there is no more to be had.
    missing: Mutex<Vec<String>>,
    modules: Mutex<Modules>,
    patcher: Mutex<Patcher>,
    /// Code that reads a device's clock, one an architecture.
    clocks: Vec<Vec<u8>>,
    program: Mutex<Program>,
    rings: Mutex<Rings>,
    /// Held while a module of the program's is led to its ring.
    leading: Mutex<()>,
    collectives: Collectives,
    channels: Channels,
    outbox: Outbox,
    phase: Mutex<Phase>,
    phase_changed: Condvar,
    /// As `phase`, for callbacks: what happens is told.
    recording: AtomicBool,
    /// Launches leave stamps: as `recording`, unless stamps are left out to see what they cost.
    stamping: AtomicBool,
    triggered: Triggered,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    /// As asked; does nothing yet.
    pub fn new(settings: Settings) -> Self {
        let programs =
            |kind| settings.programs.as_deref().map_or_else(Vec::new, |in_| compiled(in_, kind));
        Self {
            tools: OnceLock::new(),
            missing: Mutex::default(),
            patcher: Mutex::new(Patcher::new(programs("patch"))),
            modules: Mutex::new(Modules::new(settings.patch.clone())),
            program: Mutex::default(),
            rings: Mutex::default(),
            leading: Mutex::default(),
            clocks: programs("clock"),
            collectives: Collectives::default(),
            channels: Channels::default(),
            outbox: Outbox::default(),
            phase: Mutex::new(Phase::Idle),
            phase_changed: Condvar::new(),
            recording: AtomicBool::new(false),
            stamping: AtomicBool::new(false),
            triggered: Triggered::new(settings.trigger.clone()),
            settings,
        }
    }

    /// Loads the tools, listens, and records at once where that was asked for.
    pub fn open(&'static self, callback: abi::Callback) {
        if self.settings.level == Level::Blocks {
            match self.load(callback) {
                Ok(tools) => {
                    let _first = self.tools.set(tools);
                }
                Err(why) => lock(&self.missing).push(why),
            }
        }
        let socket = folder::socket(&self.settings.job, process::id());
        if let Err(error) = telling::serve(&socket, self) {
            eprintln!("weftscope: {}: {error}; this process is not watched", socket.display());
            return;
        }
        if *self.triggered.begin() == Begin::AtStart {
            self.begin_by_itself();
        }
    }

    fn load(&self, callback: abi::Callback) -> Result<Tools, String> {
        let path = self.settings.sanitizer.as_ref();
        let path =
            path.ok_or("libsanitizer-public.so was not found: install NVIDIA's Compute Sanitizer")?;
        if lock(&self.patcher).is_empty() {
            return Err("there is no compiled device code for blocks".to_owned());
        }
        let sanitizer = Sanitizer::load(path).map_err(|error| error.to_string())?;
        let driver = Driver::load().map_err(|error| error.to_string())?;
        let subscriber = sanitizer
            .subscribe(callback)
            .map_err(|error| format!("{error}: another tool holds the Sanitizer"))?;
        // Launches too, recorded or not: a patched kernel that was told no address, not even null, takes whatever lies there
        // for one, and the program ends with a misaligned address.
        for domain in [abi::DOMAIN_RESOURCE, abi::DOMAIN_LAUNCH, abi::DOMAIN_GRAPHS] {
            sanitizer.enable(subscriber, domain, true).map_err(|error| error.to_string())?;
        }
        // One that this Sanitizer does not know is one that the program cannot make.
        let untold = calls::told()
            .filter(|&(domain, id)| sanitizer.enable_one(subscriber, domain, id).is_err());
        let count = untold.count();
        if count > 0 {
            let note =
                format!("{count} calls of the host's are not told by this Compute Sanitizer");
            self.outbox.put([Event::Note(note)]);
        }
        Ok(Tools { sanitizer: Box::leak(Box::new(sanitizer)), driver: Box::leak(Box::new(driver)) })
    }

    /// What can be recorded here, as far as is known before it is tried; `None`: nothing.
    fn level(&self) -> Option<Level> {
        match (self.settings.level, self.tools.get()) {
            (Level::Blocks, Some(_)) => Some(Level::Blocks),
            (Level::Blocks, None) => self.settings.steps_down.then_some(Level::Channels),
            (less, _) => Some(less),
        }
    }

    /// Begins to record.
    fn start(&'static self) {
        {
            let mut phase = lock(&self.phase);
            if *phase != Phase::Idle {
                return;
            }
            *phase = Phase::Recording;
        }
        self.triggered.recording_begins();
        if self.level() != Some(Level::Blocks) {
            let notes = lock(&self.missing).iter().cloned().map(Event::Note).collect::<Vec<_>>();
            self.outbox.put(notes);
            if let Some(level) = self.level() {
                self.start_activity(level);
            }
            return;
        }
        lock(&self.program).begin();
        self.recording.store(true, Ordering::Release);
        self.stamping.store(true, Ordering::Release);
        self.outbox.put(self.collectives.record(Wanted::Collectives));
        let fetch = move || fetch::run(self);
        if let Err(error) = thread::Builder::new().name("weftscope".to_owned()).spawn(fetch) {
            self.outbox.put([Event::Note(format!("stamps are not fetched: {error}"))]);
        }
    }

    /// What is known of NCCL.
    pub(crate) fn collectives(&self) -> &Collectives {
        &self.collectives
    }

    /// The channels of its kernels.
    pub(crate) fn channels(&self) -> &Channels {
        &self.channels
    }

    /// Tells what happened, in order with the launches.
    pub(crate) fn tell(&self, events: impl IntoIterator<Item = Event>) {
        lock(&self.program).events.extend(events);
    }

    /// Stamps no more; the fetching thread tells the rest.
    fn end(&self) {
        let mut phase = lock(&self.phase);
        if *phase == Phase::Recording {
            self.recording.store(false, Ordering::Release);
            self.stamping.store(false, Ordering::Release);
            self.collectives.record(Wanted::Nothing);
            *phase = if self.level().is_some() { Phase::Ending } else { Phase::Idle };
            self.phase_changed.notify_all();
        }
    }

    /// The program ends by itself: what is under way is told first, for as long as that may take.
    pub fn finish(&self) {
        self.end();
        let phase = lock(&self.phase);
        let is_busy = |phase: &mut Phase| *phase != Phase::Idle;
        let _late = self.phase_changed.wait_timeout_while(phase, Duration::from_secs(1), is_busy);
        let _absent = fs::remove_file(folder::socket(&self.settings.job, process::id()));
    }

    /// GPUs that the program uses, by name.
    fn gpus(&self) -> Vec<String> {
        let Some(tools) = self.tools.get() else { return Vec::new() };
        let contexts = lock(&self.program);
        let mut devices: Vec<i32> =
            contexts.contexts.values().map(|context| context.device).collect();
        drop(contexts);
        devices.sort_unstable();
        devices.dedup();
        devices.into_iter().map(|device| tools.driver.device(device).name).collect()
    }

    /// Patches a module that is being loaded, where that is asked for.
    fn patch(&self, module: usize) {
        let Some(tools) = self.tools.get() else { return };
        let outcome = self.patcher().map(|mut patcher| {
            patcher.patch(tools.sanitizer, &self.modules, module).map_err(|error| error.to_string())
        });
        if let Err(why) = outcome.unwrap_or_else(|| Err("another is being patched".to_owned())) {
            let cause = format!("modules left as they were: {why}");
            self.outbox.put([Event::Lost { cause, count: 1 }]);
        }
    }

    /// The patcher, if it is free soon.
    fn patcher(&self) -> Option<MutexGuard<'_, Patcher>> {
        soon(&self.patcher)
    }
}

/// A lock, if it is free soon: whoever has it may wait for a lock of the driver's that this thread holds.
fn soon<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    let until = Instant::now() + PATIENCE;
    loop {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() > until => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

impl telling::Recorder for Watch {
    fn hello(&'static self) -> Hello {
        let read = |path: &str| fs::read(path).unwrap_or_default();
        let command = read("/proc/self/cmdline");
        let words = command.split(|&byte| byte == 0).filter(|word| !word.is_empty());
        Hello {
            version: VERSION,
            pid: process::id(),
            parent_pid: host::parent_pid(),
            command: words.map(|word| String::from_utf8_lossy(word).into_owned()).collect(),
            variables: variables::RANKS
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
                .collect(),
            level: self.level(),
            is_watched: self.outbox.is_attached(),
            gpus: self.gpus(),
            missing: lock(&self.missing).clone(),
            monotonic_and_unix_ns: host::monotonic_and_unix_ns(),
        }
    }

    fn listen(&'static self, viewer: UnixStream) {
        self.outbox.attach(Box::new(viewer));
    }

    fn record(&'static self) {
        self.start();
    }

    fn stamp(&'static self, is_on: bool) {
        let phase = lock(&self.phase);
        if *phase == Phase::Recording && self.level() == Some(Level::Blocks) {
            self.stamping.store(is_on, Ordering::Release);
            self.tell([Event::Stamping { is_on, at_host_ns: host::monotonic_ns() }]);
        }
    }

    fn stop(&'static self) {
        self.end();
    }

    fn viewer_gone(&'static self) {
        self.outbox.detach();
        self.end();
    }
}

/// Compiled programs of a kind in a folder: `sm_90.patch.cubin`.
fn compiled(folder: &Path, kind: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let read = entries.flatten().filter_map(|entry| {
        let name = entry.file_name();
        name.to_str()?.ends_with(&format!(".{kind}.cubin")).then(|| fs::read(entry.path()).ok())?
    });
    read.collect()
}
