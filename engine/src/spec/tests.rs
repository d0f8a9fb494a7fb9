use serde::de::DeserializeOwned;

use super::*;

/// The names that serde knows, from its own complaint about a name that it does not.
fn names_in_files<T: DeserializeOwned + std::fmt::Debug>() -> Vec<String> {
    let complaint = serde_json::from_str::<T>("\"none of them\"").unwrap_err().to_string();
    let (_, known) = complaint.split_once("expected one of ").expect("a list of names");
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// `ALL` leaves no variant out, and names in files are those on the command line.
#[test]
fn lists_are_complete() {
    assert_eq!(names_in_files::<StrategyKind>(), StrategyKind::ALL.map(StrategyKind::name));
    assert_eq!(names_in_files::<Transport>(), Transport::ALL.map(Transport::name));
    assert_eq!(names_in_files::<Chooser>(), Chooser::ALL.map(Chooser::name));
    let mut slowest_first = StrategyKind::slowest_first();
    slowest_first.sort_unstable();
    let mut all = StrategyKind::ALL;
    all.sort_unstable();
    assert_eq!(slowest_first, all);
}

#[test]
fn names_are_found_again() {
    for strategy in StrategyKind::ALL {
        assert_eq!(StrategyKind::from_name(strategy.name()), Some(strategy));
    }
    assert_eq!(StrategyKind::from_name("none of them"), None);
}
