//! What a screen reader meets: regions by name, one for each part of the window.

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use weftscope::app::{Command, PanelId};

use super::panels::{send, window};

#[test]
fn each_part_of_the_window_is_a_region_by_name() {
    let mut window = window();
    send(&mut window, Command::TogglePanel(PanelId::Bottom));
    for (region, holds) in [
        ("Menus and iteration", "File menu"),
        ("Timeline", "timeline"),
        ("Why it takes so long", "Why"),
        ("Legend", "Fold the legend"),
        ("Details and tables", "Diagnostics"),
        ("State of the recording", "nothing lost"),
    ] {
        let inside = window.query_by_role_and_label(Role::Region, region);
        let inside = inside.unwrap_or_else(|| panic!("no region {region}"));
        assert!(inside.query_by_label(holds).is_some(), "{region} does not hold {holds}");
        assert!(inside.accesskit_node().label().is_some_and(|label| label == region));
    }
}
