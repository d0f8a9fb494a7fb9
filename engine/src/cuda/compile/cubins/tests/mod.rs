//! The cache of compiled programs: what is kept, what is not trusted, what two processes do at once.

mod start;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, SystemTime},
};

use proptest::prelude::*;
use weftscope_kernels::Build;

use weftscope_kernels::PROGRAMS;

use super::{
    folder::{LIMITS, Limits, look, prune},
    *,
};
use crate::cuda::compile::nvrtc::options;

fn hopper() -> Build {
    Build::Machine("sm_90a".to_owned())
}

fn recipe() -> Recipe<'static> {
    Recipe {
        file: "a.cu",
        source: "source",
        headers: &[("b.cuh", "header")],
        options: options(&PROGRAMS[0], &["N=1"], &hopper(), false),
        nvrtc: (13, 0),
    }
}

fn compiled() -> Compiled {
    Compiled { cubin: vec![0x7f, b'E', b'L', b'F', 0, 255], ptx: ".entry weft_é".to_owned() }
}

/// Asks; says whether it had to compile.
fn compiles(cubins: &Cubins, key: &Key) -> bool {
    let mut called = false;
    let got = cubins.get(key, || {
        called = true;
        Ok::<_, ()>(compiled())
    });
    assert_eq!(*got.unwrap(), compiled());
    called
}

/// A new process, as far as the cache can tell.
fn start(folder: &Path) -> Cubins {
    Cubins::at(Some(folder.to_owned()))
}

fn names(folder: &Path) -> Vec<OsString> {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name()).collect()
}

#[test]
fn the_key_changes_with_each_ingredient() {
    let of = |defines: &[&str], arch: &str, stamps| Recipe {
        options: options(&PROGRAMS[0], defines, &Build::Machine(arch.to_owned()), stamps),
        ..recipe()
    };
    let mut more_options = recipe();
    more_options.options.push("--maxrregcount=64".to_owned());
    let recipes = [
        recipe(),
        Recipe { file: "b.cu", ..recipe() },
        Recipe { source: "source ", ..recipe() },
        Recipe { headers: &[("c.cuh", "header")], ..recipe() },
        Recipe { headers: &[("b.cuh", "other")], ..recipe() },
        Recipe { headers: &[], ..recipe() },
        Recipe { headers: &[("b.cuh", "header"), ("c.cuh", "")], ..recipe() },
        // The same letters, cut elsewhere.
        Recipe { headers: &[("b.cuhh", "eader")], ..recipe() },
        Recipe { file: "a.cus", source: "ource", ..recipe() },
        of(&["N=2"], "sm_90a", false),
        of(&["N=1", "M"], "sm_90a", false),
        of(&[], "sm_90a", false),
        of(&["N=1"], "sm_80", false),
        of(&["N=1"], "sm_90a", true),
        more_options,
        Recipe { nvrtc: (13, 1), ..recipe() },
        Recipe { nvrtc: (12, 0), ..recipe() },
    ];
    let mut keys: Vec<String> = recipes.iter().map(|recipe| recipe.key().to_string()).collect();
    assert_eq!(keys[0], recipe().key().to_string());
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), recipes.len());
}

#[test]
fn a_later_process_does_not_compile() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("deep/cubins");
    let (key, other) = (recipe().key(), Recipe { nvrtc: (13, 1), ..recipe() }.key());
    let first = start(&folder);
    assert!(compiles(&first, &key) && !compiles(&first, &key) && compiles(&first, &other));
    let second = start(&folder);
    assert!(!compiles(&second, &key) && !compiles(&second, &other));
    assert_eq!(names(&folder).len(), 2, "nothing but the entries is left");
    // Without a folder only the process remembers.
    let in_memory = Cubins::at(None);
    assert!(
        compiles(&in_memory, &key)
            && !compiles(&in_memory, &key)
            && compiles(&Cubins::at(None), &key)
    );
}

#[test]
fn a_failure_is_returned_and_not_kept() {
    let home = tempfile::tempdir().unwrap();
    let (cubins, key) = (start(home.path()), recipe().key());
    assert_eq!(cubins.get(&key, || Err("no such type")), Err("no such type"));
    assert!(names(home.path()).is_empty());
    assert!(compiles(&cubins, &key));
}

#[test]
fn what_is_not_the_entry_is_replaced() {
    let home = tempfile::tempdir().unwrap();
    let (key, other) = (recipe().key(), Recipe { file: "b.cu", ..recipe() }.key());
    let path = entry::path(home.path(), &key);
    assert!(compiles(&start(home.path()), &key) && compiles(&start(home.path()), &other));
    let good = fs::read(&path).unwrap();
    let foreign = fs::read(entry::path(home.path(), &other)).unwrap();
    let later = [&good[..16], &[2, 0, 0, 0], &good[20..]].concat();
    for bad in [Vec::new(), b"\x7fELF of another program".to_vec(), foreign, later, vec![0; 4096]] {
        fs::write(&path, bad).unwrap();
        assert!(compiles(&start(home.path()), &key));
        assert_eq!(fs::read(&path).unwrap(), good);
        assert!(!compiles(&start(home.path()), &key));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_flip_and_no_cut_goes_unseen(at in 0.0..1.0f64, flip in 1..=255u8, cut: bool) {
        let (home, key) = (tempfile::tempdir().unwrap(), recipe().key());
        entry::write(home.path(), &key, &compiled()).unwrap();
        prop_assert_eq!(entry::read(home.path(), &key), Some(compiled()));
        let path = entry::path(home.path(), &key);
        let mut bytes = fs::read(&path).unwrap();
        let at = (at * bytes.len() as f64) as usize;
        if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
        fs::write(&path, bytes).unwrap();
        prop_assert_eq!(entry::read(home.path(), &key), None);
    }
}

#[test]
fn a_folder_that_takes_nothing_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let key = recipe().key();
    // A file where the folder should be stops even root, whom permissions do not.
    let file = home.path().join("file");
    fs::write(&file, b"").unwrap();
    let cubins = start(&file.join("cubins"));
    assert!(compiles(&cubins, &key) && !compiles(&cubins, &key));
    let Err(CacheOff::Unwritable { folder, .. }) = look(file.join("cubins")) else {
        panic!("a file is no folder");
    };
    assert_eq!(folder, file.join("cubins"));
    // A folder where the entry should be: nothing is left beside it.
    fs::create_dir_all(entry::path(home.path(), &key).join("full")).unwrap();
    assert!(compiles(&start(home.path()), &key));
    assert_eq!(names(home.path()).len(), 2);
}

#[test]
fn threads_that_ask_together_compile_once() {
    let (cubins, calls) = (Cubins::at(None), AtomicUsize::new(0));
    let key = recipe().key();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let slow = || {
                    calls.fetch_add(1, Relaxed);
                    thread::sleep(std::time::Duration::from_millis(20));
                    Ok::<_, ()>(compiled())
                };
                assert_eq!(*cubins.get(&key, slow).unwrap(), compiled());
            });
        }
    });
    assert_eq!(calls.into_inner(), 1);
}

#[test]
fn processes_that_write_together_leave_whole_entries() {
    let home = tempfile::tempdir().unwrap();
    let keys: Vec<Key> =
        (0..4).map(|minor| Recipe { nvrtc: (13, minor), ..recipe() }.key()).collect();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for key in keys.iter().cycle().take(40) {
                    entry::write(home.path(), key, &compiled()).unwrap();
                    assert_eq!(entry::read(home.path(), key), Some(compiled()));
                }
            });
        }
    });
    assert_eq!(names(home.path()).len(), keys.len());
}

/// A program of the folder, so many days since it was used last and of so many bytes.
fn old(folder: &Path, name: &str, days: u64, bytes: usize) -> SystemTime {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * 86_400);
    let file = fs::File::create(folder.join(name)).unwrap();
    file.set_len(bytes as u64).unwrap();
    file.set_modified(now - Duration::from_secs(days * 86_400)).unwrap();
    now
}

#[test]
fn what_nobody_uses_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut now = SystemTime::UNIX_EPOCH;
    for (name, days, bytes) in [
        ("a.weft-cubin", 91, 10),
        ("b.weft-cubin", 89, 10),
        ("c.weft-cubin", 3, 60),
        ("d.weft-cubin", 0, 50),
        ("notes.txt", 900, 999),
    ] {
        now = old(folder, name, days, bytes);
    }
    let unused_for = Duration::from_secs(90 * 86_400);
    let left = |bytes| {
        prune(folder, Limits { unused_for, bytes }, now);
        let mut names = names(folder);
        names.sort();
        names
    };
    assert_eq!(left(120), ["b.weft-cubin", "c.weft-cubin", "d.weft-cubin", "notes.txt"]);
    assert_eq!(left(119), ["c.weft-cubin", "d.weft-cubin", "notes.txt"], "the oldest is too much");
    assert_eq!(left(50), ["d.weft-cubin", "notes.txt"]);
    assert_eq!(left(0), ["notes.txt"], "others' files are not ours to count");
}

/// The first program that is new looks for what is old; one that was read is in use.
#[test]
fn a_program_that_is_read_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (read, other) = (recipe().key(), Recipe { file: "b.cu", ..recipe() }.key());
    let long_ago = SystemTime::now() - LIMITS.unused_for - Duration::from_secs(60);
    let before = start(folder.path());
    assert!(compiles(&before, &read) && compiles(&before, &other));
    for key in [&read, &other] {
        let path = folder.path().join(format!("{key}.weft-cubin"));
        fs::File::options().append(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    let cubins = start(folder.path());
    assert!(!compiles(&cubins, &read), "it is there, however old");
    assert!(compiles(&cubins, &Recipe { file: "c.cu", ..recipe() }.key()));
    assert!(!compiles(&start(folder.path()), &read));
    assert!(compiles(&start(folder.path()), &other), "nobody had used it");
}

#[test]
fn variables_name_the_folder() {
    fn of(set: &[(&str, &str)]) -> Result<PathBuf, CacheOff> {
        let value = |asked: &str| set.iter().find(|(name, _)| *name == asked).map(|pair| pair.1);
        folder::of(|asked| value(asked).map(OsString::from))
    }
    let at = |path: &str| Ok(PathBuf::from(path));
    let xdg = ("XDG_CACHE_HOME", "/x");
    assert_eq!(of(&[("HOME", "/h")]), at("/h/.cache/weftscope/cubins"));
    assert_eq!(of(&[("HOME", "/h"), xdg]), at("/x/weftscope/cubins"));
    assert_eq!(of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "x")]), at("/h/.cache/weftscope/cubins"));
    assert_eq!(of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "")]), at("/h/.cache/weftscope/cubins"));
    assert_eq!(of(&[xdg, ("WEFTSCOPE_CACHE_DIR", "w")]), at("w/cubins"));
    assert_eq!(of(&[xdg, ("WEFTSCOPE_CACHE_DIR", "")]), Err(CacheOff::Asked));
    assert_eq!(of(&[]), Err(CacheOff::Nowhere));
    assert_eq!(of(&[("HOME", "")]), Err(CacheOff::Nowhere));
}

#[test]
fn the_folder_is_counted() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("cubins");
    assert_eq!(look(folder.clone()).unwrap().entries, 0);
    entry::write(&folder, &recipe().key(), &compiled()).unwrap();
    fs::write(folder.join("README"), b"not ours").unwrap();
    let bytes = fs::metadata(entry::path(&folder, &recipe().key())).unwrap().len();
    assert_eq!(look(folder.clone()), Ok(CubinCache { folder, entries: 1, bytes }));
}
