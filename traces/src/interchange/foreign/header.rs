use crate::DeviceInfo;

/// What a file says of itself as a whole.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// `baseTimeNanoseconds`: Unix time of ts 0.
    pub(crate) base_time_ns: Option<i64>,
    /// GPUs of the node with their index.
    pub(crate) devices: Vec<(i64, DeviceInfo)>,
    pub(crate) rank: Option<u32>,
    pub(crate) world_size: Option<u32>,
    /// Written by Kineto, or by a tool that writes what Kineto does.
    pub(crate) is_kineto: bool,
    pub(crate) trace_name: Option<String>,
    /// The profiler that measured it, where the file is no trace events.
    pub(crate) profiler: Option<String>,
    /// Who says to have written it, where it was not Kineto.
    pub(crate) recorder: Option<String>,
    /// What of it is odd, a sentence each.
    pub(crate) notes: Vec<String>,
    /// Version facts worth showing: CUPTI, CUDA driver, NCCL.
    pub(crate) run: Vec<(String, String)>,
    /// What is not understood, as JSON by key, in order.
    pub(crate) beside: Vec<(String, String)>,
}

impl Header {
    /// One more version worth showing, where it says anything.
    pub(crate) fn fact(&mut self, what: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.run.push((what.to_owned(), value));
        }
    }
}
