//! Skips that nobody overlooks: said past the test harness, and failures where the environment asks for that.

use std::{fmt::Display, io::Write as _};

/// What a test needs from outside the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// GPUs, or a library that only comes with their driver.
    Gpu,
    /// Another program's answer, or a library of the CUDA toolkit.
    Oracle,
}

impl Need {
    /// The environment variable that, set to `1`, turns a skip into a failure.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Gpu => "WEFTSCOPE_REQUIRE_GPU",
            Self::Oracle => "WEFTSCOPE_REQUIRE_ORACLES",
        }
    }
}

/// Says on stderr that the calling test does not run, and why; the caller then returns.
///
/// # Panics
/// When [`Need::variable`] is `1`: a machine that should have everything must not pass by skipping.
#[track_caller]
pub fn skip(need: Need, reason: impl Display) {
    let required = std::env::var_os(need.variable()).is_some_and(|value| value == "1");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(!required, "{test} may not skip ({}=1): {reason}", need.variable());
    aloud(format_args!("SKIPPED {test}: {reason}"));
}

/// A line on stderr, past the harness, which keeps what passing tests print.
pub fn aloud(line: impl Display) {
    // Nothing can be done about a closed stderr, and the test itself is not about it.
    let _said = writeln!(std::io::stderr(), "{line}");
}
