//! `what-if`: a recording run once more, changed.

mod args;
mod text;

use std::io::{self, Write};
use std::ops::ControlFlow;

use serde_json::json;
use weftscope_traces::{
    Meta, Trace,
    analysis::{Config, Ops, lengths_ns},
    replay::{Answer, AnswerError, Edit, EditError, Hidden, Prepared, suggest},
};

pub(super) use self::args::WhatIfArgs;
#[cfg(feature = "gpus")]
pub(super) use self::text::{least, median};
use super::{Failure, Outcome, convert, plain, recordings};
use crate::{
    files::{SaveOptions, check_target, is_stdio},
    what_if::parsed,
};

/// What was measured of the changed run.
pub(super) struct Measured {
    /// Every iteration, the mean over its ranks, ns.
    pub(super) iterations_ns: Vec<f64>,
    pub(super) hidden: Hidden,
}

/// Says what an edit would bring, what would pay most, or how near the replay is.
pub(super) fn run(args: &WhatIfArgs) -> Outcome {
    // What is no edit is told before a file is read.
    edits(&args.edit, None)?;
    let format = args.output.as_deref().map(convert::format_of).transpose()?;
    if let Some(output) = args.output.as_deref().filter(|output| !is_stdio(output)) {
        check_target(output)?;
    }
    let classifier = args.names.classifier()?;
    let trace = recordings::as_one_told(&args.files, &classifier)?;
    let edits = edits(&args.edit, Some(&trace.meta))?;
    let ops = Ops::of(&trace, &Config::default());
    let prepared = Prepared::of(&ops);
    let understood = &prepared.replay.understood;
    let place = || args.files.first().map_or_else(String::new, |file| file.display().to_string());
    let failed = |error: AnswerError| Failure::failed(error, place());
    if args.suggest {
        let suggestions =
            suggest(&ops, &prepared, &mut |_, _| ControlFlow::Continue(())).map_err(failed)?;
        return told(
            args,
            &json!({
                "suggestions": suggestions.ranked,
                "left_out": suggestions.left_out,
                "understood": understood,
                "caveats": ops.caveats(),
            }),
            |out| text::suggestions((&ops, &prepared), &suggestions, out),
        );
    }
    let answer = Answer::of(&ops, &prepared, &edits).map_err(failed)?;
    let measured = (!args.against.is_empty())
        .then(|| recordings::as_one_told(&args.against, &classifier).map(|trace| measured(&trace)))
        .transpose()?;
    if let (Some(output), Some(format)) = (&args.output, format) {
        convert::save(&answer.predicted, output, (format, SaveOptions::default()))?;
        if is_stdio(output) {
            return Ok(());
        }
    }
    let whole = json!({
        "answer": answer,
        "residual": prepared.residual,
        "understood": understood,
        "caveats": ops.caveats(),
        "measured_iterations_ns": measured.as_ref().map(|measured| &measured.iterations_ns),
        "measured_hidden": measured.as_ref().map(|measured| measured.hidden),
    });
    told(args, &whole, |out| {
        if edits.is_empty() {
            text::unchanged((&ops, &prepared), out)
        } else {
            text::answer((&ops, &prepared), (&answer, measured.as_ref()), out)
        }
    })
}

/// Prints for programs or for people.
fn told(
    args: &WhatIfArgs,
    whole: &serde_json::Value,
    text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Outcome {
    if args.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, whole).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    let mut out = plain::stdout();
    text(&mut out)?;
    Ok(out.flush()?)
}

fn edits(texts: &[String], meta: Option<&Meta>) -> Result<Vec<Edit>, Failure> {
    let all: Result<Vec<Vec<Edit>>, EditError> =
        texts.iter().map(|text| parsed(text, meta)).collect();
    all.map(|edits| edits.concat()).map_err(|error| Failure::misuse(error, "--edit"))
}

/// What a recording says of its iterations.
pub(super) fn measured(trace: &Trace) -> Measured {
    let ops = Ops::of(trace, &Config::default());
    Measured { iterations_ns: lengths_ns(&ops), hidden: Hidden::of(&ops) }
}
