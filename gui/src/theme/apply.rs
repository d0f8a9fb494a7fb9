use egui::{
    Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Vec2, Visuals,
    epaint::Shadow, style::WidgetVisuals,
};

use super::{Mode, Surfaces, Theme, size};

impl Theme {
    /// Gives the whole window this look. Call once, and again when the mode changes.
    pub fn apply(&self, ctx: &egui::Context) {
        let theme = match self.mode {
            Mode::Dark => egui::Theme::Dark,
            Mode::Light => egui::Theme::Light,
        };
        ctx.set_theme(theme);
        ctx.set_style_of(theme, self.style());
    }

    /// The egui style alone.
    pub fn style(&self) -> Style {
        let mut style = Style { visuals: self.visuals(), ..Style::default() };
        let proportional = |points| FontId::new(points, FontFamily::Proportional);
        style.text_styles = [
            (TextStyle::Small, proportional(size::SMALL)),
            (TextStyle::Body, proportional(size::BODY)),
            (TextStyle::Button, proportional(size::BODY)),
            // Rank by weight and colour, not by a third size.
            (TextStyle::Heading, proportional(size::BODY)),
            (TextStyle::Monospace, FontId::new(size::MONO, FontFamily::Monospace)),
        ]
        .into();
        let spacing = &mut style.spacing;
        spacing.item_spacing = Vec2::new(8.0, 4.0);
        spacing.button_padding = Vec2::new(8.0, 2.0);
        spacing.interact_size = Vec2::new(32.0, 20.0);
        spacing.window_margin = Margin::same(12);
        spacing.menu_margin = Margin::same(4);
        spacing.indent = 12.0;
        spacing.slider_width = 120.0;
        spacing.slider_rail_height = 4.0;
        spacing.icon_width = 16.0;
        spacing.icon_width_inner = 8.0;
        spacing.tooltip_width = 420.0;
        spacing.scroll.bar_width = 8.0;
        spacing.scroll.floating = true;
        // That there is more is seen without the pointer over it.
        spacing.scroll.dormant_handle_opacity = 0.4;
        // Beside what is scrolled: over it, a bar under the pointer covers the last letters of a line.
        spacing.scroll.floating_allocated_width =
            spacing.scroll.bar_width + spacing.scroll.bar_inner_margin;
        style.animation_time = 0.08;
        style
    }

    fn visuals(&self) -> Visuals {
        let s = &self.surfaces;
        let dark = self.mode == Mode::Dark;
        let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
        let corner = CornerRadius::same(3);
        visuals.override_text_color = None;
        visuals.weak_text_color = Some(s.weak);
        visuals.hyperlink_color = s.accent;
        visuals.panel_fill = s.panel;
        visuals.window_fill = s.panel;
        visuals.window_stroke = Stroke::new(1.0, s.hairline);
        visuals.window_corner_radius = CornerRadius::same(6);
        visuals.menu_corner_radius = CornerRadius::same(4);
        visuals.faint_bg_color = s.raised;
        visuals.extreme_bg_color = s.plot;
        visuals.code_bg_color = s.raised;
        visuals.warn_fg_color = s.warn;
        visuals.error_fg_color = s.error;
        visuals.selection.bg_fill = s.accent_fill;
        visuals.selection.stroke = Stroke::new(1.0, if dark { s.strong } else { s.accent });
        visuals.popup_shadow = Shadow {
            offset: [0, 2],
            blur: 8,
            spread: 0,
            color: Color32::from_black_alpha(if dark { 110 } else { 40 }),
        };
        visuals.window_shadow = visuals.popup_shadow;
        visuals.striped = false;
        visuals.slider_trailing_fill = true;
        visuals.indent_has_left_vline = false;
        visuals.collapsing_header_frame = false;
        visuals.widgets.noninteractive = widget(s.panel, s.hairline, s.text, corner);
        visuals.widgets.inactive = widget(s.control, Color32::TRANSPARENT, s.text, corner);
        visuals.widgets.hovered = widget(s.control_hover, s.hairline, s.strong, corner);
        visuals.widgets.active = widget(s.accent_fill, s.accent, s.strong, corner);
        visuals.widgets.open = open_widget(s, corner);
        visuals
    }
}

fn widget(fill: Color32, line: Color32, text: Color32, corner: CornerRadius) -> WidgetVisuals {
    WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius: corner,
        fg_stroke: Stroke::new(1.0, text),
        // Widgets that grow under the pointer make their neighbours look restless.
        expansion: 0.0,
    }
}

fn open_widget(s: &Surfaces, corner: CornerRadius) -> WidgetVisuals {
    widget(s.raised, s.hairline, s.strong, corner)
}

#[cfg(test)]
mod tests {
    use egui::{Align, Layout, Rect, ScrollArea};
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    /// A bar under the pointer is as wide as bars get.
    #[test]
    fn no_scroll_bar_lies_on_what_it_scrolls() {
        let draw = |ui: &mut egui::Ui, inner: &mut Rect| {
            Theme::of(Mode::Dark).apply(ui.ctx());
            *inner = ui.max_rect();
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                for row in 0..100 {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        ui.label(format!("row {row}"));
                    });
                }
            });
        };
        let mut window =
            Harness::builder().with_size([200.0, 200.0]).build_ui_state(draw, Rect::ZERO);
        window.run_steps(4);
        let bar = Theme::of(Mode::Dark).style().spacing.scroll.bar_width;
        let text = window.get_by_label("row 3").rect();
        assert!(text.right() <= window.state().right() - bar, "{text} {}", window.state());
    }
}
