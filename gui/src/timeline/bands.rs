use egui::{Pos2, Rangef, Rect};

use super::{RowLayout, TimelineData, ViewState, areas::Areas};

/// Part of the height of all rows that pinned ones may take; those beyond scroll with the others.
const PINNED_SHARE: f32 = 0.6;

/// The rows in two bands: those that are pinned stay, those below scroll.
pub(super) struct Bands {
    /// All of the timeline.
    pub(super) areas: Areas,
    pub(super) pinned: Band,
    pub(super) rest: Band,
}

/// One of them: where it lies, its rows, and how far they are scrolled.
pub(super) struct Band {
    /// As if the band were all rows of the timeline.
    pub(super) areas: Areas,
    pub(super) layout: RowLayout,
    pub(super) scroll_y: f32,
}

impl Bands {
    /// Places the rows of a timeline drawn in `whole`.
    pub(super) fn new(whole: Rect, data: &TimelineData, view: &ViewState) -> Self {
        let areas = Areas::new(whole, data);
        let height = areas.plot.height();
        let (pinned, loose) = RowLayout::pinned(data, view, height * PINNED_SHARE);
        // A line of background parts the two.
        let edge =
            areas.plot.top() + pinned.height + if pinned.rows.is_empty() { 0.0 } else { 4.0 };
        let above = Rangef::new(areas.plot.top(), areas.plot.top() + pinned.height);
        let below = Rangef::new(edge.min(areas.plot.bottom()), areas.plot.bottom());
        let rest = RowLayout::fitted_with(data, view, &loose, below.span());
        Self {
            areas,
            pinned: Band { areas: areas.with_rows(above), layout: pinned, scroll_y: 0.0 },
            rest: Band { areas: areas.with_rows(below), layout: rest, scroll_y: view.scroll_y },
        }
    }

    /// Both, top to bottom.
    pub(super) fn both(&self) -> [&Band; 2] {
        [&self.pinned, &self.rest]
    }

    /// The band that a point of the screen is in.
    pub(super) fn at(&self, at: Pos2) -> &Band {
        let in_pinned = at.y < self.pinned.areas.plot.bottom();
        if in_pinned { &self.pinned } else { &self.rest }
    }

    /// Points that the rows can be scrolled.
    pub(super) fn most_scroll(&self) -> f32 {
        (self.rest.layout.height - self.rest.areas.plot.height()).max(0.0)
    }
}

impl Band {
    /// A height of the screen, from the top of the band's rows.
    pub(super) fn y_of(&self, screen_y: f32) -> f32 {
        screen_y - self.areas.plot.top() + self.scroll_y
    }
}
