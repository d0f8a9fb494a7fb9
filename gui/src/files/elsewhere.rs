use std::path::Path;

/// True for what is no path of this computer: `ssh://host/path/of/it`.
pub fn is_elsewhere(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.trim_start().starts_with("ssh://"))
}
