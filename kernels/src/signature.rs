//! What a kernel takes, read from the text of its program: what the host's argument lists are held against.

use std::{fmt, mem::size_of};

use crate::abi::Peers;

/// One parameter of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Its name in the source.
    pub name: &'a str,
    /// Its type.
    pub kind: ParameterKind,
}

/// Type of a parameter, as far as the host must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterKind {
    /// An address in device memory, whatever lies there.
    Pointer,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `float`
    F32,
    /// `TensorMap`, the driver's `CUtensorMap`, by value.
    TensorMap,
    /// `WeftPeers`, [`Peers`] here, by value.
    Peers,
}

/// Why no parameters could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The source has no `extern "C" __global__` kernel of this name.
    NoEntry(String),
    /// A parameter is of a type that the host knows nothing of; its whole text.
    Unknown(String),
}

impl ParameterKind {
    /// Size in bytes: what the driver copies out of the host's memory at a launch.
    pub fn bytes(self) -> usize {
        match self {
            Self::U32 | Self::F32 => 4,
            Self::Pointer | Self::U64 => 8,
            Self::TensorMap => 128,
            Self::Peers => size_of::<Peers>(),
        }
    }

    fn of(type_name: &str) -> Option<Self> {
        Some(match type_name {
            "u32" => Self::U32,
            "u64" => Self::U64,
            "float" => Self::F32,
            "TensorMap" => Self::TensorMap,
            "WeftPeers" => Self::Peers,
            _ => return None,
        })
    }
}

/// The parameters of `entry` in the text of a program, in order.
///
/// ```
/// use weftscope_kernels::{ParameterKind, parameters};
/// let source = r#"extern "C" __global__ void __launch_bounds__(256) fill(uint4* out, const u32 count) {}"#;
/// let found = parameters(source, "fill").unwrap();
/// assert_eq!((found[0].name, found[0].kind), ("out", ParameterKind::Pointer));
/// assert_eq!((found[1].name, found[1].kind), ("count", ParameterKind::U32));
/// ```
///
/// # Errors
/// [`SignatureError`]: no such kernel, or a parameter of an unknown type.
pub fn parameters<'a>(source: &'a str, entry: &str) -> Result<Vec<Parameter<'a>>, SignatureError> {
    let list = list_of(source, entry).ok_or_else(|| SignatureError::NoEntry(entry.to_owned()))?;
    list.split(',').map(str::trim).filter(|text| !text.is_empty()).map(parameter).collect()
}

/// The `extern "C"` kernels in the text of a program, in order.
pub fn entries(source: &str) -> Vec<&str> {
    let mut found: Vec<&str> = kernels(source).filter_map(name_of).collect();
    // A kernel whose attributes stand in both branches of an `#if` has its name once behind them.
    found.dedup();
    found
}

/// The text behind each `extern "C" __global__`.
fn kernels(source: &str) -> impl Iterator<Item = &str> {
    const DECLARED: &str = r#"extern "C" __global__"#;
    source.match_indices(DECLARED).map(|(at, _)| &source[at + DECLARED.len()..])
}

/// The name in `void ATTRIBUTE(…) name(`: the last word before the opening brace whose list follows.
fn name_of(kernel: &str) -> Option<&str> {
    let head = &kernel[..kernel.find('{')?];
    let mut words = head.match_indices('(').filter_map(|(at, _)| {
        let before = &head[..at];
        let first = before.rfind(|c: char| !is_word(c)).map_or(0, |at| at + 1);
        Some(&before[first..]).filter(|word| !word.is_empty() && !word.starts_with("__"))
    });
    words.next_back()
}

fn list_of<'a>(source: &'a str, entry: &str) -> Option<&'a str> {
    let kernel = kernels(source).find(|kernel| name_of(kernel) == Some(entry))?;
    let head = &kernel[..kernel.find('{')?];
    let begin = head.rfind(&format!("{entry}("))? + entry.len() + 1;
    Some(&head[begin..head.rfind(')')?])
}

fn parameter(text: &str) -> Result<Parameter<'_>, SignatureError> {
    let unknown = || SignatureError::Unknown(text.to_owned());
    let first = text.rfind(|c: char| !is_word(c)).ok_or_else(unknown)? + 1;
    let (before, name) = text.split_at(first);
    let mut words = before.split_whitespace().filter(|word| !is_qualifier(word));
    let kind = match (words.next(), words.next()) {
        _ if before.contains('*') => Some(ParameterKind::Pointer),
        (Some(word), None) => ParameterKind::of(word),
        _ => None,
    };
    Ok(Parameter { name, kind: kind.ok_or_else(unknown)? })
}

fn is_qualifier(word: &str) -> bool {
    matches!(word, "const" | "__grid_constant__")
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEntry(entry) => write!(f, "there is no kernel {entry}"),
            Self::Unknown(text) => write!(f, "`{text}` is of no type that the host knows"),
        }
    }
}

impl std::error::Error for SignatureError {}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        // weft_b( in a comment
        extern "C" __global__ void __launch_bounds__(N * 2, 1)
        weft_a(const __grid_constant__ WeftPeers peers, u8* out, const float2* state,
               u64 pitch, float eps) { weft_b(1); }
        #ifdef PAIRS
        extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(GT, 1)
        #else
        extern "C" __global__ void __launch_bounds__(GT, 1)
        #endif
        weft_b(const __grid_constant__ TensorMap map, u32 n) {}
        extern "C" __global__ void weft_c(u16 narrow) {}"#;

    #[test]
    fn kinds_and_names_are_read_in_order() {
        let of = |entry| -> Vec<(&str, ParameterKind)> {
            let found = parameters(SOURCE, entry).unwrap();
            found.into_iter().map(|parameter| (parameter.name, parameter.kind)).collect()
        };
        use ParameterKind::{F32, Peers, Pointer, TensorMap, U32, U64};
        let a =
            [("peers", Peers), ("out", Pointer), ("state", Pointer), ("pitch", U64), ("eps", F32)];
        assert_eq!(of("weft_a"), a);
        assert_eq!(of("weft_b"), [("map", TensorMap), ("n", U32)]);
        assert_eq!(entries(SOURCE), ["weft_a", "weft_b", "weft_c"]);
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        assert_eq!(parameters(SOURCE, "weft"), Err(SignatureError::NoEntry("weft".to_owned())));
        let narrow = SignatureError::Unknown("u16 narrow".to_owned());
        assert_eq!(parameters(SOURCE, "weft_c"), Err(narrow));
    }
}
