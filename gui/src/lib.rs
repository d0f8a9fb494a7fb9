//! The window and what it is made of.

pub mod app;
pub mod cli;
pub mod files;
pub mod jobs;
mod keys;
mod panels;
pub mod picture;
pub mod theme;
pub mod timeline;
