//! The window and what it is made of.

pub mod cli;
pub mod files;
pub mod picture;
pub mod theme;
pub mod timeline;
