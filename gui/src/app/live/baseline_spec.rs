use weftscope_engine::spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind};

/// `spec` without what the baselines do not depend on: where the batch is cut and by whom.
pub(super) fn baseline_spec(spec: &RunSpec) -> RunSpec {
    RunSpec { knobs: baseline_knobs(&spec.knobs), ..spec.clone() }
}

/// The baselines of `of` are of the batch, the machine and the knobs of `spec`.
pub(super) fn compares(of: &RunSpec, spec: &RunSpec) -> bool {
    let same = (&of.model, &of.machine, &of.batch) == (&spec.model, &spec.machine, &spec.batch);
    same && of.knobs == baseline_knobs(&spec.knobs)
}

fn baseline_knobs(knobs: &Knobs) -> Knobs {
    Knobs {
        strategy: StrategyKind::Default,
        split: SplitChoice::Auto(Chooser::Simulated),
        attn_ctas: None,
        mlp_ctas: None,
        ..knobs.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::live::{Catalog, Draft, KnobEdit};

    #[test]
    fn baselines_are_of_the_batch_and_the_machine_whoever_cuts_it() {
        let catalog = Catalog::builtin().unwrap();
        let first = Draft::new(catalog.default_spec().clone());
        let of = baseline_spec(&first.spec);
        let after = |edit| {
            let mut draft = first.clone();
            draft.turn(edit, &catalog);
            assert_ne!(draft.spec, first.spec);
            compares(&of, &draft.spec)
        };
        assert!(compares(&of, &first.spec));
        assert!(after(KnobEdit::Strategy(StrategyKind::FuseOnly)));
        assert!(after(KnobEdit::Split(SplitChoice::Fixed(1024))));
        assert!(after(KnobEdit::AttnCtas(Some(3))));
        for edit in [
            KnobEdit::Tokens(4096),
            KnobEdit::Layers(Some(3)),
            KnobEdit::Tp(4),
            KnobEdit::Seed(9),
            KnobEdit::Skew { rank: 3, late_ns: 50_000 },
            KnobEdit::Machine("h200x2".to_owned()),
        ] {
            assert!(!after(edit));
        }
    }
}
