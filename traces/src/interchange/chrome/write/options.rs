/// How to write Chrome JSON.
#[derive(Clone, Copy, Debug)]
pub struct ExportOptions {
    /// Compress by gzip.
    pub gzip: bool,
    /// Give collectives whose names Holistic Trace Analysis does not know as communication a name that begins
    /// with `ncclDevKernel_`. Our own reader shows the true names again.
    pub hta_names: bool,
}

impl Default for ExportOptions {
    /// Plain text, with the names that Holistic Trace Analysis needs.
    fn default() -> Self {
        Self { gzip: false, hta_names: true }
    }
}
