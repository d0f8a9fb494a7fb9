//! The way in for NVTX: its calls are forwarded to CUPTI, which makes records of them while that is asked for.

use std::ffi::c_int;

use weftscope_wire::Level;

use super::library::{Cupti, ExportTable};
use crate::{entry, settings::Settings};

/// Called by NVTX in the program's first call of it (`NVTX_INJECTION64_PATH`), perhaps before CUDA's driver has started. 0:
/// NVTX's calls do nothing, as they do without any tool.
#[unsafe(no_mangle)]
pub extern "C" fn InitializeInjectionNvtx2(export_table: Option<ExportTable>) -> c_int {
    let mut is_forwarded = false;
    entry::guarded(|| {
        let settings = Settings::from(|name| std::env::var_os(name));
        if settings.is_none_or(|settings| settings.level == Level::Blocks) {
            return;
        }
        // What is wrong with CUPTI is said when a recording begins.
        let Ok(cupti) = Cupti::of_process() else { return };
        // SAFETY: NVTX's own function, handed on as NVIDIA's samples do.
        is_forwarded = cupti.takes_nvtx() && unsafe { (cupti.nvtx)(export_table) } == 0;
    });
    is_forwarded.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_job_nvtx_does_nothing() {
        assert_eq!(InitializeInjectionNvtx2(None), 0);
    }
}
