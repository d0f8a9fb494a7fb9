//! What is remembered from one start to the next.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{lesson_progress::Progress, panel::PanelLayout, recent::Recent};

/// Light, dark, or what the desktop says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeChoice {
    /// As the desktop.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl ThemeChoice {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "As the desktop",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

/// The settings of a user on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// [`Settings::VERSION`] of the program that wrote them.
    pub version: u32,
    /// Colours.
    pub theme: ThemeChoice,
    /// Panels.
    pub layout: PanelLayout,
    /// What was opened last, newest first.
    pub recent: Vec<Recent>,
    /// What the tab Serving asks for, where that is not what it asks for at first; builds that cannot serve hand it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<serde_json::Value>,
    /// How far lessons were played.
    #[serde(default, skip_serializing_if = "Progress::is_empty")]
    pub lessons: Progress,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Self::VERSION,
            theme: ThemeChoice::default(),
            layout: PanelLayout::default(),
            recent: Vec::new(),
            serving: None,
            lessons: Progress::default(),
        }
    }
}

/// Why stored settings were set aside.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// They do not parse.
    #[error("the stored settings cannot be read ({0}); the defaults are used")]
    Malformed(#[from] serde_json::Error),
    /// A newer program wrote them.
    #[error(
        "the stored settings are of version {found}, this program knows {known}; the defaults are used"
    )]
    Version {
        /// Version found.
        found: u32,
        /// Version known.
        known: u32,
    },
}

impl Settings {
    /// Version of the stored form.
    pub const VERSION: u32 = 1;
    /// Recent files and jobs kept.
    const MAX_RECENT: usize = 10;

    /// Reads what [`Settings::to_text`] wrote.
    ///
    /// # Errors
    /// [`SettingsError`] when the text is not ours or newer than this program.
    pub fn from_text(text: &str) -> Result<Self, SettingsError> {
        let settings: Self = serde_json::from_str(text)?;
        if settings.version != Self::VERSION {
            return Err(SettingsError::Version { found: settings.version, known: Self::VERSION });
        }
        Ok(settings)
    }

    /// The stored form: JSON.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| format!("unserialisable: {error}"))
    }

    /// Puts what was opened on top of the recent ones.
    pub fn remember(&mut self, opened: Recent) {
        self.recent.retain(|known| *known != opened);
        self.recent.insert(0, opened);
        self.recent.truncate(Self::MAX_RECENT);
    }
}
