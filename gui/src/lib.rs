//! The window and what it is made of.

pub mod theme;
pub mod timeline;
