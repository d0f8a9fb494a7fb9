//! The palette finds named commands as they are typed.

use super::{
    action::{Action, actions},
    command::Command,
    state::{Overlay, State},
};

/// The rows of the palette as typed so far, best first.
pub fn palette_rows(state: &State) -> Vec<Action> {
    let Overlay::Palette { query, .. } = &state.overlay else { return Vec::new() };
    let mut rows: Vec<(usize, Action)> = actions(state)
        .into_iter()
        .filter(|action| action.command != Command::TogglePalette)
        .filter_map(|action| Some((match_rank(&action.text, query)?, action)))
        .collect();
    rows.sort_by_key(|row| row.0);
    rows.into_iter().map(|row| row.1).collect()
}

/// How well `query` fits `text`, smaller is better: its letters in order, the fewer gaps the better.
fn match_rank(text: &str, query: &str) -> Option<usize> {
    let text = text.to_lowercase();
    let query = query.trim().to_lowercase();
    if let Some(at) = text.find(&query) {
        return Some(at);
    }
    let mut letters = text.char_indices();
    let mut last = 0;
    for wanted in query.chars().filter(|letter| !letter.is_whitespace()) {
        last = letters.find(|&(_, letter)| letter == wanted)?.0;
    }
    // After every text that holds the query in one piece.
    Some(1000 + last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_beats_scattered_letters() {
        assert_eq!(match_rank("Light or dark", "dark"), Some(9));
        assert!(match_rank("Light or dark", "lod") > Some(1000));
        assert_eq!(match_rank("Light or dark", "x"), None);
        assert_eq!(match_rank("Light or dark", ""), Some(0));
    }
}
