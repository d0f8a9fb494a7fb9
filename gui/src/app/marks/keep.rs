use super::{
    store::MarkStore,
    task::{MarksEvent, MarksTask},
};
use crate::app::{document::OpenDocument, effect::Effect, notice::Severity, state::State};

/// What must be read to show an opened document's marks.
pub(in crate::app) fn begin(open: &OpenDocument) -> Option<Effect> {
    match &open.marks {
        MarkStore::Reading(path) => Some(Effect::Marks(MarksTask::Read(open.id, path.clone()))),
        _ => None,
    }
}

/// Writes what has changed; called once a frame. One write a document at a time: what changes meanwhile goes with the next.
pub(in crate::app) fn flush(state: &mut State) -> Vec<Effect> {
    state.documents.iter_mut().filter_map(|open| changed(open, false)).collect()
}

/// The same whether something is being written or not, before a document or the program goes.
pub(in crate::app) fn flush_all(state: &mut State) -> Vec<Effect> {
    state.documents.iter_mut().filter_map(|open| changed(open, true)).collect()
}

/// What must be written of a document; then it counts as kept, until it is heard that it is not.
fn changed(open: &mut OpenDocument, at_once: bool) -> Option<Effect> {
    let MarkStore::Beside { path, kept, is_writing } = &mut open.marks else { return None };
    let marks = open.view.marks.list();
    if marks == kept || (*is_writing && !at_once) {
        return None;
    }
    let before = std::mem::replace(kept, marks.to_vec());
    *is_writing = true;
    let (id, path, marks) = (open.id, path.clone(), kept.clone());
    Some(Effect::Marks(MarksTask::Write { id, path, before, marks }))
}

/// Takes in what was done about marks.
pub(in crate::app) fn apply_marks(state: &mut State, event: MarksEvent) {
    let (MarksEvent::Read(id, _) | MarksEvent::Written(id, _)) = &event;
    let Some(open) = state.documents.iter_mut().find(|open| open.id == *id) else { return };
    let lost = match event {
        MarksEvent::Read(_, Ok(marks)) => {
            open.view.take_marks(&marks);
            if let MarkStore::Reading(path) = &open.marks {
                let path = path.clone();
                open.marks = MarkStore::Beside { path, kept: marks, is_writing: false };
            }
            return;
        }
        MarksEvent::Written(_, Ok(now)) => {
            let MarkStore::Beside { kept, is_writing, .. } = &mut open.marks else { return };
            *is_writing = false;
            if *kept != now {
                open.view.merge_marks(kept, &now);
                *kept = now;
                let text = "Marks changed in another window of this file were taken in".to_owned();
                state.notices.push(Severity::Done, text);
            }
            return;
        }
        MarksEvent::Read(_, Err(cause)) | MarksEvent::Written(_, Err(cause)) => cause,
    };
    open.marks = MarkStore::Session;
    let text = format!("Marks of this file are kept for this session only: {lost}");
    state.notices.push(Severity::Warning, text);
}
