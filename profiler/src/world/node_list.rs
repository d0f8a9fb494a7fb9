//! Slurm's way of listing nodes: `gpu[003-006,9],head`.

/// The first node of a list; `None` where it is none.
pub(super) fn first_node(list: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = list.trim();
    loop {
        let Some(at) = rest.find(['[', ',']) else {
            name += rest;
            break;
        };
        name += &rest[..at];
        if rest[at..].starts_with(',') {
            break;
        }
        // Of several numbers and ranges the first one's beginning, as it is written: zeros stand before it.
        let inside = &rest[at + 1..];
        let (numbers, after) = inside.split_once(']')?;
        let first = numbers.split([',', '-']).next()?;
        name += first;
        rest = after;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::first_node;

    /// Oracle: what `scontrol show hostnames` prints first, by Slurm's documentation of host lists.
    #[test]
    fn the_first_of_a_list_is_as_scontrol_has_it() {
        for (list, first) in [
            ("node7", "node7"),
            ("node7,other", "node7"),
            ("gpu[003-006,9],head", "gpu003"),
            ("gpu[12,14-16]", "gpu12"),
            ("rack[1-2]node[04-08]", "rack1node04"),
            ("a[3-4]-ib.cluster", "a3-ib.cluster"),
        ] {
            assert_eq!(first_node(list).as_deref(), Some(first), "{list}");
        }
        for none in ["", "[", "gpu[3", "a b", ",x", "$(x)"] {
            assert_eq!(first_node(none), None, "{none}");
        }
    }
}
