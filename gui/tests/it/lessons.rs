//! Lessons by what the simulator says: every reference answer is right, every wrong one is refused, and a lesson that is no
//! longer true, or that is written wrong, is found out.

use weftscope::lessons::{Folder, all, check, lessons};

const MARKDOWN: &str = "# Waves\n\nOn {sms(before)} SMs.\n\n\
    ## How many?\n\nOf {blocks(gate_up, before)} tiles?\n\n### Hint\n\nOne\n\n### Hint\n\nTwo\n\n### Try\n\nLook\n\n\
    ### Why\n\n{waves(gate_up, before)} waves.\n\n\
    ## Faster?\n\nWoven?\n\n### Hint\n\nOne\n\n### Hint\n\nTwo\n\n### Try\n\nWeave\n\n### Why\n\n\
    {iteration(before) / iteration(after)} as fast.\n";

const JSON: &str = r#"{
  "minutes": 5,
  "start": { "strategy": "fuse-only", "batch": "2048", "layers": 1 },
  "steps": [
    { "predict": { "number": "waves(gate_up, before)", "in": "waves", "within": 0 }, "reference": 4, "wrong": [3] },
    { "predict": { "order": ["woven", "fused"], "by": "iteration(it)" },
      "try": { "strategy": "tokenweave", "split": 1024 },
      "runs": { "fused": {}, "woven": { "strategy": "tokenweave", "split": 1024 } },
      "reference": ["fused", "woven"], "wrong": [["woven", "fused"]] }
  ]
}"#;

/// What is wrong with a lesson: why it cannot be read, else what its steps say.
fn faults(markdown: &str, json: &str) -> Vec<String> {
    let folder = Folder { name: "01-waves", markdown, json };
    let lesson = match folder.lesson(1) {
        Ok(lesson) => lesson,
        Err(error) => return vec![error.to_string()],
    };
    let mut faults = Vec::new();
    check(&lesson, &mut |step, _| faults.extend(step.faults));
    faults
}

/// The same with one thing changed in what is asked.
fn changed(from: &str, to: &str) -> String {
    assert!(JSON.contains(from), "{from}");
    let faults = faults(MARKDOWN, &JSON.replacen(from, to, 1));
    faults.first().unwrap_or_else(|| panic!("{to} is not found out")).clone()
}

#[test]
fn every_lesson_is_true() {
    assert!(all().len() >= 12);
    for lesson in all() {
        let lesson = lesson.as_ref().unwrap_or_else(|error| panic!("{error}"));
        let mut steps = 0;
        check(lesson, &mut |step, _| {
            steps += 1;
            assert!(
                step.faults.is_empty(),
                "{}, step {}: {:?}",
                lesson.title,
                step.step,
                step.faults
            );
            assert!(!step.truth.is_empty());
        });
        assert_eq!(steps, lesson.steps.len());
    }
}

#[test]
fn folders_count_on_and_have_names_of_their_own() {
    let slugs: Vec<&str> = lessons().map(|lesson| lesson.slug.as_str()).collect();
    for (at, lesson) in lessons().enumerate() {
        assert_eq!(lesson.number, at + 1);
        assert_eq!(slugs.iter().filter(|slug| **slug == lesson.slug).count(), 1, "{}", lesson.slug);
    }
}

/// Oracle: the answers as they are, each moved by itself.
#[test]
fn an_answer_that_is_moved_is_found_out() {
    assert_eq!(faults(MARKDOWN, JSON), [] as [String; 0]);
    assert!(
        changed("\"reference\": 4", "\"reference\": 5")
            .contains("5 waves is refused: it is 4 waves")
    );
    assert!(
        changed("\"wrong\": [3]", "\"wrong\": [4]")
            .contains("wrong answer 4 waves is taken for right")
    );
    let order = changed(r#""reference": ["fused", "woven"]"#, r#""reference": ["woven", "fused"]"#);
    assert!(order.contains("woven < fused is refused"), "{order}");
    // Another batch has other waves: nothing is stored that would still say 4.
    assert!(changed("\"batch\": \"2048\"", "\"batch\": \"4096\"").contains("it is 7 waves"));
    assert!(changed("\"within\": 0", "\"within\": 1").contains("wrong answer 3 waves"));
}

#[test]
fn what_is_written_wrong_is_said_with_its_place() {
    for (from, to, part) in [
        ("\"minutes\"", "\"minuts\"", "unknown field `minuts`"),
        (
            "waves(gate_up, before)",
            "wavs(gate_up, before)",
            "step 1, predict.number: there is no quantity \"wavs\"",
        ),
        ("waves(gate_up, before)", "waves(before)", "waves takes (op, run)"),
        (
            "waves(gate_up, before)",
            "waves(gate_up, later)",
            "there is no run \"later\" (there are before, after)",
        ),
        ("\"in\": \"waves\"", "\"in\": \"us\"", "predict.in: it is a count, typed as a time"),
        ("\"strategy\": \"fuse-only\"", "\"strategy\": \"fuse\"", "strategy: there is no \"fuse\""),
        (
            "[\"woven\", \"fused\"], \"by\"",
            "[\"woven\", \"fussed\"], \"by\"",
            "there is no run \"fussed\"",
        ),
        ("\"wrong\": [3]", "\"wrong\": []", "there is no wrong answer"),
        ("\"reference\": 4", "\"reference\": [\"a\"]", "it does not answer what is asked"),
        (
            "\"reference\": 4",
            "\"look\": \"gate\", \"reference\": 4",
            "look: there is no op \"gate\"",
        ),
        ("\"try\": {", "\"look\": \"gate_up\", \"try\": {", "nothing is tried"),
    ] {
        let error = changed(from, to);
        assert!(error.contains(part), "{error}");
    }
    let error = &faults(&MARKDOWN.replacen("### Why", "### Because", 1), JSON)[0];
    assert!(
        error.contains("Because") && error.ends_with("gui/lessons/01-waves/lesson.md"),
        "{error}"
    );
    let error = &faults(&MARKDOWN.replacen("{sms(before)}", "{slack(A, before)}", 1), JSON)[0];
    assert!(error.contains("phase A"), "an unknown figure is no 0: {error}");
}

/// What knobs do is simulated with them: others are another truth.
#[test]
fn knobs_are_right_where_what_is_asked_holds() {
    let json = |goal: &str, reference: &str, wrong: &str| {
        let setting = format!(r#"{{ "setting": "{goal}" }}"#);
        let number = r#"{ "number": "waves(gate_up, before)", "in": "waves", "within": 0 }"#;
        let answers = format!(r#""reference": {reference}, "wrong": [{wrong}]"#);
        let json = JSON.replacen(number, &setting, 1);
        json.replacen(r#""reference": 4, "wrong": [3]"#, &answers, 1)
    };
    let [fused, ring] = [r#"{ "batch": "1024" }"#, r#"{ "strategy": "default" }"#];
    let goal = "iteration(yours) < iteration(before)";
    assert_eq!(faults(MARKDOWN, &json(goal, fused, ring)), [] as [String; 0]);
    let moved = faults(MARKDOWN, &json(goal, ring, fused));
    assert!(
        moved[0].contains("is refused") && moved[1].contains("is taken for right"),
        "{moved:?}"
    );
    let error = faults(MARKDOWN, &json(goal, r#"{ "strategy": "ring" }"#, fused));
    assert!(error[0].contains("reference: strategy: there is no \"ring\""), "{error:?}");
}

/// A choice of which two hold, or none, is no question.
#[test]
fn exactly_one_choice_holds() {
    let choices = |one: &str, other: &str| {
        let choice = format!(
            r#"{{ "choice": [{{ "words": "a", "when": "{one}" }}, {{ "words": "b", "when": "{other}" }}] }}"#
        );
        let json = JSON
            .replacen(
                r#"{ "number": "waves(gate_up, before)", "in": "waves", "within": 0 }"#,
                &choice,
                1,
            )
            .replacen(r#""reference": 4, "wrong": [3]"#, r#""reference": 1"#, 1);
        faults(MARKDOWN, &json)
    };
    assert_eq!(
        choices("waves(gate_up, before) == 4", "waves(gate_up, before) > 4"),
        [] as [String; 0]
    );
    assert!(
        choices("waves(gate_up, before) > 2", "waves(gate_up, before) > 3")[0].contains("2 of 2")
    );
    assert!(
        choices("waves(gate_up, before) > 5", "waves(gate_up, before) > 6")[0].contains("0 of 2")
    );
    assert!(
        choices("waves(gate_up, before) > 6", "waves(gate_up, before) == 4")[0].contains("refused")
    );
}

/// The page of ten questions: every place that it names is there, under that name, in lessons 1 to 6, each of which answers one; and
/// its words are those of the lesson.
#[test]
fn ten_questions_are_answered_where_they_say() {
    let page = include_str!("../../../docs/ten-questions.md");
    let questions: Vec<&str> = page.split("\n## ").skip(1).collect();
    assert_eq!(questions.len(), 10);
    let mut used = std::collections::BTreeSet::new();
    let lessons: Vec<_> = lessons().collect();
    for (at, question) in questions.iter().enumerate() {
        assert!(question.starts_with(&format!("{}. ", at + 1)), "{question}");
        let one_line = question.split_whitespace().collect::<Vec<_>>().join(" ");
        let (answer, seen) = one_line.split_once("*Seen in:*").expect("where it is seen");
        let places: Vec<&str> = seen.split("lesson ").skip(1).collect();
        assert!(!places.is_empty(), "{question}");
        let mut words = String::new();
        for place in places {
            let number =
                |text: &str| text.chars().next().and_then(|chr| chr.to_digit(10)).unwrap() as usize;
            let (lesson, rest) = (number(place), place.split_once("step ").expect("a step").1);
            let step = number(rest);
            assert!((1..=6).contains(&lesson), "{place}");
            let lesson = lessons.iter().find(|one| one.number == lesson).expect("a lesson");
            let title = rest.split('*').nth(1).expect("the name of the step");
            assert_eq!(lesson.steps[step - 1].words.title, title, "{place}");
            let slide = format!("`slides/{:02}-{step}.png`", lesson.number);
            assert!(rest.contains(&slide), "{place}: {slide}");
            used.insert(lesson.number);
            let all = [lesson.text.unfilled()];
            let steps = lesson.steps.iter().flat_map(|step| {
                [
                    step.words.question.unfilled(),
                    step.words.doing.unfilled(),
                    step.words.why.unfilled(),
                ]
            });
            words += &all.into_iter().chain(steps).collect::<String>().to_lowercase();
        }
        // What is marked, as a term or as an op, is said there.
        for term in one_line.split("**").skip(1).step_by(2) {
            assert!(words.contains(&term.to_lowercase()), "{at}: {term}");
        }
        for op in seen.split('`').skip(1).step_by(2).filter(|op| !op.contains('/')) {
            assert!(words.contains(op), "{at}: {op}");
        }
        assert!(answer.len() > 100, "{question}");
    }
    assert_eq!(used.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}
