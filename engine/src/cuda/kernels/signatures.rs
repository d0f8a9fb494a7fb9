//! Every argument list against the `.cu` text, without a GPU.

use weftscope_kernels::{PROGRAMS, Program};

use super::{
    arguments::List, collective, decode, experts, fused_norm, gemm, gemm_few, likeliest, moments,
    multimem, norm, pointwise, prefill, rope,
};

/// Of every file with launchers.
const LISTS: [&[List]; 13] = [
    collective::LISTS,
    decode::LISTS,
    experts::LISTS,
    fused_norm::LISTS,
    gemm::LISTS,
    gemm_few::LISTS,
    likeliest::LISTS,
    moments::LISTS,
    multimem::LISTS,
    norm::LISTS,
    pointwise::LISTS,
    prefill::LISTS,
    rope::LISTS,
];

fn lists() -> impl Iterator<Item = List> {
    LISTS.into_iter().flatten().copied()
}

fn of(program: &Program, entry: &str) -> List {
    let takes = |list: &List| list.taken_by.contains(&(program.file, entry));
    let (mut found, file) = (lists().filter(takes), program.file);
    let first = found.next().unwrap_or_else(|| panic!("no launcher for {entry} of {file}"));
    assert!(found.next().is_none(), "two launchers for {entry} of {file}");
    first
}

/// Every kernel of every program has one launcher, whose list is what the kernel takes.
#[test]
fn every_kernel_is_launched_with_what_it_takes() {
    for program in PROGRAMS {
        for entry in program.entries {
            let compared = (of(program, entry).compare)(program.source, entry);
            assert_eq!(compared, Ok(()), "{}", program.file);
        }
    }
}

/// Nothing is launched past these lists: every one declared in this folder is among them, and names kernels that are there.
#[test]
fn every_list_is_compared() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cuda/kernels");
    let declared = std::fs::read_dir(folder).unwrap().map(|file| {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        text.lines().filter(|line| *line == "arguments! {").count()
    });
    assert_eq!(declared.sum::<usize>(), lists().count());
    for (file, entry) in lists().flat_map(|list| list.taken_by) {
        let program = weftscope_kernels::find(file).expect("registered");
        assert!(program.entries.contains(entry), "{file} has no {entry}");
    }
}

/// Whatever changes in a signature is found: each parameter renamed, retyped, left out, doubled, or changed for the next.
#[test]
fn every_change_of_a_signature_is_found() {
    for program in PROGRAMS {
        for entry in program.entries {
            let list = of(program, entry);
            let (before, parameters, after) = cut(program.source, entry);
            let outcome = |parameters: &[String]| {
                (list.compare)(&format!("{before}{}{after}", parameters.join(", ")), entry)
            };
            assert_eq!(outcome(&parameters), Ok(()), "{entry}: cut and joined");
            for at in 0..parameters.len() {
                let (kind, name) = parameters[at].rsplit_once(' ').expect("a type and a name");
                let other = if kind == "u32" { "u64" } else { "u32" };
                let mut changes = vec![
                    replaced(&parameters, at, &[format!("{kind} {name}_")]),
                    replaced(&parameters, at, &[format!("{other} {name}")]),
                    replaced(&parameters, at, &[]),
                    replaced(&parameters, at, &[parameters[at].clone(), format!("{kind} more")]),
                ];
                if at > 0 {
                    let mut swapped = parameters.clone();
                    swapped.swap(at - 1, at);
                    changes.push(swapped);
                }
                for changed in changes {
                    assert!(outcome(&changed).is_err(), "{entry}: {changed:?} went unseen");
                }
            }
        }
    }
}

/// A source before, in and after the parameters of a kernel.
fn cut<'a>(source: &'a str, entry: &str) -> (&'a str, Vec<String>, &'a str) {
    let name = format!("{entry}(");
    let begins = source.match_indices(&name).map(|(at, name)| at + name.len());
    // A definition: its list is followed by its body.
    let defines = |begin: &usize| {
        source[*begin..].split_once(')').is_some_and(|(_, rest)| rest.starts_with(" {"))
    };
    let begin = begins.into_iter().find(defines).expect("registered");
    let end = begin + source[begin..].find(')').expect("closed");
    let one = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    (&source[..begin], source[begin..end].split(',').map(one).collect(), &source[end..])
}

fn replaced(parameters: &[String], at: usize, by: &[String]) -> Vec<String> {
    [&parameters[..at], by, &parameters[at + 1..]].concat()
}
