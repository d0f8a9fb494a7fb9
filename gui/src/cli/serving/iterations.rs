//! Every iteration as a row of a CSV.

use std::{io, path::Path};

use weftscope_engine::{
    serving::{CommTime, Iteration, Served},
    spec::StrategyKind,
};

use crate::{
    cli::Failure,
    files::{FileError, write_atomically},
};

const HEADER: &str = "strategy,start_s,ms,host_ms,gpu_ms,tokens,decode_tokens,prefill_tokens,sequences,kv_blocks,preempted,comm_ms,hidden_ms,mode,graph";

/// Writes the iterations of all strategies.
pub(super) fn write(
    path: &Path,
    strategies: &[StrategyKind],
    served: &[Served],
) -> Result<(), Failure> {
    let written = write_atomically(path, |out| {
        let cannot = |error: io::Error| FileError::io("cannot write", &error, path);
        writeln!(out, "{HEADER}").map_err(cannot)?;
        for (strategy, served) in strategies.iter().zip(served) {
            for iteration in &served.iterations {
                writeln!(out, "{}", row(*strategy, iteration)).map_err(cannot)?;
            }
        }
        Ok(())
    });
    Ok(written?)
}

fn row(strategy: StrategyKind, iteration: &Iteration) -> String {
    let ms = |ns: i64| format!("{:.6}", ns as f64 / 1e6);
    let Iteration { start_ns, host_ns, gpu_ns, comm, .. } = *iteration;
    let of_comm = |of: fn(CommTime) -> i64| comm.map_or_else(String::new, |comm| ms(of(comm)));
    let Iteration { decode_tokens, prefill_tokens, sequences, kv_blocks, preempted, .. } =
        *iteration;
    let cells = [
        strategy.name().to_owned(),
        format!("{:.9}", start_ns as f64 / 1e9),
        ms(host_ns + gpu_ns),
        ms(host_ns),
        ms(gpu_ns),
        iteration.tokens().to_string(),
        decode_tokens.to_string(),
        prefill_tokens.to_string(),
        sequences.to_string(),
        kv_blocks.to_string(),
        preempted.to_string(),
        of_comm(|comm| comm.ns),
        of_comm(|comm| comm.hidden_ns),
        iteration.runs.name().to_owned(),
        u32::from(iteration.in_graph).to_string(),
    ];
    cells.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let iteration = Iteration {
            start_ns: 1_500_000_000,
            host_ns: 2_000_000,
            gpu_ns: 10_500_000,
            comm: Some(CommTime { ns: 3_000_000, hidden_ns: 1_000_000 }),
            decode_tokens: 64,
            prefill_tokens: 1984,
            sequences: 66,
            kv_blocks: 5000,
            preempted: 1,
            runs: StrategyKind::FuseOnly,
            in_graph: false,
        };
        let row = row(StrategyKind::TokenWeave, &iteration);
        assert_eq!(row.split(',').count(), HEADER.split(',').count());
        assert_eq!(
            row,
            "tokenweave,1.500000000,12.500000,2.000000,10.500000,2048,64,1984,66,5000,1,3.000000,1.000000,fuse-only,0"
        );
        // What nobody looked at is left open.
        let row = super::row(StrategyKind::TokenWeave, &Iteration { comm: None, ..iteration });
        assert!(row.ends_with(",5000,1,,,fuse-only,0"), "{row}");
    }
}
