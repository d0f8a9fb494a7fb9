//! The timeline: what is drawn, how it is looked at, and how pointer and keys change that.

mod pictures;
mod prepare;
mod rows;
mod touch;
mod view;
mod window;
