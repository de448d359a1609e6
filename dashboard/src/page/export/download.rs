//! Saves a file.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use crate::page::dom;

/// Saves a text.
pub(in crate::page) fn save_text(name: &str, media_type: &str, text: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let saved = save_url(name, &url);
    Url::revoke_object_url(&url)?;
    saved
}

/// Saves what an address has. It is not loaded by the page, so that the page's content security policy needs no exception.
pub(in crate::page) fn save_url(name: &str, url: &str) -> Result<(), JsValue> {
    let link: HtmlAnchorElement = dom::element("a", "")?;
    link.set_href(url);
    link.set_download(name);
    link.click();
    Ok(())
}

/// A name for a file, from texts such as a title and a time: every character that is not a letter or a digit becomes a hyphen.
pub(in crate::page) fn file_name(parts: &[&str], extension: &str) -> String {
    let mut name = String::new();
    for character in parts.join("-").chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_lowercase());
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    format!("{}.{extension}", name.trim_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_has_letters_digits_and_hyphens() {
        assert_eq!(
            file_name(&["vm", "CPU use: p99", "2026-12-01T01:02:03Z"], "csv"),
            "vm-cpu-use-p99-2026-12-01t01-02-03z.csv"
        );
        assert_eq!(file_name(&["../../etc/passwd", "\u{202e}"], "png"), "etc-passwd.png");
    }
}
