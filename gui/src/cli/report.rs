use std::io::{self, Write};

use weftscope_traces::Classifier;

use super::{
    Failure, Outcome, args::ReportArgs, convert, plain, report_json, report_text, reported::reports,
};

/// Reads the files, matches their ranks, prints.
pub(super) fn run(args: &ReportArgs) -> Outcome {
    let classifier = Classifier::new(&args.comm).map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(String::new, |source| {
            format!(" ({})", source.to_string().lines().last().unwrap_or_default())
        });
        Failure::misuse(format!("{error}{cause}"), "--comm")
    })?;
    let mut traces = Vec::new();
    for file in &args.files {
        traces.push((file.clone(), convert::open(file, &classifier)?));
    }
    let reports = reports(traces);
    if args.json {
        let mut out = io::stdout().lock();
        report_json::write(&reports, &mut out)?;
        return Ok(out.flush()?);
    }
    let mut out = plain::stdout();
    report_text::write(reports, &mut out)?;
    Ok(out.flush()?)
}
