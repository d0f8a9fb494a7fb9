//! Lessons from the command line.

use std::fs;

use super::place::Place;

#[test]
fn lessons_are_listed_checked_and_named() {
    let place = Place::new();
    let list = place.ok(&["list", "lessons"]);
    assert!(
        list.lines().count() >= 12
            && list.starts_with("1   Waves and the tail (3 steps, 8 minutes)"),
        "{list}"
    );
    let checked = place.ok(&["lesson", "1", "--check", "--texts"]);
    assert!(checked.contains("1 ok     Count the waves: 14 waves"), "{checked}");
    assert!(checked.contains("question: `gate_up` of a prefill"), "{checked}");
    assert!(checked.ends_with("1 lesson, 3 steps: as they should be\n"), "{checked}");
    let error = place.fails(&["lesson", "99", "--check"], 2);
    assert_eq!(error, "there is no lesson 99 (weftscope list lessons): N");
    let error = place.fails(&["lesson", "1"], 1);
    assert!(
        error.starts_with("a lesson is played in a window, and there is no display"),
        "{error}"
    );
}

#[test]
fn quantities_are_listed_and_asked_of_a_run() {
    let place = Place::new();
    let names = place.ok(&["lesson", "--quantities"]);
    assert!(names.contains("waves(op, run)") && names.contains("longest_exposed"), "{names}");
    let values =
        place.ok(&["lesson", "--quantities", "--of", r#"{"strategy":"default","layers":1}"#]);
    assert!(values.contains("waves(gate_up)                   14"), "{values}");
    assert!(!values.contains("slack("), "what is not known is left out: {values}");
    let error = place.fails(&["lesson", "--quantities", "--of", r#"{"strategy":"defalt"}"#], 2);
    assert!(error.contains("did you mean \"default\"?"), "{error}");
}

#[test]
fn a_handout_has_questions_without_answers_and_answers_apart() {
    let place = Place::new();
    place.ok(&["lesson", "1", "--handout", "pages"]);
    let read = |name: &str| fs::read_to_string(place.path("pages").join(name)).unwrap();
    let [students, instructor] = [read("students.html"), read("instructor.html")];
    for page in [&students, &instructor] {
        assert!(page.contains("<h2>1. Waves and the tail</h2>"));
        assert!(page.contains("<code>gate_up</code> of a prefill of 8 192 tokens"));
    }
    assert!(instructor.contains("Answer: 14 waves") && !students.contains("14 waves"));
    assert!(instructor.contains("<em>8 minutes, 3 steps</em>"));
    for step in 1..=3 {
        let picture = format!("slides/01-{step}.png");
        assert!(instructor.contains(&format!("src=\"{picture}\"")));
        let bytes = fs::read(place.path("pages").join(picture)).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"));
    }
}

/// The instructor has a second picture of each step, under the answer; students have none.
#[test]
fn the_instructor_has_guess_and_truth_on_slides() {
    let place = Place::new();
    place.ok(&["lesson", "4", "--handout", "pages"]);
    let read = |name: &str| fs::read_to_string(place.path("pages").join(name)).unwrap();
    let [students, instructor] = [read("students.html"), read("instructor.html")];
    assert!(!students.contains("-answer.png"));
    for step in 1..=3 {
        let [plain, answer] = ["", "-answer"].map(|end| format!("slides/04-{step}{end}.png"));
        let places =
            [&plain, &answer].map(|picture| instructor.find(&format!("src=\"{picture}\"")));
        let said = instructor.match_indices("Answer: ").map(|(at, _)| at).nth(step - 1);
        assert!(
            places[0] < said && said < places[1],
            "{places:?} {said:?}: the answer stands between"
        );
        let [plain, answer] =
            [plain, answer].map(|picture| fs::read(place.path("pages").join(picture)).unwrap());
        assert!(answer.starts_with(b"\x89PNG") && answer != plain);
    }
}
