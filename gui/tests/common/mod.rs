//! Shared by the tests of the window and by its benches.
#![expect(dead_code, unreachable_pub, reason = "each test binary uses its own part of this")]

pub mod renderer;
pub mod synthetic;
