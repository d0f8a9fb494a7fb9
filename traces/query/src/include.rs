//! `INCLUDE PERFETTO MODULE …;`, which pasted queries begin with: what it brings is here already, or not known.

/// The query without such statements and comments at its beginning, and the modules they name.
pub(crate) fn without_includes(query: &str) -> (&str, Vec<String>) {
    let mut rest = skip_comments(query);
    let mut modules = Vec::new();
    while let Some((module, after)) = include(rest) {
        modules.push(module.to_owned());
        rest = skip_comments(after);
    }
    (rest, modules)
}

fn skip_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        let after = if let Some(comment) = text.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = text.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            return text;
        };
        text = after;
    }
}

fn include(text: &str) -> Option<(&str, &str)> {
    let (statement, after) = text.split_once(';')?;
    let mut words = statement.split_whitespace();
    for expected in ["include", "perfetto", "module"] {
        if !words.next()?.eq_ignore_ascii_case(expected) {
            return None;
        }
    }
    let module = words.next()?;
    words.next().is_none().then_some((module, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_passed_over_and_named() {
        let query = "-- busy\nINCLUDE PERFETTO MODULE intervals.overlap;\ninclude perfetto module slices.with_context;select 1";
        let (rest, modules) = without_includes(query);
        assert_eq!((rest, modules.len()), ("select 1", 2));
        assert_eq!(modules[1], "slices.with_context");
        assert_eq!(without_includes("select 'include';"), ("select 'include';", vec![]));
    }
}
