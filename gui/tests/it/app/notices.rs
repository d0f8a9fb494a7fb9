//! Messages to the user: which go by themselves, and which stay.

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::app::{App, Command};

use super::panels::{send, window};

/// Time goes by, a quarter of a second a frame.
fn wait(window: &mut Harness<'static, App>, seconds: usize) {
    window.run_steps(4 * seconds);
}

#[test]
fn what_went_well_goes_by_itself_and_what_did_not_stays() {
    let mut window = window();
    send(&mut window, Command::Copy("a\nb".to_owned()));
    send(&mut window, Command::Open(vec!["/no/such/file.weft".into()]));
    crate::common::settle::settle(&mut window);
    let cause = "cannot open: No such file or directory";
    assert!(window.query_by_label("Copied 2 lines").is_some());
    assert!(window.query_by_label_contains(cause).is_some());
    wait(&mut window, 8);
    assert!(window.query_by_label("Copied 2 lines").is_none());
    assert!(window.query_by_label_contains(cause).is_some(), "an error waits to be read");
}

#[test]
fn the_pointer_on_a_message_holds_it() {
    let mut window = window();
    send(&mut window, Command::Copy("a".to_owned()));
    let at = window.get_by_label("Copied").rect().center();
    window.hover_at(at);
    wait(&mut window, 8);
    assert!(window.query_by_label("Copied").is_some());
    window.hover_at(egui::pos2(10.0, 10.0));
    wait(&mut window, 8);
    assert!(window.query_by_label("Copied").is_none());
}
