//! Finding and loading, with and without the library.

use std::{ffi::OsString, fs};

use cupti_sys::{Call, Library, OpenError, candidates};
use weftscope_testkit::{Need, skip};

#[test]
fn searches_what_the_variable_names_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libcupti.so.13");
    fs::write(&file, b"not a library").unwrap();
    for asked in [file.clone(), folder.path().to_owned()] {
        let found =
            candidates(|name| (name == "CUPTI_SYS_LIBRARY").then(|| OsString::from(&asked)));
        assert_eq!(found.first(), Some(&file));
    }
}

#[test]
fn finds_the_wheel_of_a_virtual_environment() {
    let venv = tempfile::tempdir().unwrap();
    let lib = venv.path().join("lib/python3.12/site-packages/nvidia/cu13/lib");
    fs::create_dir_all(&lib).unwrap();
    fs::write(lib.join("libcupti.so.13"), b"").unwrap();
    let found = candidates(|name| (name == "VIRTUAL_ENV").then(|| OsString::from(venv.path())));
    assert!(found.contains(&lib.join("libcupti.so.13")), "{found:?}");
}

#[test]
fn a_file_that_is_no_library_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libcupti.so.13");
    fs::write(&file, b"not a library").unwrap();
    match Library::open_from(std::slice::from_ref(&file)) {
        Err(OpenError::NotLoadable { path, .. }) => assert_eq!(path, file),
        // The loader knows another by its name.
        Ok(library) => assert_ne!(library.path(), file),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_library_here_says_its_version() {
    let library = match Library::open() {
        Ok(library) => library,
        Err(error) => return skip(Need::Gpu, error),
    };
    assert!(library.has_symbol("cuptiActivityEnable"));
    assert!(!library.has_symbol("cuptiThereIsNoSuchCall"));
    if let Some(version) = library.version() {
        for call in Call::ALL {
            assert!(library.has(call) || version < call.since(), "{call:?} missing in {version}");
        }
    }
}
