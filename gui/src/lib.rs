//! The window and what it is made of.

pub mod app;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
#[cfg(not(target_arch = "wasm32"))]
pub mod cluster;
#[cfg(feature = "live")]
mod date;
pub mod files;
#[cfg(feature = "live")]
pub mod here;
pub mod jobs;
mod keys;
#[cfg(feature = "live")]
pub mod lessons;
mod panels;
pub mod picture;
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
pub mod remote;
#[cfg(feature = "live")]
mod serving;
pub mod theme;
pub mod timeline;
pub mod times;
#[cfg(target_arch = "wasm32")]
pub mod web;
mod what_if;
