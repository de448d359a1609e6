//! The URL of the page. Choices of the user are written into it, so that a reload or a shared link shows the same.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::UrlSearchParams;

use super::dom;

/// Decoded keys and values of the query.
pub(super) fn query() -> Result<Vec<(String, String)>, JsValue> {
    let query = UrlSearchParams::new_with_str(&dom::window()?.location().search()?)?;
    let text = |value: JsValue| value.as_string().unwrap_or_default();
    let pairs = js_sys::try_iter(&query)?.into_iter().flatten().map(|pair| {
        let pair: Array = pair?.unchecked_into();
        Ok((text(pair.get(0)), text(pair.get(1))))
    });
    pairs.collect()
}

/// The token in the fragment of a link, `#token=TOKEN`. The fragment is removed from the address and the history at once, so
/// that the token is neither seen nor kept there.
pub(super) fn take_token() -> Result<Option<String>, JsValue> {
    let window = dom::window()?;
    let location = window.location();
    let Some(token) = location.hash()?.strip_prefix("#token=").map(str::to_owned) else { return Ok(None) };
    let url = format!("{}{}", location.pathname()?, location.search()?);
    window.history()?.replace_state_with_url(&JsValue::NULL, "", Some(&url))?;
    Ok(Some(token))
}

/// Sets a key of the query, or removes it for `None`, without a reload.
pub(super) fn set(key: &str, value: Option<&str>) -> Result<(), JsValue> {
    set_all(&[(key, value)])
}

/// Sets several keys at once: browsers limit how often the address is written.
pub(super) fn set_all(pairs: &[(&str, Option<&str>)]) -> Result<(), JsValue> {
    dom::window()?.history()?.replace_state_with_url(&JsValue::NULL, "", Some(&path_with(pairs)?))
}

/// The whole address with several keys set.
pub(super) fn with(pairs: &[(&str, &str)]) -> Result<String, JsValue> {
    let pairs: Vec<(&str, Option<&str>)> = pairs.iter().map(|&(key, value)| (key, Some(value))).collect();
    Ok(format!("{}{}", dom::window()?.location().origin()?, path_with(&pairs)?))
}

fn path_with(pairs: &[(&str, Option<&str>)]) -> Result<String, JsValue> {
    let location = dom::window()?.location();
    let query = UrlSearchParams::new_with_str(&location.search()?)?;
    for &(key, value) in pairs {
        match value {
            Some(value) => query.set(key, value),
            None => query.delete(key),
        }
    }
    // Commas and colons are allowed in a query and are easier to read.
    let query = String::from(query.to_string()).replace("%2C", ",").replace("%3A", ":");
    let separator = if query.is_empty() { "" } else { "?" };
    Ok(format!("{}{separator}{query}", location.pathname()?))
}
