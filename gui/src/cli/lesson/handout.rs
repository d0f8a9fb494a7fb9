//! `lesson --handout`: what an instructor prints and shows: questions to write on, answers with hints and minutes, and a
//! picture of every step.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    chosen,
    page::{self, Reader},
    slides,
};
use crate::{
    cli::{
        Failure, Outcome, plain,
        shot::{draw, write},
    },
    files::{FileError, write_atomically},
    lessons::{AFTER, Lesson, RECORDING, StepCheck, Truth, YOURS, check},
    picture::{PictureFormat, ShotOptions},
    theme::Mode,
};

/// Folder of the pictures, within the one that is asked for.
const SLIDES: &str = "slides";

/// Writes the pages and the pictures.
pub(super) fn run(folder: &Path, number: Option<usize>) -> Outcome {
    let lessons = chosen(number)?;
    let slides = folder.join(SLIDES);
    fs::create_dir_all(&slides)
        .map_err(|error| FileError::io("cannot make the folder", &error, &slides))?;
    let mut pages = Pages {
        students: head(Reader::Student, &lessons),
        instructor: head(Reader::Instructor, &lessons),
    };
    let mut count = 0;
    for lesson in &lessons {
        let mut outcome = Ok(());
        check(lesson, &mut |step, truth| {
            if outcome.is_ok() {
                outcome = pages.add(lesson, &step, truth, folder);
                count += 1;
            }
        });
        outcome?;
    }
    let titles = ["Lessons: handout", "Lessons: for the instructor"];
    let written = [("students.html", pages.students), ("instructor.html", pages.instructor)];
    let mut out = plain::stdout();
    for ((name, markdown), title) in written.into_iter().zip(titles) {
        let path = folder.join(name);
        let html = page::html(title, &markdown);
        write_atomically(&path, |out| {
            out.write_all(html.as_bytes())
                .map_err(|error| FileError::io("cannot write", &error, &path))
        })?;
        writeln!(out, "{}", path.display())?;
    }
    writeln!(out, "{}: {} pictures", slides.display(), 2 * count)?;
    Ok(out.flush()?)
}

struct Pages {
    students: String,
    instructor: String,
}

impl Pages {
    fn add(
        &mut self,
        lesson: &Lesson,
        check: &StepCheck,
        truth: Option<&Truth>,
        folder: &Path,
    ) -> Outcome {
        let place = format!("lesson {}, step {}", lesson.number, check.step);
        let Some(truth) = truth.filter(|_| check.faults.is_empty()) else {
            let cause = check.faults.first().map_or("nothing is known of it", String::as_str);
            return Err(Failure::failed(cause, &place));
        };
        let picture = slide(lesson.number, check.step);
        let answered = answered(lesson.number, check.step);
        let step = (check.step, &lesson.steps[check.step - 1]);
        for (page, reader) in
            [(&mut self.students, Reader::Student), (&mut self.instructor, Reader::Instructor)]
        {
            if check.step == 1 {
                *page += &page::lesson(lesson, truth, reader);
            }
            let pictures = [&picture, &answered].map(|path| path.to_string_lossy());
            *page += &page::step(step, truth, (reader, [&pictures[0], &pictures[1]]));
        }
        // What trying it shows; of a recording what is read.
        let shown = [YOURS, AFTER, RECORDING].iter().find_map(|run| truth.facts(run));
        let shown = shown.ok_or_else(|| Failure::failed("there is nothing to draw", &place))?;
        let options = ShotOptions { mode: Mode::Light, ..ShotOptions::default() };
        draw(&Arc::clone(&shown.trace), &options, &folder.join(picture))?;
        let mut both = slides::answered(lesson, (check.step, step.1), truth, &shown.trace);
        write(&mut both, PictureFormat::Png, &folder.join(answered))
    }
}

/// The slide with a guess and the truth.
fn answered(lesson: usize, step: usize) -> PathBuf {
    Path::new(SLIDES).join(format!("{lesson:02}-{step}-answer.png"))
}

fn slide(lesson: usize, step: usize) -> PathBuf {
    Path::new(SLIDES).join(format!("{lesson:02}-{step}.png"))
}

/// Title and what follows.
fn head(reader: Reader, lessons: &[&Lesson]) -> String {
    let minutes: u32 = lessons.iter().map(|lesson| lesson.minutes).sum();
    match reader {
        Reader::Student => "# Weftscope: lessons\n\nPredict first, then try, then see why. \
            In the window: **Learn**, or `weftscope lesson N`.\n\nName: \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\n"
            .to_owned(),
        Reader::Instructor => {
            let rows = lessons.iter().map(|lesson| {
                format!("| {} | {} | {} |\n", lesson.number, lesson.title, lesson.minutes)
            });
            let rows: String = rows.collect();
            format!(
                "# Weftscope: lessons, for the instructor\n\nAnswers were simulated when this was written, \
                 by the version of the program that wrote it. Pictures show what *Try* shows; those under an answer have a guess beside it that people make.\n\n\
                 | | lesson | minutes |\n|---|---|---|\n{rows}| | all | {minutes} |\n"
            )
        }
    }
}
