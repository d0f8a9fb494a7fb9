use std::io::{self, Write};

use super::{
    Failure, Outcome,
    args::ReportArgs,
    plain, recordings, report_json, report_text,
    reported::{reports, together},
    tables,
};

/// Reads the files, matches their ranks, prints. People get several as one recording, as the window shows them; programs
/// and tables get them file by file.
pub(super) fn run(args: &ReportArgs) -> Outcome {
    let classifier = args.names.classifier()?;
    let traces = recordings::opened(&args.files, &classifier)?;
    let whole = |traces| together(traces).map_err(|error| Failure::failed(error, "report"));
    if !args.json && args.table.is_none() {
        let mut out = plain::stdout();
        report_text::write(&whole(traces)?, &[], &mut out)?;
        return Ok(out.flush()?);
    }
    let copy = (args.table.is_none() && traces.len() > 1).then(|| traces.clone());
    let reports = reports(traces);
    if let Some(name) = &args.table {
        let table = tables::named(name)?;
        for report in &reports {
            recordings::tell_lost(&report.files, &report.diagnostics());
        }
        return tables::with_answers(&reports, |source| tables::print(table, source, args.json));
    }
    let whole = copy.map(whole).transpose()?;
    let mut out = io::stdout().lock();
    report_json::write(&reports, whole.as_ref(), &mut out)?;
    Ok(out.flush()?)
}
