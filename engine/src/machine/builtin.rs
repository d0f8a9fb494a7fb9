use super::{Machine, from_json};

/// The files of `engine/machines/`, in the order lists show them.
const FILES: [(&str, &str); 7] = [
    ("h100x8", include_str!("../../machines/h100x8.json")),
    ("h100x4", include_str!("../../machines/h100x4.json")),
    ("h200x8", include_str!("../../machines/h200x8.json")),
    ("h200x2", include_str!("../../machines/h200x2.json")),
    ("a100x8", include_str!("../../machines/a100x8.json")),
    ("b200x8", include_str!("../../machines/b200x8.json")),
    ("rtx4090x2", include_str!("../../machines/rtx4090x2.json")),
];

/// Names of the built-in machines, in the order lists show them.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    FILES.into_iter().map(|(name, _)| name)
}

/// The built-in machine of this name.
pub fn builtin(name: &str) -> Option<Machine> {
    let (_, text) = FILES.into_iter().find(|(known, _)| *known == name)?;
    Some(from_json(text).expect("tests load every built-in machine file"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// What is said of the constants.
    const ABOUT: [&str; 3] = ["calibrated", "expected_error", "sources"];

    /// Key paths of every number (and of every `null`, which claims that something is absent).
    fn constants(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields.iter().filter(|(key, _)| !ABOUT.contains(&key.as_str()))
                {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    constants(value, &path, found);
                }
            }
            Value::String(_) => {}
            _ => found.push(path.to_owned()),
        }
    }

    #[test]
    fn every_machine_loads_under_its_name() {
        for name in names() {
            let machine = builtin(name).expect("listed");
            assert_eq!(machine.name, name);
        }
        assert_eq!(builtin("h100x9"), None);
    }

    #[test]
    fn every_constant_has_a_source_or_says_estimate() {
        // The NPU of a neighbour is on no list, and its constants need sources all the same.
        let npu = ("npu32", include_str!("../../machines/npu32.json"));
        for (name, text) in FILES.into_iter().chain([npu]) {
            let value: Value = serde_json::from_str(text).expect("JSON");
            let mut wanted = Vec::new();
            constants(&value, "", &mut wanted);
            wanted.sort();
            let sources = value["sources"].as_object().expect("sources");
            let mut given: Vec<String> = sources.keys().cloned().collect();
            given.sort();
            assert_eq!(given, wanted, "{name}: sources and constants differ");
            for (key, source) in sources {
                let source = source.as_str().expect("a sentence");
                assert!(source.len() > 12, "{name}: {key} has no real source: {source:?}");
            }
        }
    }
}
