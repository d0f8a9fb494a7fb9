//! Tuned tables: the artifact's format, nearest keys, and what a run takes from them.

use weftscope_engine::{
    batch::Request,
    spec::{Chooser, SplitChoice, StrategyKind, Transport},
    split::{Choice, CutRequest, SplitTable, TableRow, choose, cut, decide},
};

use crate::support;

fn row(attention_ctas: u32, mlp_ctas: u32, split_offset: i32) -> TableRow {
    TableRow { baseline_ctas: 16, attention_ctas, mlp_ctas, split_offset }
}

#[test]
fn built_in_table_is_the_published_one() {
    // The artifact's llama_config_8 (docs/tokenweave.md, "Tuned table").
    let table = SplitTable::builtin("llama-3.3-70b", 8).unwrap();
    let published = [
        (1024, 4, 4, 0, 16),
        (2048, 8, 8, 0, 16),
        (4096, 4, 4, 0, 16),
        (8192, 8, 4, 256, 32),
        (16384, 8, 8, 256, 32),
        (32768, 8, 4, 0, 32),
        (65536, 4, 4, 0, 32),
    ];
    let rows = table.rows().map(|(key, row)| {
        (key, row.attention_ctas, row.mlp_ctas, row.split_offset, row.baseline_ctas)
    });
    assert_eq!(rows.collect::<Vec<_>>(), published);
    assert_eq!(SplitTable::builtin("llama-3.3-70b", 4), None);
}

#[test]
fn nearest_key_and_ties() {
    let table = SplitTable::builtin("llama-3.3-70b", 8).unwrap();
    let key = |tokens| table.nearest(tokens).unwrap().0;
    assert_eq!((key(1), key(1500), key(1536), key(1537)), (1024, 1024, 1024, 2048));
    assert_eq!((key(6000), key(6144), key(6145), key(1 << 22)), (4096, 4096, 8192, 65536));
}

#[test]
fn json_round_trips_and_errors_name_the_place() {
    let table = SplitTable::from_rows([(2048, row(8, 4, -128)), (1024, row(4, 2, 0))]);
    assert_eq!(SplitTable::parse(&table.to_json()), Ok(table.clone()));
    assert_eq!(
        serde_json::from_str::<SplitTable>(&serde_json::to_string(&table).unwrap()).unwrap(),
        table
    );
    let err = |json: &str| SplitTable::parse(json).unwrap_err().to_string();
    assert!(err("").starts_with("not a split table: EOF"));
    assert!(err("[]").starts_with("not a split table: invalid type"));
    let missing = r#"{"1024": {"baseline_ctas": 16, "attention_ctas": 4, "mlp_ctas": 4}}"#;
    assert_eq!(err(missing), "not a split table: missing field `split_offset` at line 1 column 66");
    let odd =
        r#"{"1k": {"baseline_ctas": 1, "attention_ctas": 4, "mlp_ctas": 4, "split_offset": 0}}"#;
    assert!(err(odd).starts_with("the key \"1k\" is not a token count"));
    let none =
        r#"{"1024": {"baseline_ctas": 1, "attention_ctas": 0, "mlp_ctas": 4, "split_offset": 0}}"#;
    assert!(err(none).starts_with("attention_ctas of key 1024 is 0"));
    assert_eq!(err("{}"), "the split table has no rows");
}

#[test]
fn choosers_follow_the_rules() {
    let first = |spec: &_, chooser| match decide(spec, chooser).unwrap() {
        Choice::Cut(split) => Ok((split.first_tokens, split.second_rows)),
        Choice::Whole { reason } => Err(reason),
    };
    let spec = |tokens| support::spec("llama-3.3-70b", StrategyKind::TokenWeave, tokens);
    assert_eq!(first(&spec(8192), Chooser::Half), Ok((4096, 4096)));
    assert_eq!(first(&spec(8192), Chooser::Table), Ok((4352, 3840)));
    // 1100 tokens are padded to 1280: the padding is at the end of the suffix.
    assert_eq!(first(&spec(1100), Chooser::Half), Ok((640, 640)));
    assert_eq!(
        first(&spec(1023), Chooser::WaveModel),
        Err("1023 tokens are under the threshold of 1024".to_owned())
    );
    let moe = support::spec("mixtral-8x22b", StrategyKind::TokenWeave, 2047);
    assert_eq!(
        first(&moe, Chooser::Half),
        Err("2047 tokens are under the threshold of 2048".to_owned())
    );
    let moe = support::spec("mixtral-8x22b", StrategyKind::TokenWeave, 4096);
    assert_eq!(
        first(&moe, Chooser::Table),
        Err("there is no split table for mixtral-8x22b at degree 8".to_owned())
    );
}

#[test]
fn ctas_come_from_the_user_then_the_table() {
    let mut spec = support::spec("llama-3.3-70b", StrategyKind::TokenWeave, 8192);
    spec.knobs.split = SplitChoice::Auto(Chooser::Table);
    let ctas = |spec: &_| match choose(spec).unwrap() {
        Choice::Cut(split) => (split.attn_ctas, split.mlp_ctas),
        Choice::Whole { reason } => panic!("{reason}"),
    };
    assert_eq!(ctas(&spec), (8, 4));
    spec.knobs.mlp_ctas = Some(6);
    assert_eq!(ctas(&spec), (8, 6));
    spec.knobs.table = Some(SplitTable::from_rows([(4096, row(2, 2, 512))]));
    assert_eq!(ctas(&spec), (2, 6));
    let Choice::Cut(split) = choose(&spec).unwrap() else { panic!("8192 tokens are cut") };
    assert_eq!((split.first_tokens, split.table_key), (4608, Some(4096)));
}

#[test]
fn fixed_cuts_outside_the_batch_are_refused() {
    let mut spec = support::spec("llama-3.3-70b", StrategyKind::TokenWeave, 2048);
    for first in [0, 2048, 5000] {
        spec.knobs.split = SplitChoice::Fixed(first);
        let message = format!(
            "split is {first}; it must be between 1 and 2047, so that both parts have tokens"
        );
        assert_eq!(choose(&spec).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_request_across_the_cut_is_cut() {
    let batch = "2xdecode@900, 600@100, 400".parse().unwrap();
    let parts = cut(&batch, 302);
    let part = |cached_tokens, new_tokens| Request { cached_tokens, new_tokens };
    assert_eq!(parts.first, [part(900, 1), part(900, 1), part(100, 300)]);
    // The suffix sees the prefix's K/V as cached: the full K/V length stays.
    assert_eq!(parts.second, [part(400, 300), part(0, 400)]);
    assert_eq!(parts.cut_request, Some(CutRequest { index: 2, tokens_before: 300 }));
    assert_eq!(cut(&batch, 602).cut_request, None);
}

#[test]
fn without_a_table_the_fewest_ctas_that_hide() {
    // The published table of the same model is the oracle: its own CTAs where the arithmetic may use real rates.
    let machine = weftscope_engine::machine::builtin("h100x8").expect("built in");
    let ctas = |tokens, transport| {
        let mut spec = support::spec("llama-3.3-70b", StrategyKind::TokenWeave, tokens);
        spec.machine = machine.clone();
        spec.model.name = "a model without a table".to_owned();
        spec.knobs.transport = transport;
        let Choice::Cut(split) = decide(&spec, Chooser::Half).unwrap() else { panic!("not cut") };
        (split.attn_ctas, split.mlp_ctas)
    };
    let table = SplitTable::builtin("llama-3.3-70b", 8).unwrap();
    println!("tokens  attention, MLP CTAs: hiding  table  peer-to-peer");
    for (tokens, row) in table.rows() {
        let hiding = ctas(tokens, Transport::Multimem);
        let p2p = ctas(tokens, Transport::P2p);
        println!("{tokens:>6}  {hiding:?}  {:?}  {p2p:?}", (row.attention_ctas, row.mlp_ctas));
        // Within a step of the tuner's grid (2, 4, 8), and never fewer under the shorter phase.
        for (ours, tuned) in [(hiding.0, row.attention_ctas), (hiding.1, row.mlp_ctas)] {
            assert!(ours * 2 >= tuned && ours <= tuned * 2, "{tokens}: {ours} against {tuned}");
        }
        assert!(hiding.0 >= hiding.1 && p2p.0 >= hiding.0);
    }
}
