//! Copies by name, as PyTorch's and Nsight's recordings have them.

use weftscope_traces::Kind;
use weftscope_wire::Moved;

/// `CUPTI_ACTIVITY_MEMCPY_KIND_PTOP`.
const PEER: u8 = 10;

/// The name of a copy and what it counts as: what crosses from one GPU to another is communication.
pub(super) fn copy(moved: Moved) -> (String, Kind) {
    match moved {
        Moved::Copy { kind, from, to } => {
            let what = direction(kind);
            let name = match (memory(from), memory(to)) {
                (Some(from), Some(to)) => format!("Memcpy {what} ({from} -> {to})"),
                _ => format!("Memcpy {what}"),
            };
            (name, if kind == PEER { Kind::Comm } else { Kind::Memcpy })
        }
        // An engine's copy within one device goes by this call too.
        Moved::Peer { from, to } if from == to => {
            ("Memcpy DtoD (Device -> Device)".to_owned(), Kind::Memcpy)
        }
        Moved::Peer { .. } => ("Memcpy PtoP (Device -> Device)".to_owned(), Kind::Comm),
        Moved::Set => ("Memset (Device)".to_owned(), Kind::Memcpy),
    }
}

/// `CUpti_ActivityMemcpyKind`.
fn direction(kind: u8) -> &'static str {
    match kind {
        1 => "HtoD",
        2 => "DtoH",
        3 => "HtoA",
        4 => "AtoH",
        5 => "AtoA",
        6 => "AtoD",
        7 => "DtoA",
        8 => "DtoD",
        9 => "HtoH",
        PEER => "PtoP",
        _ => "of unknown direction",
    }
}

/// `CUpti_ActivityMemoryKind`.
fn memory(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "Pageable",
        2 => "Pinned",
        3 => "Device",
        4 => "Array",
        5 => "Managed",
        6 => "Device Static",
        7 => "Managed Static",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_the_names_of_other_recorders() {
        for (moved, name, kind) in [
            (
                Moved::Copy { kind: 1, from: 1, to: 3 },
                "Memcpy HtoD (Pageable -> Device)",
                Kind::Memcpy,
            ),
            (Moved::Copy { kind: 8, from: 0, to: 3 }, "Memcpy DtoD", Kind::Memcpy),
            (
                Moved::Copy { kind: 10, from: 3, to: 3 },
                "Memcpy PtoP (Device -> Device)",
                Kind::Comm,
            ),
            (Moved::Peer { from: 1, to: 0 }, "Memcpy PtoP (Device -> Device)", Kind::Comm),
            (Moved::Peer { from: 1, to: 1 }, "Memcpy DtoD (Device -> Device)", Kind::Memcpy),
            (Moved::Set, "Memset (Device)", Kind::Memcpy),
        ] {
            assert_eq!(copy(moved), (name.to_owned(), kind));
        }
    }
}
