//! Files that people have and this does not read: what they are, and what to do with them.

/// What a file with these first bytes is, with what helps; `None` when nothing is known of it.
pub(crate) fn what_it_is(head: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    Some(match head {
        _ if starts(b"\xff\xfe") || starts(b"\xfe\xff") || is_utf16(head) => {
            "this is text in UTF-16: `iconv -f UTF-16 -t UTF-8 FILE > trace.json` makes it readable"
        }
        _ if is_nsys_report(head) => {
            "this is a report of Nsight Systems: `nsys export -t sqlite FILE` makes a file that is read here; where nsys is \
             installed, that is done by itself"
        }
        _ if starts(b"NVR\0") => {
            "this is a report of Nsight Compute, one kernel at a time without a timeline: record with `nsys profile`"
        }
        _ if starts(b"\x80") && matches!(head.get(1), Some(2..=5)) => {
            "this is a Python pickle (e.g. a memory snapshot), no timeline: `prof.export_chrome_trace` writes one"
        }
        _ if starts(b"\x89HDF") => "this is HDF5, no trace",
        _ if starts(b"PAR1") => "this is Parquet, no trace known here",
        _ if starts(b"\xfd7zXZ\0") => "this is packed by xz: `xz -d FILE` unpacks it",
        _ if starts(b"BZh") => "this is packed by bzip2: `bzip2 -d FILE` unpacks it",
        _ if starts(b"\x04\x22\x4d\x18") => "this is packed by lz4: `lz4 -d FILE` unpacks it",
        _ if starts(b"7z\xbc\xaf\x27\x1c") => "this is a 7-Zip archive: `7z x FILE` unpacks it",
        _ if starts(b"Rar!") => "this is a RAR archive: `unrar x FILE` unpacks it",
        _ if starts(b"<!DOCTYPE html") || starts(b"<html") || starts(b"<!doctype html") => {
            "this is a web page: a download that asked for a login, perhaps"
        }
        _ if starts(b"version https://git-lfs") => {
            "this is a pointer of Git LFS, not the file: `git lfs pull` fetches it"
        }
        #[cfg(not(feature = "sqlite"))]
        _ if starts(b"SQLite format 3\0") => {
            "this is a database, which this page has nothing to read with: the program opens it, and writes a file for here"
        }
        _ if starts(b"\x7fELF") => "this is a program or a library",
        _ => return None,
    })
}

/// Whether a file with these first bytes is a report of Nsight Systems (`.nsys-rep`), as those of 2022 to 2025 begin.
pub fn is_nsys_report(head: &[u8]) -> bool {
    head.starts_with(b"NVIDIA Tegra Profiler Report")
}

/// Every second byte of the beginning is 0, as in English text of two bytes a letter.
pub(crate) fn is_utf16(head: &[u8]) -> bool {
    let first = &head[..head.len().min(8)];
    let zeros = |odd: usize| first.iter().skip(odd).step_by(2).all(|&byte| byte == 0);
    first.len() == 8 && zeros(0) != zeros(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_beginnings() {
        let utf16: Vec<u8> = "{\"traceEvents\"".bytes().flat_map(|byte| [byte, 0]).collect();
        for (head, word) in [
            (&b"\xff\xfe{\0"[..], "UTF-16"),
            (&utf16, "UTF-16"),
            (b"NVIDIA Tegra Profiler Report 1.\n\x0bLocal (CLI)", "nsys export -t sqlite"),
            (b"NVR\0\0", "Nsight Compute"),
            (b"\x80\x04\x95", "pickle"),
            (b"\xfd7zXZ\0", "xz -d"),
            (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        ] {
            assert!(what_it_is(head).is_some_and(|text| text.contains(word)), "{word}");
        }
        for head in [&b"hello"[..], b"", b"{", b"\n", b"\n\n\n\n"] {
            assert_eq!(what_it_is(head), None, "{head:?}");
        }
    }
}
