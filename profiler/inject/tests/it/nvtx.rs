//! A program in C that makes NVTX's calls finds this library behind them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use weftscope_testkit::{Need, skip};

/// Ranges of two domains, by all ways to name them; what the calls give tells who takes them.
const PROGRAM: &str = r#"
#include <stdio.h>
#include <nvtx3/nvToolsExt.h>
int main(void) {
    nvtxDomainHandle_t domain = nvtxDomainCreateA("model");
    nvtxEventAttributes_t named = {0};
    named.version = NVTX_VERSION;
    named.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
    named.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
    named.message.registered = nvtxDomainRegisterStringA(domain, "layer");
    printf("%d ", nvtxRangePushA("step"));
    printf("%d ", nvtxRangePushW(L"inner"));
    printf("%d ", nvtxDomainRangePushEx(domain, &named));
    printf("%d ", nvtxDomainRangePop(domain));
    nvtxRangeId_t first = nvtxRangeStartA("a"), second = nvtxDomainRangeStartEx(domain, &named);
    nvtxRangeEnd(first);
    nvtxDomainRangeEnd(domain, second);
    nvtxMarkA("mark");
    nvtxDomainMarkEx(domain, &named);
    int inner = nvtxRangePop(), step = nvtxRangePop(), none = nvtxRangePop();
    printf("%d %d %d %d\n", inner, step, none, first != second && first != 0);
    return 0;
}
"#;

/// The folder with NVTX's headers.
fn include() -> Option<PathBuf> {
    let root = env::var_os("WEFTSCOPE_CUDA_DIR").map(PathBuf::from)?;
    let include = root.join("include");
    include.join("nvtx3/nvToolsExt.h").is_file().then_some(include)
}

fn run(program: &Path, variables: &[(&str, &Path)]) -> String {
    let mut command = Command::new(program);
    command.env_remove("NVTX_INJECTION64_PATH").envs(variables.iter().copied());
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_programs_ranges_come_here_where_blocks_are_recorded() {
    let Some(include) = include() else {
        return skip(Need::Oracle, "WEFTSCOPE_CUDA_DIR has no nvtx3/nvToolsExt.h");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (source, program) = (folder.path().join("ranges.c"), folder.path().join("ranges"));
    fs::write(&source, PROGRAM).unwrap();
    let built = Command::new("cc")
        .arg("-I")
        .arg(include)
        .args([source.as_os_str(), "-o".as_ref(), program.as_os_str(), "-ldl".as_ref()])
        .status();
    if !built.is_ok_and(|status| status.success()) {
        return skip(Need::Oracle, "no C compiler");
    }
    // Without a tool no call is followed (`NVTX_NO_PUSH_POP_TRACKING`).
    assert_eq!(run(&program, &[]), "-2 -2 -2 -2 -2 -2 -2 0\n");
    // Tests lie beside what they test.
    let library = env::current_exe().unwrap().with_file_name("libweftscope_inject.so");
    assert!(library.is_file(), "{}", library.display());
    let variables = [
        ("NVTX_INJECTION64_PATH", library.as_path()),
        ("WEFTSCOPE_JOB", folder.path()),
        ("WEFTSCOPE_LEVEL", Path::new("blocks")),
    ];
    assert_eq!(run(&program, &variables), "0 1 0 0 1 0 -1 1\n");
}
