use std::fs;

#[cfg(feature = "gpus")]
use weftscope_traces::Trace;

/// What this computer calls itself; empty where it does not say.
pub(crate) fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// What programs of this computer did, with the word that all its ranks are on this computer's clock: beside recordings of other servers that
/// matters.
#[cfg(feature = "gpus")]
pub(crate) fn on_this_server(trace: Trace) -> Trace {
    let server = Some(host_name()).filter(|name| !name.is_empty());
    trace.with_meta(|meta| {
        meta.ranks.iter_mut().for_each(|info| info.server.clone_from(&server));
    })
}
