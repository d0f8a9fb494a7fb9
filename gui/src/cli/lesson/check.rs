use std::io::{self, Write};

use weftscope_traces::words::counted;

use super::{LessonArgs, chosen};
use crate::{
    cli::{Failure, Outcome, plain},
    lessons::{Lesson, StepCheck, Template, Truth, check},
};

/// Plays lessons, a line a step, and fails with the first fault.
pub(super) fn run(args: &LessonArgs) -> Outcome {
    let lessons = chosen(args.number)?;
    let mut out = plain::stdout();
    let (mut first, mut count) = (None, 0);
    for lesson in &lessons {
        writeln!(out, "{}. {}", lesson.number, lesson.title)?;
        let mut written = Ok(());
        check(lesson, &mut |step, truth| {
            for fault in &step.faults {
                let place = format!("lesson {}, step {}", lesson.number, step.step);
                first.get_or_insert_with(|| Failure::failed(fault, &place));
                count += 1;
            }
            let texts = truth.filter(|_| args.texts);
            let line = write_step(lesson, &step, texts, &mut out).and_then(|()| out.flush());
            written = std::mem::replace(&mut written, Ok(())).and(line);
        });
        written?;
    }
    match first {
        None => {
            let steps: usize = lessons.iter().map(|lesson| lesson.steps.len()).sum();
            let count = counted(lessons.len() as u64, "lesson");
            writeln!(out, "{count}, {steps} steps: as they should be")?;
            Ok(out.flush()?)
        }
        Some(failure) => {
            writeln!(out, "faults: {count}")?;
            out.flush()?;
            Err(failure)
        }
    }
}

fn write_step(
    lesson: &Lesson,
    check: &StepCheck,
    truth: Option<&Truth>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let step = &lesson.steps[check.step - 1];
    let word = if check.faults.is_empty() { "ok" } else { "FAULT" };
    writeln!(out, "   {} {word:<6} {}: {}", check.step, step.words.title, check.truth)?;
    for fault in &check.faults {
        writeln!(out, "            {fault}")?;
    }
    let Some(truth) = truth else { return Ok(()) };
    let words = &step.words;
    let mut texts: Vec<(&str, &Template)> = vec![("question", &words.question)];
    texts.extend(words.hints.iter().map(|hint| ("hint", hint)));
    texts.extend([("try", &words.doing), ("why", &words.why)]);
    if check.step == 1 {
        texts.insert(0, ("text", &lesson.text));
    }
    for (name, text) in texts {
        let filled = truth.filled(text).unwrap_or_else(|error| error);
        writeln!(out, "            {name}: {}", filled.replace('\n', "\n              "))?;
    }
    Ok(())
}
