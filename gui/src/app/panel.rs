//! The panels around the timeline: where each stands, what it is called, and which are open.
//!
//! What draws a panel stands in [`panels`](crate::panels); menu, palette, keys and key sheet read this table.

use std::collections::BTreeMap;

use egui::{Key, KeyboardShortcut, Modifiers, Rangef};
use serde::{Deserialize, Serialize};

/// Panels that fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PanelId {
    /// What may be turned.
    #[cfg(feature = "live")]
    Knobs,
    /// Lessons.
    #[cfg(feature = "live")]
    Lessons,
    /// What a recording would be, changed.
    WhatIf,
    /// Why an iteration takes as long as it does.
    Why,
    /// What is selected, statistics, the curve, the diagnostics: one [`BottomTab`] at a time.
    Bottom,
    /// What the colours of the timeline mean.
    Legend,
}

/// What is known of a panel before it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelFacts {
    /// Its name in the stored settings.
    pub key: &'static str,
    /// Where it stands.
    pub side: Side,
    /// Its name, to screen readers.
    pub name: &'static str,
    /// The same where there is little room.
    pub short: &'static str,
    /// Name of the command that folds and opens it.
    pub command: &'static str,
    /// A sentence more.
    pub tooltip: &'static str,
    /// The keys of that command.
    pub keys: KeyboardShortcut,
    /// Width, or height at the bottom; as large as what it shows when `None`.
    pub extent: Option<Extent>,
    /// It is open at the first start.
    pub is_open_at_first: bool,
}

/// How large a panel is that can be drawn out, points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// At the first start.
    pub points: f32,
    /// How far it can be drawn out.
    pub range: Rangef,
}

impl Extent {
    fn new(points: f32, least: f32, most: f32) -> Option<Self> {
        Some(Self { points, range: Rangef::new(least, most) })
    }
}

/// A side of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Left of the timeline.
    Left,
    /// Right of it.
    Right,
    /// Below it.
    Bottom,
}

impl PanelId {
    /// Every panel, in the order in which they take their room.
    pub const ALL: &[Self] = &[
        #[cfg(feature = "live")]
        Self::Knobs,
        #[cfg(feature = "live")]
        Self::Lessons,
        Self::WhatIf,
        Self::Why,
        Self::Bottom,
        Self::Legend,
    ];

    /// What is known of it.
    pub fn facts(self) -> PanelFacts {
        match self {
            #[cfg(feature = "live")]
            Self::Knobs => PanelFacts {
                key: "knobs",
                name: "Knobs",
                short: "Knobs",
                side: Side::Left,
                command: "Fold or open the knobs",
                tooltip: "The left panel",
                keys: KeyboardShortcut::new(Modifiers::COMMAND, Key::Num1),
                extent: Extent::new(264.0, 220.0, 380.0),
                is_open_at_first: true,
            },
            #[cfg(feature = "live")]
            Self::Lessons => PanelFacts {
                key: "lessons",
                name: "Lessons",
                short: "Learn",
                side: Side::Right,
                command: "Learn: fold or open the lessons",
                tooltip: "Predict, try, see why",
                keys: KeyboardShortcut::new(Modifiers::NONE, Key::F2),
                extent: Extent::new(440.0, 360.0, 640.0),
                is_open_at_first: false,
            },
            Self::WhatIf => PanelFacts {
                key: "what-if",
                name: "What if",
                short: "What if",
                side: Side::Left,
                command: "What if: fold or open the changes of a recording",
                tooltip: "What an iteration would take if something were changed",
                keys: KeyboardShortcut::new(Modifiers::COMMAND, Key::Num5),
                extent: Extent::new(340.0, 260.0, 560.0),
                is_open_at_first: false,
            },
            Self::Why => PanelFacts {
                key: "why",
                name: "Why it takes so long",
                short: "Why",
                side: Side::Right,
                command: "Fold or open Why",
                tooltip: "The right panel",
                keys: KeyboardShortcut::new(Modifiers::COMMAND, Key::Num2),
                extent: Extent::new(344.0, 240.0, 520.0),
                is_open_at_first: true,
            },
            Self::Bottom => PanelFacts {
                key: "bottom",
                name: "Details and tables",
                short: "Details",
                side: Side::Bottom,
                command: "Fold or open the details",
                tooltip: "The bottom panel",
                keys: KeyboardShortcut::new(Modifiers::COMMAND, Key::Num3),
                extent: Extent::new(290.0, 120.0, 640.0),
                is_open_at_first: false,
            },
            Self::Legend => PanelFacts {
                key: "legend",
                name: "Legend",
                short: "Legend",
                side: Side::Bottom,
                command: "Fold or open the legend",
                tooltip: "What the colours mean",
                keys: KeyboardShortcut::new(Modifiers::COMMAND, Key::Num4),
                extent: None,
                is_open_at_first: true,
            },
        }
    }
}

/// What the bottom panel shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BottomTab {
    /// Facts of the selection.
    #[default]
    Details,
    /// Kernels, exposed collectives, gaps.
    Statistics,
    /// Iteration time over the split point or over communication SMs.
    Curve,
    /// Requests served, by strategy.
    Serving,
    /// Systems beside TokenWeave, each beside what it claims.
    Neighbours,
    /// What differs from what the document in view is held against.
    Differences,
    /// Queries of the user's own.
    Sql,
    /// What the user marked.
    Marks,
    /// What was lost or uncertain.
    Diagnostics,
}

impl BottomTab {
    /// Every tab, left to right.
    pub const ALL: [Self; 9] = [
        Self::Details,
        Self::Statistics,
        Self::Curve,
        Self::Serving,
        Self::Neighbours,
        Self::Differences,
        Self::Sql,
        Self::Marks,
        Self::Diagnostics,
    ];

    /// Name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Details => "Details",
            Self::Statistics => "Statistics",
            Self::Curve => "Curve",
            Self::Serving => "Serving",
            Self::Neighbours => "Neighbours",
            Self::Differences => "Differences",
            Self::Sql => "SQL",
            Self::Marks => "Marks",
            Self::Diagnostics => "Diagnostics",
        }
    }
}

/// Which panels are open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelLayout {
    /// The tab of the bottom panel.
    pub bottom_tab: BottomTab,
    /// By [`PanelFacts::key`]; what is not listed is as at the first start. Panels of another version of the program
    /// stay listed.
    #[serde(flatten)]
    open: BTreeMap<String, bool>,
    /// In a window without room for several, the one that is open, if any. Not kept.
    #[serde(skip)]
    narrow: Option<Option<PanelId>>,
}

impl PanelLayout {
    /// A window of less width, in points, has one panel open at the most, below the timeline.
    pub const NARROW: f32 = 700.0;

    /// True when one panel at the most is open.
    pub fn is_narrow(&self) -> bool {
        self.narrow.is_some()
    }

    /// Follows the window's width, points. What is open in a wide window is so again afterwards; of that the tables below
    /// the timeline stay, which somebody has asked for.
    pub fn fit(&mut self, width: f32) {
        let is_narrow = width < Self::NARROW;
        if is_narrow != self.is_narrow() {
            let bottom = PanelId::Bottom;
            self.narrow = is_narrow.then(|| self.is_open(bottom).then_some(bottom));
        }
    }

    /// True when a panel is open.
    pub fn is_open(&self, panel: PanelId) -> bool {
        if let Some(open) = self.narrow {
            return open == Some(panel);
        }
        let facts = panel.facts();
        self.open.get(facts.key).copied().unwrap_or(facts.is_open_at_first)
    }

    /// Opens or folds a panel.
    pub fn set_open(&mut self, panel: PanelId, open: bool) {
        if let Some(narrow) = &mut self.narrow {
            if open || *narrow == Some(panel) {
                *narrow = open.then_some(panel);
            }
            return;
        }
        self.open.insert(panel.facts().key.to_owned(), open);
    }

    /// Opens the bottom panel at a tab.
    pub fn show(&mut self, tab: BottomTab) {
        self.set_open(PanelId::Bottom, true);
        self.bottom_tab = tab;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As written before panels had a table.
    #[test]
    fn stored_layouts_are_read() {
        let text = r#"{"knobs":true,"why":false,"bottom":true,"bottom_tab":"diagnostics"}"#;
        let layout: PanelLayout = serde_json::from_str(text).unwrap();
        assert!(!layout.is_open(PanelId::Why) && layout.is_open(PanelId::Bottom));
        assert_eq!(layout.bottom_tab, BottomTab::Diagnostics);
        let again: PanelLayout =
            serde_json::from_str(&serde_json::to_string(&layout).unwrap()).unwrap();
        assert_eq!(again, layout);
    }

    /// One at a time, and what was open before is open again when there is room.
    #[test]
    fn a_narrow_window_has_one_panel_open() {
        let mut layout = PanelLayout::default();
        let wide = layout.clone();
        layout.fit(420.0);
        assert!(PanelId::ALL.iter().all(|&panel| !layout.is_open(panel)));
        layout.set_open(PanelId::Why, true);
        layout.show(BottomTab::Curve);
        layout.set_open(PanelId::Why, false);
        let open = |layout: &PanelLayout| -> Vec<PanelId> {
            PanelId::ALL.iter().copied().filter(|&panel| layout.is_open(panel)).collect()
        };
        assert_eq!(open(&layout), [PanelId::Bottom]);
        layout.fit(500.0);
        assert_eq!(open(&layout), [PanelId::Bottom], "as long as it is narrow");
        layout.set_open(PanelId::Bottom, false);
        assert_eq!(open(&layout), []);
        layout.fit(1200.0);
        assert_eq!(open(&layout), open(&wide));
        layout.show(BottomTab::Curve);
        layout.fit(420.0);
        assert_eq!(open(&layout), [PanelId::Bottom], "what was asked for stays");
    }

    #[test]
    fn panels_have_names_and_keys_of_their_own() {
        let facts: Vec<PanelFacts> = PanelId::ALL.iter().map(|panel| panel.facts()).collect();
        for (index, one) in facts.iter().enumerate() {
            let twin = |other: &PanelFacts| other.key == one.key || other.keys == one.keys;
            assert!(!facts[..index].iter().any(twin), "{}", one.key);
        }
    }
}
