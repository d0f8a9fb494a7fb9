use weftscope_profiler::sweep::{Setting, SweepAxis};

use super::{GpuRun, KnobEdit, ServingCommand};

/// Requests about the live run.
#[derive(Clone, Debug, PartialEq)]
pub enum LiveCommand {
    /// Pause if running, run if paused.
    TogglePause,
    /// One iteration, then wait.
    Step,
    /// Try what failed once more.
    Retry,
    /// Turn a knob.
    Turn(KnobEdit),
    /// Turn the knobs to what an address says, all others to their defaults.
    FollowLink(String),
    /// Run on the GPUs of this computer otherwise; without effect elsewhere.
    RunOnGpus(GpuRun),
    /// All knobs as at the first start.
    ResetAll,
    /// Look at the newest iteration as it comes.
    Follow,
    /// Stay at a kept iteration.
    Pin(u64),
    /// The kept iteration so many steps from the one in view; negative is older.
    Browse(i32),
    /// Run the points of a curve.
    RunCurve(SweepAxis),
    /// Anything of the tab of serving.
    Serving(ServingCommand),
    /// Run on a server.
    #[cfg(not(target_arch = "wasm32"))]
    Connect(crate::remote::Ssh, crate::remote::Target),
    /// Copy this program to the server, which has none.
    #[cfg(not(target_arch = "wasm32"))]
    Install,
    /// Run here again.
    #[cfg(not(target_arch = "wasm32"))]
    Leave,
    /// Control the run that this window watches.
    #[cfg(not(target_arch = "wasm32"))]
    TakeControl,
    /// Measure the GPUs of this computer, and fit the constants of the machine to them.
    Calibrate,
    /// Take the value of a point of the curve.
    GoToPoint(Setting),
}
