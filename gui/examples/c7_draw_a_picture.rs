//! Step 7: draw a picture of a trace, without a display and without a GPU.
//!
//! `cargo run -p weftscope --example c7_draw_a_picture -- trace.json.gz picture.png`; without names, a recording that
//! ships with the program, as `picture.png` in the folder for temporary files

use std::{env, error::Error, fs::File, path::PathBuf, sync::Arc};

use weftscope::{
    files::{no_hook, open_trace},
    picture::{ShotOptions, shot},
    theme::Mode,
};
use weftscope_traces::Classifier;

fn main() -> Result<(), Box<dyn Error>> {
    let mut names = env::args_os().skip(1).map(PathBuf::from);
    let from = names.next().unwrap_or_else(|| PathBuf::from("sample:h200x2-tokenweave"));
    let to = names.next().unwrap_or_else(|| env::temp_dir().join("picture.png"));
    let trace = Arc::new(open_trace(&from, &Classifier::default(), &mut no_hook)?);

    // The middle third: from one end to the other, blocks of a hundred microseconds would be a pixel wide.
    let mut window = trace.span();
    let third_ns = window.len_ns() / 3;
    window.start_ns += third_ns;
    window.end_ns -= third_ns;
    let options = ShotOptions { mode: Mode::Light, window: Some(window), ..ShotOptions::default() };
    shot(&trace, &options).write_png(File::create(&to)?)?;
    println!("{} as {}", trace.meta.title, to.display());
    Ok(())
}
