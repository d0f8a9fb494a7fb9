//! The way in for NVTX: its calls are forwarded to CUPTI, which makes records of them while that is asked for.

use std::{
    ffi::c_int,
    sync::atomic::{AtomicBool, Ordering},
};

use cupti_sys::ApiVersion;
use weftscope_wire::Level;

use super::library::{Cupti, ExportTable};
use crate::{entry, settings::Settings};

static IS_FORWARDED: AtomicBool = AtomicBool::new(false);

/// Whether NVTX calls reach CUPTI.
pub fn is_forwarded() -> bool {
    IS_FORWARDED.load(Ordering::Acquire)
}

/// Called by NVTX in the program's first call of it (`NVTX_INJECTION64_PATH`), perhaps before CUDA's driver has started. 0:
/// NVTX's calls do nothing, as they do without any tool.
#[unsafe(no_mangle)]
pub extern "C" fn InitializeInjectionNvtx2(export_table: Option<ExportTable>) -> c_int {
    entry::guarded(|| {
        let settings = Settings::from(|name| std::env::var_os(name));
        if settings.is_none_or(|settings| settings.level == Level::Blocks) {
            return;
        }
        // What is wrong with CUPTI is said when a recording begins.
        let Ok(cupti) = Cupti::of_process() else { return };
        if cupti.version().is_none_or(ApiVersion::takes_nvtx) {
            // SAFETY: NVTX's own function, handed on as NVIDIA's samples do.
            let code = unsafe { (cupti.nvtx)(export_table) };
            if code == 0 {
                IS_FORWARDED.store(true, Ordering::Release);
            }
        }
    });
    is_forwarded().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_job_nvtx_does_nothing() {
        assert_eq!(InitializeInjectionNvtx2(None), 0);
    }
}
