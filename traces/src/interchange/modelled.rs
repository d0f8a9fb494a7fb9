//! The mark of computed times that other viewers show and that survives their hands.

/// What begins the label of a process whose times were computed; the simulator follows.
const MODELLED: &str = "MODELLED: ";

/// The label of a process whose times were computed: viewers show it beside the name, and it stays when a tool drops
/// our object.
pub(crate) fn modelled_label(source: &str) -> String {
    format!("{MODELLED}{source}")
}

/// The simulator that such a label names; `None` for other labels.
pub(crate) fn modelled_by(label: &str) -> Option<&str> {
    label.strip_prefix(MODELLED.trim_end()).map(str::trim)
}
