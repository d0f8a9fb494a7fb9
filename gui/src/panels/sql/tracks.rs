//! The tracks that answers became: asked again, or taken away.

use egui::{Label, Ui};
use weftscope_traces::edit::answer_of_heading;

use crate::{
    app::SqlCommand,
    panels::{
        icon::{Icon, icon_button},
        widgets::{Cx, weak},
    },
};

/// True where there is one.
pub(super) fn is_there(cx: &Cx<'_>) -> bool {
    cx.state.document().is_some_and(|document| !document.timeline.answers.is_empty())
}

/// One line a track; nothing where there is none.
pub(super) fn tracks_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(document) = cx.state.document() else { return };
    for rows in &document.timeline.answers {
        let title = &document.trace.track(rows.heading).name;
        let Some(name) = answer_of_heading(title) else { continue };
        ui.horizontal(|ui| {
            if icon_button(ui, Icon::Cross, &format!("Remove {title}"), "Take this track away")
                .clicked()
            {
                cx.sql(SqlCommand::Remove(name.to_owned()));
            }
            if icon_button(ui, Icon::Reset, &format!("Ask {title} again"), "Ask this again")
                .clicked()
            {
                cx.sql(SqlCommand::Again(name.to_owned()));
            }
            ui.add(Label::new(weak(cx.theme, format!("track {title}"))).truncate());
        });
    }
}
