//! The few shapes that all panels are made of.

use egui::{
    Align, Align2, Color32, Id, Label, Layout, Response, RichText, Sense, Ui, Vec2, Window,
};

use crate::{
    app::{Command, SqlCommand, State, StatisticsCommand, WhatIfCommand},
    theme::{Theme, size},
};

/// What a panel gets: the state to read, the look, and a place for what the user asks for.
pub(crate) struct Cx<'a> {
    /// The state.
    pub(crate) state: &'a State,
    /// The look.
    pub(crate) theme: &'a Theme,
    /// What was asked for this frame, in order.
    pub(crate) commands: Vec<Command>,
    /// Rows of the panel Why that were drawn: name, number, and what the formulas of the number give.
    #[cfg(test)]
    pub(crate) numbers: Vec<(String, String, Vec<String>)>,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(state: &'a State, theme: &'a Theme) -> Self {
        Self {
            state,
            theme,
            commands: Vec::new(),
            #[cfg(test)]
            numbers: Vec::new(),
        }
    }

    /// Asks for something.
    pub(crate) fn send(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// Asks for something of the statistics.
    pub(crate) fn statistics(&mut self, command: StatisticsCommand) {
        self.send(Command::Statistics(command));
    }

    /// Asks for something of the queries.
    pub(crate) fn sql(&mut self, command: SqlCommand) {
        self.send(Command::Sql(command));
    }

    /// Asks for something of what the recording would be, changed.
    pub(crate) fn what_if(&mut self, command: WhatIfCommand) {
        self.send(Command::WhatIf(command));
    }

    /// Asks for something of the lessons.
    #[cfg(feature = "live")]
    pub(crate) fn lesson(&mut self, command: crate::app::lessons::LessonCommand) {
        self.send(Command::Lesson(command));
    }

    /// Asks for something of the live run.
    #[cfg(feature = "live")]
    pub(crate) fn live(&mut self, command: crate::app::live::LiveCommand) {
        self.send(Command::Live(command));
    }
}

/// A heading of a group, with a gap above it.
pub(crate) fn heading(ui: &mut Ui, theme: &Theme, text: &str) -> Response {
    ui.add_space(size::GAP);
    ui.label(strong(theme, text))
}

/// Text of a heading.
pub(crate) fn strong(theme: &Theme, text: impl Into<String>) -> RichText {
    RichText::new(text).color(theme.surfaces.strong).strong()
}

/// Text of a caption.
pub(crate) fn weak(theme: &Theme, text: impl Into<String>) -> RichText {
    RichText::new(text).color(theme.surfaces.weak)
}

/// Text of a number.
pub(crate) fn mono(theme: &Theme, text: impl Into<String>) -> RichText {
    RichText::new(text).font(theme.mono()).color(theme.surfaces.text)
}

/// A cell of a grid at the right end of its column: numbers, and the heads over them. The grid must not say how many columns
/// it has, since the last would then be as wide as there is room.
pub(crate) fn at_right(ui: &mut Ui, text: RichText) -> Response {
    let layout = Layout::right_to_left(Align::Center);
    ui.with_layout(layout, |ui| ui.add(Label::new(text).extend())).inner
}

/// A sentence that wraps.
pub(crate) fn sentence(ui: &mut Ui, theme: &Theme, text: impl Into<String>) -> Response {
    ui.add(Label::new(RichText::new(text).color(theme.surfaces.text)).wrap())
}

/// A small word on a fill, for what must not be overlooked.
pub(crate) fn badge(ui: &mut Ui, theme: &Theme, text: &str, fill: Color32) -> Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme.small(), theme.text_on(fill));
    let size = galley.size() + Vec2::new(12.0, 6.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(rect, 3.0, fill);
    let at = rect.center() - galley.size() / 2.0;
    ui.painter().galley(at, galley, theme.text_on(fill));
    draw_as(&response, egui::Role::Label, text);
    response
}

/// Gives a widget that egui made the name that tests and screen readers know it by.
pub(crate) fn name_widget(response: &Response, name: &str) {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(name));
}

/// Gives a slider painted by hand what it is set to, of how much, and the same in words.
pub(crate) fn set_value(response: &Response, (value, most): (u32, u32), words: &str) {
    response.ctx.accesskit_node_builder(response.id, |node| {
        node.set_value(words);
        node.set_numeric_value(value.into());
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(most.into());
    });
}

/// Makes all that `ui` holds a region of the window, by a name: screen readers go from one to the next, and say where they are.
pub(crate) fn name_region(ui: &Ui, name: &str) {
    ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
        node.set_role(egui::accesskit::Role::Region);
        node.set_label(name);
    });
}

/// Says what a widget painted by hand is.
pub(crate) fn draw_as(response: &Response, role: egui::Role, name: &str) {
    response.widget_info(|| egui::WidgetInfo::labeled(role, true, name));
}

/// A sheet over the middle of the window, as high as there is room and at most `most_height` points; true until it is closed.
pub(crate) fn sheet_ui(ui: &Ui, title: &str, most_height: f32, add: impl FnOnce(&mut Ui)) -> bool {
    let mut is_open = true;
    let height = (ui.ctx().content_rect().height() - 120.0).min(most_height);
    let window = Window::new(title)
        .id(Id::unique(("sheet", title)))
        .open(&mut is_open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
        .fixed_size(Vec2::new(640.0, height));
    window.show(ui.ctx(), add);
    is_open
}

/// A quiet screen in the middle of `ui`: what happened, what to do.
pub(crate) fn quiet_screen(ui: &mut Ui, theme: &Theme, title: &str, add: impl FnOnce(&mut Ui)) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((height * 0.34 - 24.0).max(size::MARGIN));
        ui.label(RichText::new(title).color(theme.surfaces.strong).strong());
        ui.add_space(size::GAP);
        ui.set_max_width(ui.available_width().min(520.0));
        add(ui);
    });
}
