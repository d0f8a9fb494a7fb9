use std::io::{self, Write};

use super::{
    Outcome, args::ReportArgs, convert, plain, report_json, report_text, reported::reports, tables,
};

/// Reads the files, matches their ranks, prints.
pub(super) fn run(args: &ReportArgs) -> Outcome {
    let classifier = args.names.classifier()?;
    let mut traces = Vec::new();
    for file in &args.files {
        traces.push((file.clone(), convert::open(file, &classifier)?));
    }
    let reports = reports(traces);
    if let Some(name) = &args.table {
        let table = tables::named(name)?;
        return tables::with_answers(&reports, |source| tables::print(table, source, args.json));
    }
    if args.json {
        let mut out = io::stdout().lock();
        report_json::write(&reports, &mut out)?;
        return Ok(out.flush()?);
    }
    let mut out = plain::stdout();
    report_text::write(reports, &mut out)?;
    Ok(out.flush()?)
}
