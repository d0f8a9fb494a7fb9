//! What stands in a PDF: by its own objects, and by poppler where that is installed.

use std::process::Command;

use weftscope::picture::PictureFormat;
use weftscope_testkit::aloud;

use super::{pictures, written};

/// Every font that is named is there, as a subset; nothing says when the file was made.
#[test]
fn fonts_are_embedded() {
    for (name, mut picture) in pictures() {
        let bytes = written(&mut picture, PictureFormat::Pdf);
        assert!(bytes.starts_with(b"%PDF-"), "{name}");
        let text = String::from_utf8_lossy(&bytes);
        let count = |what: &str| text.matches(what).count();
        assert!(count("/FontFile2") >= 1, "{name}");
        assert_eq!(
            count("/FontFile2"),
            count("/Type/FontDescriptor") + count("/Type /FontDescriptor"),
            "{name}"
        );
        assert!(!text.contains("CreationDate") && !text.contains("ModDate"), "{name}");
    }
}

/// Poppler opens it, lists fonts as embedded subsets with Unicode, and finds the words.
#[test]
fn poppler_reads_fonts_and_words() {
    let folder = tempfile::tempdir().unwrap();
    for (name, mut picture) in pictures() {
        let path = folder.path().join(format!("{name}.pdf"));
        std::fs::write(&path, written(&mut picture, PictureFormat::Pdf)).unwrap();
        let Ok(fonts) = Command::new("pdffonts").arg(&path).output() else {
            return aloud(
                "SKIPPED poppler_reads_fonts_and_words: pdffonts of poppler-utils is not installed",
            );
        };
        let fonts = String::from_utf8(fonts.stdout).unwrap();
        let rows: Vec<&str> = fonts.lines().skip(2).collect();
        assert!(!rows.is_empty(), "{name}: {fonts}");
        for row in rows {
            let cells: Vec<&str> = row.split_whitespace().rev().collect();
            assert_eq!(cells[2..5], ["yes", "yes", "yes"], "{name}: {row}");
        }
        let words = Command::new("pdftotext").arg(&path).arg("-").output().unwrap();
        let words = String::from_utf8(words.stdout).unwrap();
        let title = picture.caption.title.split(": ").nth(1).unwrap_or_default();
        assert!(words.contains("MEASURED"), "{name}: {words}");
        assert!(words.contains(title), "{name}: {title} in {words}");
    }
}
