//! Characters that no font of the program or of the system has: what they are, and what to install to see them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use egui::{FallbackRequest, FontInsert, FontProvider};

/// Writing that one font package brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Script {
    Cjk,
    Emoji,
    Other,
}

impl Script {
    fn of(letter: char) -> Self {
        match u32::from(letter) {
            // Hangul, kana, ideographs and the punctuation and wide forms that go with them.
            0x1100..=0x11FF
            | 0x2E80..=0x312F
            | 0x3130..=0x9FFF
            | 0xA960..=0xA97F
            | 0xAC00..=0xD7FF
            | 0xF900..=0xFAFF
            | 0xFE30..=0xFE4F
            | 0xFF00..=0xFFEF
            | 0x2_0000..=0x3_FFFF => Self::Cjk,
            0x2600..=0x27BF | 0x1_F000..=0x1_FAFF => Self::Emoji,
            _ => Self::Other,
        }
    }

    /// What is the matter, and what to do about it.
    fn sentence(self) -> String {
        let (what, packages) = match self {
            Self::Cjk => (
                "Some Chinese, Japanese or Korean characters are",
                "fonts-noto-cjk on Debian and Ubuntu, google-noto-sans-cjk-fonts on Fedora, noto-fonts-cjk on Arch",
            ),
            Self::Emoji => (
                "Emoji are",
                "fonts-noto-color-emoji on Debian and Ubuntu, google-noto-color-emoji-fonts on Fedora, noto-fonts-emoji on Arch",
            ),
            Self::Other => (
                "Some characters are",
                "fonts-noto-core on Debian and Ubuntu, google-noto-sans-fonts on Fedora, noto-fonts on Arch",
            ),
        };
        format!(
            "{what} drawn as boxes: no font here has them. Install one ({packages}) and start Weftscope again."
        )
    }
}

/// What was asked for and not found since somebody looked.
type Asked = Arc<Mutex<BTreeSet<char>>>;

/// Characters met that are drawn as boxes.
#[derive(Default)]
pub(super) struct MissingGlyphs {
    asked: Asked,
    is_watching: bool,
    met: BTreeSet<Script>,
}

impl MissingGlyphs {
    /// Is told from now on of every character that none of the fonts asked before has.
    pub(super) fn watch(&mut self, ctx: &egui::Context) {
        if !self.is_watching {
            self.is_watching = true;
            ctx.add_font_provider(Arc::new(LastAsked(Arc::clone(&self.asked))));
        }
    }

    /// Takes in what was asked for since the last time; a sentence for each script met for the first time.
    pub(super) fn take_in(&mut self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        let asked: BTreeSet<Script> = asked.into_iter().map(Script::of).collect();
        let new = asked.into_iter().filter(|&script| self.met.insert(script));
        new.map(Script::sentence).collect()
    }
}

/// Asked when all others have failed. Has no font either, but remembers.
struct LastAsked(Asked);

impl FontProvider for LastAsked {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let letter = request.cluster.chars().next().filter(|&letter| is_seen(letter))?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(letter);
        None
    }
}

/// Not one of those that only say how others are drawn: joiners, marks of direction, selectors, tags.
fn is_seen(letter: char) -> bool {
    !matches!(u32::from(letter), 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF | 0xE_0000..=0xE_0FFF)
}
