//! What an address says behind its `#`: the lesson that is played, the sample in view, or the knobs.

use super::{
    command::Command,
    document::Shown,
    lessons::LessonCommand,
    live::{LiveCommand, link_of},
    state::State,
};
use crate::files::Sample;

/// What leads back to what is in view: `lesson=3`, `sample=h200x2-tokenweave`, or the knobs that are turned.
pub(crate) fn address_of(state: &State) -> String {
    if let Some(playing) = &state.lessons.playing {
        return format!("lesson={}", playing.lesson.number);
    }
    let shown = match state.shown {
        Shown::File(id) => state.open_document(id),
        _ => None,
    };
    let of_sample = shown.and_then(|open| {
        let sample = Sample::of_path(open.paths.first()?).ok()??;
        Some(format!("sample={}", sample.name))
    });
    let of_knobs = || state.live.as_ref().map(|live| link_of(&live.draft, &live.catalog));
    of_sample.or_else(of_knobs).unwrap_or_default()
}

/// What is asked for by an address. Keys that are not known are passed over: an address may be of a newer page.
pub(crate) fn visit(address: &str) -> Vec<Command> {
    let address = address.trim_start_matches('#');
    let value = |wanted: &str| {
        let mut pairs = address.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == wanted).map(|(_, value)| value)
    };
    let mut asked = vec![Command::Live(LiveCommand::FollowLink(address.to_owned()))];
    if let Some(number) = value("lesson").and_then(|number| number.parse().ok()) {
        asked.push(Command::Lesson(LessonCommand::Start(number)));
    }
    let sample = value("sample").and_then(Sample::named);
    asked.extend(sample.map(|sample| Command::Open(vec![sample.path()])));
    asked
}
