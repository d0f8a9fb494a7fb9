use std::collections::HashSet;

use weftscope_engine::{
    neighbours::{NEIGHBOURS, Range, Run, SettingError},
    plan::Plan,
};

#[test]
fn names_are_their_own_and_defaults_within_range() {
    let mut names = HashSet::new();
    assert!(!NEIGHBOURS.is_empty());
    for neighbour in NEIGHBOURS {
        assert!(names.insert(neighbour.name), "{} twice", neighbour.name);
        let mut knobs = HashSet::new();
        let mut settings = neighbour.settings();
        for knob in neighbour.knobs {
            assert!(knobs.insert(knob.name), "{} {} twice", neighbour.name, knob.name);
            // A default that could not be set would be refused.
            settings.set(knob.name, &knob.range.text(knob.default)).unwrap();
        }
        assert_eq!(settings, neighbour.settings());
    }
}

/// Every name that a neighbour asks its settings for is one of its knobs: what is not known would be no number.
#[test]
fn all_of_them_plan_and_show_figures() {
    for neighbour in NEIGHBOURS {
        let outcome = neighbour.simulate(&neighbour.settings(), &|| false).unwrap();
        assert!(!outcome.figures.is_empty());
        for figure in &outcome.figures {
            assert!(figure.ours.is_some(), "{}: {}", neighbour.name, figure.name);
        }
        assert!(outcome.figures[0].published.is_some(), "{}", neighbour.name);
    }
}

/// As files they take the same time to the nanosecond.
#[test]
fn their_plans_are_files_too() {
    for neighbour in NEIGHBOURS {
        let plans = (neighbour.plans)(&neighbour.settings()).unwrap();
        for plan in [plans.with, plans.without] {
            let read = Plan::from_json(&plan.to_json().unwrap()).unwrap();
            let [there, back] = [plan, read].map(|plan| Run::of(plan).unwrap());
            assert_eq!((there.time_ns, there.ops), (back.time_ns, back.ops), "{}", neighbour.name);
        }
    }
}

#[test]
fn what_cannot_be_set_is_refused_with_what_can() {
    let neighbour = &NEIGHBOURS[0];
    let mut settings = neighbour.settings();
    let Err(SettingError::Unknown { known, .. }) = settings.set("nothing", "1") else {
        panic!("set")
    };
    assert_eq!(known.len(), neighbour.knobs.len());
    for knob in neighbour.knobs {
        let wrong = match knob.range {
            Range::Choice(_) => "none of them".to_owned(),
            Range::Whole { most, .. } => (u64::from(most) + 1).to_string(),
            Range::Real { most, .. } => (2.0 * most.abs() + 1.0).to_string(),
        };
        assert!(matches!(settings.set(knob.name, &wrong), Err(SettingError::Value { .. })));
    }
    assert_eq!(settings, neighbour.settings());
}
