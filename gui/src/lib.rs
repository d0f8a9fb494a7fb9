//! The window and what it is made of.

pub mod picture;
pub mod theme;
pub mod timeline;
