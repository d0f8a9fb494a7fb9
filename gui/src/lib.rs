//! The window and what it is made of.

pub mod picture;
pub mod files;
pub mod theme;
pub mod timeline;
