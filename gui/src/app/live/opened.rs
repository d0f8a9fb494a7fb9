use weftscope_profiler::collect::spec_of;
use weftscope_traces::{Meta, SplitFacts};

use super::state::picture_of;
use crate::app::BatchPicture;

/// The batch of a recorded run and its cut; `None` for traces of others. A cut whose parts are not the batch is left out.
pub(crate) fn batch_of(meta: &Meta) -> Option<BatchPicture> {
    let spec = spec_of(meta)?;
    let is_of_batch = |split: &&SplitFacts| {
        let rows = split.first_tokens.saturating_add(split.second_rows);
        (split.tokens, split.padded_tokens) == (spec.batch.tokens(), rows)
    };
    let split = meta.runs.first().and_then(|run| run.split.as_ref()).filter(is_of_batch);
    let padded_tokens = split.map_or(0, |split| split.padded_tokens);
    Some(picture_of(&spec.batch, padded_tokens, split.map(|split| split.first_tokens)))
}

#[cfg(test)]
mod tests {
    use weftscope_engine::{batch::Batch, sim::Simulator, spec::SplitChoice};
    use weftscope_profiler::record::record;

    use super::*;
    use crate::app::live::Catalog;

    #[test]
    fn a_recording_knows_its_batch_and_its_cut() {
        let mut spec = Catalog::builtin().unwrap().default_spec().clone();
        spec.batch = Batch::prefill(3000, 1000);
        spec.knobs.layers = Some(1);
        spec.knobs.split = SplitChoice::Fixed(1280);
        let mut simulator = Simulator::new(&spec.machine);
        let mut meta = record(&mut simulator, &spec, 1, &mut |_| true).unwrap().meta.clone();
        let batch = batch_of(&meta).unwrap();
        assert_eq!((batch.requests.len(), batch.tokens()), (3, 3000));
        assert_eq!(batch.first_tokens, Some(1280));
        assert!(batch.padded_tokens >= 3000);
        // A cut of something else: the batch is still known.
        meta.runs[0].split.as_mut().unwrap().first_tokens = 128;
        assert_eq!(batch_of(&meta).unwrap().first_tokens, None);
        meta.runs.clear();
        assert_eq!(batch_of(&meta), None);
    }
}
