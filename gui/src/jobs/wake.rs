use std::sync::Arc;

/// Asks the window for a frame; called from any thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;
