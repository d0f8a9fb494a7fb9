//! Questions over made-up clusters: what was planted is found, and nothing else.

#[cfg(feature = "ballista")]
mod ballista;
mod made_up;
#[cfg(feature = "ballista")]
mod servers;

use made_up::MadeUp;
use weftscope_cluster::{Answer, Cell, ClusterError, Digest, Options, Subject, questions};

/// Clocks up to 5 ms and 20 millionths off.
const CLOCKS: [(i64, f64); 4] =
    [(0, 0.0), (5_000_000, -20.0), (-4_999_000, 20.0), (1_234_567, 11.5)];

fn asked(of: &MadeUp, then: impl AsyncFn(Digest)) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    of.write(dir.path());
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("threads");
    runtime.block_on(async {
        let digest = Digest::open(dir.path(), &Options::default()).await.expect("it opens");
        then(digest).await;
    });
}

async fn ask(digest: &Digest, name: &str) -> Answer {
    let answer = questions::ask(digest, name).await.expect("an answer");
    answer.expect("there is such a question")
}

fn int(cell: &Cell) -> i64 {
    cell.int().expect("a whole number")
}

#[test]
fn nothing_is_found_where_nothing_is_planted() {
    asked(&MadeUp { clocks: CLOCKS, ..MadeUp::default() }, async |digest| {
        for name in ["stragglers", "links"] {
            let answer = ask(&digest, name).await;
            assert!(answer.findings.is_empty(), "{name}: {:?}", answer.findings);
            assert!(!answer.rows.is_empty());
        }
        assert!(ask(&digest, "drift").await.findings.is_empty());
        assert_eq!(digest.ranks, 16);
        let skew = ask(&digest, "skew").await;
        // 1200 meetings of a server move for 20 µs each; before 120 between servers one waits 400 µs and one 200, a third of
        // that is skew, and they move for 52: 24.2 of 54.4 ms.
        assert!(skew.findings[0].says.contains("mixed: 44."), "{:?}", skew.findings);
        assert!(skew.findings[0].says.contains("1320 collectives"), "{:?}", skew.findings);
    });
}

#[test]
fn a_slow_rank_is_found_and_none_of_those_that_wait_for_it() {
    let of = MadeUp { clocks: CLOCKS, slow: Some((6, 0.2, 0)), ..MadeUp::default() };
    asked(&of, async |digest| {
        let answer = ask(&digest, "stragglers").await;
        assert_eq!(answer.findings.len(), 1, "{:?}", answer.findings);
        assert!(
            answer.findings[0].says.starts_with("Rank 6 on s1 is last in 100 %"),
            "{:?}",
            answer.findings
        );
        assert!(answer.findings[0].says.contains("computes 1.20 times"), "{:?}", answer.findings);
        assert_eq!(answer.findings[0].of, Subject::Rank(6));
        assert_eq!(int(&answer.rows[0][0]), 6);
        // Twins of its server's ranks come late to the meetings between servers, all of them.
        let skew = ask(&digest, "skew").await;
        let late = skew.rows.iter().filter(|row| row[5] == Cell::Int(1));
        let last: Vec<i64> = late.map(|row| int(&row[11])).collect();
        assert_eq!(last.len(), 4);
        let matrix = ask(&digest, "matrix").await;
        let own: Vec<f64> = matrix
            .rows
            .iter()
            .filter(|row| row[0].text() == Some("4-7"))
            .map(|row| row[4].number().expect("a time"))
            .collect();
        assert_eq!(own.len(), 4);
        assert!(own[2] > 19.0 && own[0] < 1.0 && own[1] < 1.0 && own[3] < 1.0, "{own:?}");
    });
}

#[test]
fn a_rank_that_becomes_slow_drifts() {
    let of = MadeUp { clocks: CLOCKS, slow: Some((11, 0.1, 20)), ..MadeUp::default() };
    asked(&of, async |digest| {
        let answer = ask(&digest, "drift").await;
        assert_eq!(answer.findings.len(), 1, "{:?}", answer.findings);
        assert!(
            answer.findings[0].says.starts_with("Rank 11 on s2 computes +1"),
            "{:?}",
            answer.findings
        );
    });
}

#[test]
fn a_slow_link_is_found_and_no_other() {
    let of = MadeUp { clocks: CLOCKS, slow_pair: Some(([1, 2], 3)), ..MadeUp::default() };
    asked(&of, async |digest| {
        let answer = ask(&digest, "links").await;
        assert_eq!(answer.findings.len(), 1, "{:?}", answer.findings);
        assert!(
            answer.findings[0].says.starts_with("send_recv between s1 and s2 moves bytes at 33 %"),
            "{:?}",
            answer.findings
        );
        let pair = ["s1", "s2"].map(str::to_owned).to_vec();
        assert_eq!(answer.findings[0].of, Subject::Servers(pair));
        assert!(ask(&digest, "stragglers").await.findings.is_empty());
    });
}

/// A program's own numbers tell collectives apart as turns do, and ranks of unknown servers are sixteen clocks on one axis.
#[test]
fn numbers_of_programs_and_unknown_servers_change_no_answer() {
    let slow = Some((6, 0.2, 0));
    let plain = MadeUp { clocks: CLOCKS, slow, ..MadeUp::default() };
    let numbered = MadeUp { are_numbered: true, ..plain.clone() };
    let unknown = MadeUp { servers_are_known: false, ..plain.clone() };
    for (of, clocks) in [(plain, 4), (numbered, 4), (unknown, 16)] {
        asked(&of, async |digest| {
            assert_eq!((digest.axis.clocks.len(), digest.axis.parts), (clocks, 1));
            let answer = ask(&digest, "stragglers").await;
            let named: Vec<&Subject> = answer.findings.iter().map(|it| &it.of).collect();
            assert_eq!(named, [&Subject::Rank(6)], "{of:?}");
            let skew = ask(&digest, "skew").await;
            assert!(skew.findings[0].says.contains("1320 collectives"), "{:?}", skew.findings);
            assert!(skew.caveats.is_empty(), "{:?}", skew.caveats);
        });
    }
}

#[test]
fn clocks_come_out_within_the_stated_residual() {
    asked(&MadeUp { clocks: CLOCKS, ..MadeUp::default() }, async |digest| {
        assert_eq!(digest.axis.parts, 1);
        let of = MadeUp::default();
        let last = of.iterations * of.every_ns;
        for (clock, (offset_ns, ppm)) in digest.axis.clocks.iter().zip(CLOCKS) {
            for at in [0, last / 2, last] {
                let shown = |(offset_ns, ppm): (i64, f64)| {
                    1_790_000_000_000_000_000
                        + at
                        + offset_ns
                        + (ppm * 1e-6 * at as f64).round() as i64
                };
                let first = digest.axis.clocks[0].on_axis(shown(CLOCKS[0]));
                let off = (clock.on_axis(shown((offset_ns, ppm))) - first).abs();
                assert!(off <= clock.residual_p99_ns, "{off} ns, {} stated", clock.residual_p99_ns);
                assert!(off <= 4_000, "{off} ns");
            }
        }
    });
}

#[test]
fn what_is_not_known_is_said() {
    asked(&MadeUp { groups_are_known: false, ..MadeUp::default() }, async |digest| {
        let skew = ask(&digest, "skew").await;
        assert!(skew.findings[0].says.contains("inconclusive"), "{:?}", skew.findings);
        assert!(
            skew.caveats.iter().any(|it| it.contains("do not say their group")),
            "{:?}",
            skew.caveats
        );
        assert!(skew.caveats.iter().any(|it| it.contains("4 time axes")), "{:?}", skew.caveats);
        assert!(ask(&digest, "stragglers").await.findings.is_empty());
    });
}

#[test]
fn where_there_is_none_it_is_said() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("threads");
    let open = |job: Option<&str>| {
        let options = Options { job: job.map(str::to_owned), ..Options::default() };
        runtime.block_on(async { Digest::open(dir.path(), &options).await.err() })
    };
    assert!(matches!(open(None), Some(ClusterError::Nothing { .. })));
    for job in ["a", "b"] {
        std::fs::create_dir_all(dir.path().join(format!("job={job}"))).expect("room");
    }
    assert!(matches!(open(None), Some(ClusterError::SeveralJobs { .. })));
    assert!(matches!(open(Some("c")), Some(ClusterError::Nothing { .. })));
    assert!(matches!(open(Some("a")), Some(ClusterError::Nothing { .. })));
}

#[test]
fn only_queries_are_answered() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("taken.csv");
    asked(&MadeUp { iterations: 3, ..MadeUp::default() }, async |digest| {
        let told = "select count(*) from told";
        let before = digest.sql(told).await.expect("a query");
        for no_query in [
            "create table mine as select 1".to_owned(),
            "create or replace view told as select 1".to_owned(),
            "drop table told".to_owned(),
            "insert into told select * from told".to_owned(),
            format!("copy told to '{}' stored as csv", file.display()),
            "set datafusion.execution.batch_size = 1".to_owned(),
        ] {
            let refused = digest.sql(&no_query).await.err();
            let refused = refused.unwrap_or_else(|| panic!("{no_query} is answered"));
            assert!(matches!(refused, ClusterError::NotAQuery { .. }), "{no_query}: {refused}");
            assert!(refused.to_string().starts_with("only queries are answered"), "{refused}");
        }
        assert_eq!(digest.sql(told).await.expect("a query"), before);
        // What is not SQL is told as such.
        let typo = digest.sql("selekt 1").await.expect_err("no query");
        assert!(matches!(typo, ClusterError::Engine(_)), "{typo}");
    });
    assert!(!file.exists());
}

#[test]
fn text_begins_and_numbers_end_at_one_edge() {
    let text = |text: &str| Cell::Text(text.to_owned());
    let answer = Answer {
        name: "sql",
        columns: ["rank", "server", "ms", "note"].map(str::to_owned).to_vec(),
        rows: vec![
            vec![Cell::Int(7), text("a"), Cell::Float(1234.5), Cell::Null],
            vec![Cell::Int(1023), text("server12"), Cell::Null, text("slow")],
        ],
        ..Answer::default()
    };
    let shown = answer.text(10);
    let table: Vec<&str> = shown.lines().skip(2).collect();
    let wanted = [
        "  rank  server          ms  note",
        "     7  a         1234.500  ?",
        "  1023  server12         ?  slow",
    ];
    assert_eq!(table, wanted);
}
