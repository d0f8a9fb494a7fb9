//! Every file below `cuda/` is registered, and every include finds its header.

use std::{collections::BTreeSet, fs, path::Path};

use weftscope_kernels::{
    BLOCK_PATCH, HEADERS, OWN_EXAMPLE, OWN_HEADER, PROGRAMS, parameters, signature,
};

#[test]
fn every_file_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda");
    let there: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let known: BTreeSet<String> = PROGRAMS
        .iter()
        .map(|program| program.file)
        .chain([BLOCK_PATCH.file])
        .chain(HEADERS.iter().map(|(name, _)| *name).filter(|name| *name != OWN_HEADER))
        .map(str::to_owned)
        .collect();
    assert_eq!(there, known);
}

/// Short enough to be read before it is included.
#[test]
fn the_header_for_other_kernels_is_short_and_named_in_its_example() {
    let header = HEADERS.iter().find(|(name, _)| *name == OWN_HEADER).unwrap().1;
    assert!(header.lines().count() <= 80, "{}", header.lines().count());
    assert!(OWN_EXAMPLE.source.contains(&format!("#include \"{OWN_HEADER}\"")));
    assert_eq!(signature::entries(OWN_EXAMPLE.source), OWN_EXAMPLE.entries);
}

#[test]
fn every_include_finds_its_header() {
    let texts = PROGRAMS.iter().map(|p| (p.file, p.source)).chain(HEADERS.iter().copied());
    for (file, text) in texts {
        for line in text.lines() {
            if let Some(name) =
                line.strip_prefix("#include \"").and_then(|rest| rest.strip_suffix('"'))
            {
                assert!(
                    HEADERS.iter().any(|(header, _)| *header == name),
                    "{file} includes {name}"
                );
            }
            assert!(
                !line.starts_with("#include <"),
                "{file}: {line}: there are no system headers at run time"
            );
        }
    }
}

/// The registered entries are the kernels of the text, all of them, and what each takes can be read.
#[test]
fn every_entry_stands_in_its_source() {
    for program in PROGRAMS {
        assert_eq!(signature::entries(program.source), program.entries, "{}", program.file);
        for entry in program.entries {
            let read = parameters(program.source, entry);
            assert!(read.is_ok_and(|list| !list.is_empty()), "{}: {entry}", program.file);
        }
        let counts = [program.variants.len(), program.archs.len(), program.entries.len()];
        assert!(counts.iter().all(|&count| count > 0), "{}", program.file);
    }
}
