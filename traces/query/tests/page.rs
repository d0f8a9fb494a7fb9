//! `docs/sql.md` against what there is: tables with their columns, functions, questions, and the queries that it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use weftscope_query::{Cell, Database, FUNCTIONS, QUESTIONS, Taker};
use weftscope_traces::stream::silent;
use weftscope_traces::tables::TABLES;
use weftscope_traces::{OpenOptions, open};

const PAGE: &str = include_str!("../../../docs/sql.md");

fn database() -> Database {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/h200x2-default.weft");
    let file = File::open(path).expect("it is there");
    let trace = open(file, &OpenOptions::default(), &mut silent).expect("a recording");
    Database::new(&Arc::new(trace)).expect("a database")
}

/// Rows of the page's tables under a heading, cell by cell.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("no section {heading}"));
    let lines = section.lines().filter(|line| line.starts_with("| "));
    let cells = |line: &str| {
        let cells = line.trim_matches(['|', ' ']).split(" | ");
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    // The head and the line below it.
    lines.skip(2).map(cells).collect()
}

#[test]
fn tables_of_the_page_are_those_that_there_are() {
    let database = database();
    let of_reports: BTreeSet<String> =
        TABLES.iter().map(|table| table.name.replace('-', "_")).collect();
    let expected: BTreeMap<String, String> = database
        .tables()
        .iter()
        .filter(|table| !table.is_function && !of_reports.contains(&table.name))
        .map(|table| (table.name.clone(), table.columns.join(", ")))
        .collect();
    let shown: BTreeMap<String, String> =
        rows("Tables").iter().map(|row| (row[0].clone(), row[2].clone())).collect();
    for (table, columns) in &expected {
        let line = format!("| {table} | … | {columns} |");
        assert_eq!(shown.get(table), Some(columns), "in docs/sql.md:\n{line}");
    }
    assert_eq!(shown.len(), expected.len(), "tables that are not there: {shown:?}");
}

#[test]
fn functions_and_questions_of_the_page_are_those_that_there_are() {
    let database = database();
    let of_rows = database.tables().iter().filter(|table| table.is_function);
    let mut expected: Vec<String> =
        of_rows.map(|it| format!("`{}({})`", it.name, it.hidden.join(", "))).collect();
    expected.extend(FUNCTIONS.iter().map(|(name, takes)| format!("`{name}({takes})`")));
    let shown: BTreeSet<String> = rows("Functions").iter().map(|row| row[0].clone()).collect();
    assert_eq!(shown, expected.into_iter().collect());
    let shown: Vec<Vec<String>> = rows("Questions");
    let expected: Vec<Vec<String>> = QUESTIONS
        .iter()
        .map(|question| vec![question.name.to_owned(), question.about.to_owned()])
        .collect();
    assert_eq!(shown, expected);
}

struct Nothing;

impl Taker for Nothing {
    fn columns(&mut self, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn row(&mut self, _: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        Ok(ControlFlow::Continue(()))
    }
}

#[test]
fn queries_of_the_page_run() {
    let mut database = database();
    let commands = PAGE.lines().filter(|line| line.starts_with("weftscope sql "));
    let of_commands = commands.filter_map(|line| line.split('"').nth(1));
    let blocks = PAGE.split("```sql\n").skip(1).filter_map(|block| block.split("```").next());
    let queries: Vec<&str> = of_commands.chain(blocks).collect();
    assert!(queries.len() > 5, "{queries:?}");
    for query in queries {
        let asked = database.run(query, || false, &mut Nothing);
        asked.unwrap_or_else(|error| panic!("{query}: {error}"));
    }
}
