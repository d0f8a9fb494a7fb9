use std::sync::{Arc, OnceLock};

use super::{
    lesson::{Lesson, LessonError},
    read::Folder,
};

/// Every folder of `gui/lessons`, by name.
static FOLDERS: &[Folder<'_>] = include!(concat!(env!("OUT_DIR"), "/lessons.rs"));

/// The lessons that come with the program, each or why it cannot be played.
pub fn all() -> &'static [Result<Arc<Lesson>, LessonError>] {
    static ALL: OnceLock<Vec<Result<Arc<Lesson>, LessonError>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let read = |(at, folder): (usize, &Folder<'_>)| folder.lesson(at + 1).map(Arc::new);
        FOLDERS.iter().enumerate().map(read).collect()
    })
}

/// Those that can be played, in order.
pub fn lessons() -> impl Iterator<Item = &'static Arc<Lesson>> {
    all().iter().filter_map(|lesson| lesson.as_ref().ok())
}
