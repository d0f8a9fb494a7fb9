//! The way in for NVTX. Where CUPTI records, calls are forwarded to it; where blocks are recorded, which keeps CUPTI out, they are
//! taken here.

pub mod abi;
mod calls;
pub mod ranges;

use std::ffi::c_int;

use weftscope_wire::Level;

use crate::{
    activity::library::{Cupti, ExportTable},
    entry,
    settings::Settings,
};

/// Called by NVTX in the program's first call of it (`NVTX_INJECTION64_PATH`), perhaps before CUDA's driver has started. 0:
/// NVTX's calls do nothing, as they do without any tool.
#[unsafe(no_mangle)]
pub extern "C" fn InitializeInjectionNvtx2(export_table: Option<ExportTable>) -> c_int {
    let mut is_taken = false;
    entry::guarded(|| {
        let Some(settings) = Settings::from(|name| std::env::var_os(name)) else { return };
        if settings.level == Level::Blocks {
            // SAFETY: NVTX's own function.
            is_taken = export_table.is_some_and(|table| unsafe { calls::install(table) });
            return;
        }
        // What is wrong with CUPTI is said when a recording begins.
        let Ok(cupti) = Cupti::of_process() else { return };
        // SAFETY: NVTX's own function.
        is_taken = unsafe { cupti.forward_nvtx(export_table) };
    });
    is_taken.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_job_nvtx_does_nothing() {
        assert_eq!(InitializeInjectionNvtx2(None), 0);
    }
}
