//! The window as narrow as a telephone or the column of a book.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use egui::{Pos2, Rect, Role, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::app::{App, PanelId, Start};

fn window(width: f32) -> Harness<'static, App> {
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::new(Start::default(), None, Arc::new(|| {}));
    let mut window = Harness::builder().with_size([width, 760.0]).build_ui_state(draw, app);
    let since = Instant::now();
    while window.state().state().document().is_none() {
        assert!(since.elapsed() < Duration::from_secs(60), "nothing runs");
        std::thread::sleep(Duration::from_millis(20));
        window.step();
    }
    window.run_steps(4);
    window
}

/// Where something lies that can be seen.
fn place(window: &Harness<'_, App>, role: Role, name: &str) -> Option<Rect> {
    let node = window.query_by_role_and_label(role, name)?;
    Some(node.rect())
}

/// Whatever is open, menus, figures and names of panels lie beside one another and in the window, and the timeline's bar of
/// tokens as wide as that.
#[test]
fn nothing_lies_over_anything_else() {
    for width in [340.0, 420.0, 560.0, 690.0] {
        let mut window = window(width);
        let whole = Rect::from_min_size(Pos2::ZERO, vec2(width, 760.0)).expand(0.5);
        for panel in [None, Some(PanelId::Knobs), Some(PanelId::Why), Some(PanelId::Lessons)] {
            if let Some(panel) = panel {
                window.get_by_role_and_label(Role::Button, panel.facts().short).click();
                window.run_steps(4);
                let open =
                    |other: &&PanelId| window.state().state().settings.layout.is_open(**other);
                assert_eq!(PanelId::ALL.iter().filter(open).collect::<Vec<_>>(), [&panel]);
            }
            let mut found: Vec<(&str, Rect)> = Vec::new();
            for (role, name) in [
                (Role::Button, "File menu"),
                (Role::Button, "View menu"),
                (Role::Button, "Help menu"),
                (Role::Button, "Pause"),
                (Role::Button, "Newer iteration"),
                (Role::Label, "MODELLED"),
                (Role::Slider, "Token bar"),
                (Role::Button, "Knobs"),
                (Role::Button, "Why"),
                (Role::Button, "Learn"),
            ] {
                let rect = place(&window, role, name);
                let rect = rect.unwrap_or_else(|| panic!("{width}, {panel:?}: no {name}"));
                assert!(whole.contains_rect(rect), "{width}, {panel:?}: {name} at {rect}");
                for (other, beside) in &found {
                    let both = rect.intersect(*beside);
                    let lies_over = both.width() > 1.0 && both.height() > 1.0;
                    assert!(!lies_over, "{width}, {panel:?}: {name} {rect} over {other} {beside}");
                }
                found.push((name, rect));
            }
            let bar = place(&window, Role::Slider, "Token bar").expect("it was there");
            assert!(bar.width() > 0.5 * width, "{width}, {panel:?}: {bar}");
        }
    }
}

/// With panels at both sides of a small screen, the strip of the folded one below ends where the timeline does, and still has
/// every name.
#[test]
fn the_strip_below_has_every_name_on_a_small_screen() {
    let window = window(1024.0);
    let bar = place(&window, Role::Slider, "Token bar").expect("it runs");
    for tab in ["Details", "Statistics", "Serving", "Marks", "Diagnostics"] {
        let name = place(&window, Role::Button, tab).unwrap_or_else(|| panic!("no {tab}"));
        assert!(name.left() >= bar.left() - 16.0, "{tab} at {name}, the timeline's bar at {bar}");
        assert!(name.right() <= bar.right() + 16.0, "{tab} at {name}, the timeline's bar at {bar}");
    }
}
