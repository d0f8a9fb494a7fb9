//! How much communication does each rank hide in each layer?

use crate::answer::{Answer, Cell, Finding, Subject};
use crate::error::ClusterError;
use crate::open::Digest;

/// Layers that hide less than this, percent, are told.
const LITTLE_PCT: f64 = 50.0;

/// One row a rank and layer, the one with the most exposed communication first.
///
/// # Errors
/// [`ClusterError`].
pub async fn overlap(digest: &Digest) -> Result<Answer, ClusterError> {
    let query = "
        select rank, layer, sum(comm_ns) / 1e6 as comm_ms, sum(exposed_ns) / 1e6 as exposed_ms,
            100.0 * sum(hidden_ns) / greatest(sum(comm_ns), 1) as hidden_pct
        from told group by rank, layer order by exposed_ms desc, rank, layer";
    let mut answer = digest.engine.ask(query).await?;
    answer.name = "overlap";
    let whole = digest.engine.ask("select 100.0 * sum(case when layer is not null then hidden_ns end) / greatest(sum(case when layer is not null then comm_ns end), 1),
            100.0 * sum(hidden_ns) / greatest(sum(comm_ns), 1), sum(case when layer is null then exposed_ns end) / 1e6
         from told",
    );
    let whole = whole.await?;
    if let Some([in_layers, all, outside]) =
        whole.rows.first().and_then(|row| row.first_chunk::<3>())
        && let (Some(in_layers), Some(all)) = (in_layers.number(), all.number())
    {
        let outside = outside.number().unwrap_or(0.0);
        answer.findings.push(Finding::new(Subject::Job, format!(
            "{in_layers:.1} % of the communication of layers is hidden, {all:.1} % of all; {outside:.0} ms outside layers are exposed, over all ranks and iterations"
        )));
    }
    let little = answer.rows.iter().filter(|row| row[1] != Cell::Null);
    let little = little.filter(|row| row[4].number().is_some_and(|pct| pct < LITTLE_PCT)).count();
    if little > 0 {
        answer.findings.push(Finding::new(
            Subject::Job,
            format!(
                "{little} times a rank hides less than half of what a layer of its communicates"
            ),
        ));
    }
    Ok(answer)
}
