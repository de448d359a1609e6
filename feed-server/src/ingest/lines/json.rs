//! Lines of JSON. The values of nested objects are shown together, under the path of the object.

use serde_json::Value;

use super::cell;
use super::line::{Line, LineError, LineValue, MAX_VALUES, is_label};
use super::line_time::{self, TIME_KEYS};

/// Reads an object, or a list of numbers.
pub(super) fn parse(text: &str) -> Result<Line<'static>, LineError> {
    let value: Value = serde_json::from_str(text).map_err(|error| LineError::Json(error.to_string()))?;
    let mut line = Line::default();
    match &value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if TIME_KEYS.contains(&key.as_str()) && line.time.is_none() {
                    line.time = match value {
                        Value::Number(number) => number.as_f64().and_then(line_time::of_number),
                        Value::String(text) => line_time::of_text(text),
                        _ => None,
                    };
                    if line.time.is_some() {
                        continue;
                    }
                }
                add(&mut line, "", key, value)?;
            }
        }
        Value::Array(items) => add_items(&mut line, "", items)?,
        _ => return Err(LineError::Json("expected { or [".to_owned())),
    }
    if line.values.is_empty() { Err(LineError::NoNumber) } else { Ok(line) }
}

fn add(line: &mut Line<'static>, group: &str, name: &str, value: &Value) -> Result<(), LineError> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(is_true) => Some(f64::from(u8::from(*is_true))),
        Value::String(text) => cell::number(text),
        _ => None,
    };
    if let Some(value) = number {
        if line.values.len() == MAX_VALUES {
            return Err(LineError::TooManyValues);
        }
        line.values.push(LineValue { group: group.to_owned().into(), name: name.to_owned().into(), unit: "", value });
        return Ok(());
    }
    let path = || if group.is_empty() { name.to_owned() } else { format!("{group}.{name}") };
    match value {
        Value::Object(fields) => {
            let path = path();
            fields.iter().try_for_each(|(key, value)| add(line, &path, key, value))
        }
        Value::Array(items) => add_items(line, &path(), items),
        Value::String(text) if is_label(name, text) => {
            line.labels.push((path().into(), text.clone().into()));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn add_items(line: &mut Line<'static>, group: &str, items: &[Value]) -> Result<(), LineError> {
    items.iter().enumerate().try_for_each(|(place, item)| add(line, group, &place.to_string(), item))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String, f64)> {
        let line = parse(text).expect("values");
        line.values.into_iter().map(|of| (of.group.into_owned(), of.name.into_owned(), of.value)).collect()
    }

    fn of(group: &str, name: &str, value: f64) -> (String, String, f64) {
        (group.to_owned(), name.to_owned(), value)
    }

    #[test]
    fn nested_keys_are_groups_and_items_have_numbers() {
        let text =
            r#"{"load":1.5,"cpu":{"user":20,"sys":5,"freq":{"max":3e9}},"temps":[40,null,42],"up":true,"x":null}"#;
        let mut found = values(text);
        found.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        let mut expected = [
            of("", "load", 1.5),
            of("", "up", 1.0),
            of("cpu", "sys", 5.0),
            of("cpu", "user", 20.0),
            of("cpu.freq", "max", 3e9),
            of("temps", "0", 40.0),
            of("temps", "2", 42.0),
        ];
        expected.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        assert_eq!(found, expected);
        assert_eq!(values("[1, 2.5]"), [of("", "0", 1.0), of("", "1", 2.5)]);
        assert!(values(r#"{"a":"NaN"}"#)[0].2.is_nan());
    }

    #[test]
    fn texts_are_labels_and_the_time_has_any_unit() {
        for time in ["1796108320.25", "1796108320250", "1796108320250000", "\"2026-12-01T06:58:40.25Z\""] {
            let text = format!(r#"{{"ts":{time},"host":"web1","msg":"long story","k8s":{{"pod":"a-1"}},"v":3}}"#);
            let line = parse(&text).expect("values");
            assert_eq!(line.time.map(protocol::Timestamp::micros), Some(1_796_108_320_250_000), "{time}");
            let mut labels = line.labels.clone();
            labels.sort();
            assert_eq!(labels, [("host".into(), "web1".into()), ("k8s.pod".into(), "a-1".into())]);
        }
        // Seconds since the program began are a value.
        assert_eq!(values(r#"{"time":12.5}"#), [of("", "time", 12.5)]);
    }

    #[test]
    fn other_texts_are_not_understood() {
        for text in ["{", "{\"a\":1", "3", "\"a\"", "{\"a\":1}x", "{\"a\":01}"] {
            assert!(matches!(parse(text), Err(LineError::Json(_))), "{text}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        assert!(matches!(parse(&deep), Err(LineError::Json(_))));
        assert_eq!(parse("{}"), Err(LineError::NoNumber));
        let many = format!("[{}1]", "1,".repeat(MAX_VALUES));
        assert_eq!(parse(&many), Err(LineError::TooManyValues));
    }
}
