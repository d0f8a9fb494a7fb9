//! How far a student has come, kept with the settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How far each lesson was played, by its name without the number: new ones may come between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Progress {
    lessons: BTreeMap<String, LessonProgress>,
}

/// How far one was played.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonProgress {
    /// Steps that were seen to their end, each with whether the last prediction was right.
    pub steps: Vec<bool>,
}

impl Progress {
    /// True of a student who has not begun.
    pub fn is_empty(&self) -> bool {
        self.lessons.is_empty()
    }

    /// Steps of a lesson that were seen to their end, each with whether the prediction was right.
    pub fn of(&self, slug: &str) -> &[bool] {
        self.lessons.get(slug).map_or(&[], |lesson| &lesson.steps)
    }

    /// Keeps how a step went.
    pub fn keep(&mut self, slug: &str, step: usize, is_right: bool) {
        let steps = &mut self.lessons.entry(slug.to_owned()).or_default().steps;
        // Steps come one after another.
        if step == steps.len() {
            steps.push(is_right);
        } else if let Some(known) = steps.get_mut(step) {
            *known = is_right;
        }
    }

    /// Forgets a lesson, to begin it anew.
    pub fn forget(&mut self, slug: &str) {
        self.lessons.remove(slug);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_kept_in_order_and_forgotten_together() {
        let mut progress = Progress::default();
        progress.keep("waves", 1, true);
        assert_eq!(progress.of("waves"), [] as [bool; 0], "the first comes first");
        progress.keep("waves", 0, false);
        progress.keep("waves", 1, true);
        progress.keep("waves", 0, true);
        assert_eq!(progress.of("waves"), [true, true]);
        let text = serde_json::to_string(&progress).expect("JSON");
        assert_eq!(text, r#"{"waves":{"steps":[true,true]}}"#);
        progress.forget("waves");
        assert!(progress.of("waves").is_empty());
    }
}
