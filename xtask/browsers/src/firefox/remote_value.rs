//! JavaScript values as [WebDriver BiDi sends them][values]: with their types, in place of JSON.
//!
//! [values]: https://w3c.github.io/webdriver-bidi/#type-script-RemoteValue

use serde_json::{Map, Value, json};

/// The value as JSON.
///
/// # Errors
/// A name for the part that has no JSON form.
pub(super) fn to_json(remote: &Value) -> Result<Value, String> {
    let value = &remote["value"];
    match remote["type"].as_str().unwrap_or("nothing") {
        "undefined" | "null" => Ok(Value::Null),
        "string" | "boolean" => Ok(value.clone()),
        "number" => match value.as_str() {
            Some("-0") => Ok(json!(-0.0)),
            Some(name) => Err(name.to_owned()),
            None => Ok(value.clone()),
        },
        "array" => match value.as_array() {
            Some(items) => items.iter().map(to_json).collect(),
            None => Err("an array that the value has twice".to_owned()),
        },
        "object" => match value.as_array() {
            Some(pairs) => Ok(Value::Object(pairs.iter().map(pair).collect::<Result<Map<_, _>, _>>()?)),
            None => Err("an object that the value has twice".to_owned()),
        },
        other => Err(format!("a value of type {other}")),
    }
}

fn pair(pair: &Value) -> Result<(String, Value), String> {
    let name = pair[0].as_str().ok_or("an object with a key that is no string")?;
    Ok((name.to_owned(), to_json(&pair[1])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_a_json_form_are_converted() {
        let one = json!({ "type": "number", "value": 1 });
        let list =
            json!({ "type": "array", "value": [one, { "type": "undefined" }, { "type": "number", "value": "-0" }] });
        let object = json!({ "type": "object", "value": [["a", list], ["b", { "type": "string", "value": "NaN" }]] });
        assert_eq!(to_json(&object), Ok(json!({ "a": [1, null, -0.0], "b": "NaN" })));
    }

    #[test]
    fn other_values_are_named() {
        let infinite = json!({ "type": "array", "value": [{ "type": "number", "value": "Infinity" }] });
        assert_eq!(to_json(&infinite), Err("Infinity".to_owned()));
        assert_eq!(to_json(&json!({ "type": "map", "value": [] })), Err("a value of type map".to_owned()));
    }
}
