//! Files that a page writes: they are made whole in memory and given to the browser to save.

use std::{io::Write, path::Path};

use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use super::FileError;

/// Makes a file and has the browser save it under the last part of its path.
///
/// # Errors
/// What `fill` returned, or [`FileError`] with what the browser says.
pub fn write_atomically(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let mut bytes = Vec::new();
    fill(&mut bytes)?;
    let name = crate::app::short_name(path);
    save(&name, &bytes)
        .map_err(|error| FileError::new(format!("the browser refused: {error:?}"), path))
}

/// There is always room in a browser, as far as is known before.
///
/// # Errors
/// Never.
pub fn check_target(_path: &Path) -> Result<(), FileError> {
    Ok(())
}

/// A page leaves nothing behind.
pub fn remove_abandoned(_folder: &Path) {}

fn save(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let kind = BlobPropertyBag::new();
    kind.set_type("application/octet-stream");
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &kind)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window().and_then(|window| window.document());
    let document = document.ok_or_else(|| JsValue::from_str("there is no document"))?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&url)
}
