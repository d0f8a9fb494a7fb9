//! Marks of other people's kernels: what their helper for Triton makes of a mark is what the library reads.

use std::{path::Path, process::Command};

use weftscope_testkit::{Need, skip};

#[test]
fn the_example_in_triton_compiles_and_leaves_its_marks_in_the_ring() {
    let Some(python) = std::env::var_os("WEFTSCOPE_ORACLE_PYTHON") else {
        return skip(Need::Oracle, "WEFTSCOPE_ORACLE_PYTHON names no Python with triton");
    };
    let has_triton = Command::new(&python).args(["-c", "import triton"]).output();
    if !has_triton.expect("it starts").status.success() {
        return skip(Need::Oracle, "the Python of WEFTSCOPE_ORACLE_PYTHON has no triton");
    }
    let example =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kernels/own/examples/softmax.py");
    let cache = tempfile::tempdir().expect("a folder");
    let output = Command::new(&python)
        .env("TRITON_CACHE_DIR", cache.path())
        .arg(example)
        .arg("--compile")
        .output()
        .expect("it starts");
    let ptx = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Two phases and a moment: a place is taken in the ring for each, and what is written last says that it is whole.
    for (what, count) in [
        ("atom.global.add.u64", 3),
        ("st.volatile.global.u64", 3),
        // A phase has a beginning and an end.
        ("mov.u64 %rd", 5),
    ] {
        let found = ptx.lines().filter(|line| {
            line.contains(what) && (what != "mov.u64 %rd" || line.contains("%globaltimer"))
        });
        assert_eq!(found.count(), count, "{what}");
    }
    for name in ["load", "store", "summed"] {
        let mut bytes = [0; 8];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        let number = i64::from_le_bytes(bytes).to_string();
        assert!(ptx.contains(&number), "{name}");
    }
}
