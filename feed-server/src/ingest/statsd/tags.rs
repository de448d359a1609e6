//! Tags, in the four dialects of clients.
//!
//! | dialect | form |
//! | --- | --- |
//! | Datadog | `name:1\|c\|#key:value,flag` |
//! | Influx | `name,key=value:1\|c` |
//! | Librato | `name#key=value:1\|c` |
//! | SignalFx | `na[key=value]me:1\|c` |

use super::bad_line::BadLine;

/// Names and values.
pub(super) type Tags<'t> = Vec<(&'t str, &'t str)>;

/// Divides what comes before the first value into the name and its tags.
///
/// # Errors
/// If a bracket is not closed, or a tag has no name.
pub(super) fn of_name(text: &str) -> Result<(String, Tags<'_>), BadLine> {
    if let Some((before, rest)) = text.split_once('[') {
        let (inside, after) = rest.split_once(']').ok_or(BadLine::Tags)?;
        return Ok((format!("{before}{after}"), pairs(inside)?));
    }
    match text.split_once([',', '#']) {
        Some((name, tags)) => Ok((name.to_owned(), pairs(tags)?)),
        None => Ok((text.to_owned(), Vec::new())),
    }
}

fn pairs(text: &str) -> Result<Tags<'_>, BadLine> {
    let pair = |tag: &'_ str| -> Result<(usize, usize), BadLine> {
        let (name, _) = tag.split_once('=').ok_or(BadLine::Tags)?;
        if name.is_empty() { Err(BadLine::Tags) } else { Ok((name.len(), tag.len())) }
    };
    let tags = text.split(',').filter(|tag| !tag.is_empty());
    tags.map(|tag| pair(tag).map(|(name, end)| (&tag[..name], &tag[name + 1..end]))).collect()
}

/// Datadog's tags, after `#`. A flag is a tag with the value `true`; a value may have colons. Some clients write another `#`.
pub(super) fn of_datadog(text: &str) -> Tags<'_> {
    let tags = text.split(',').map(|tag| tag.trim_start_matches('#')).filter(|tag| !tag.is_empty());
    tags.map(|tag| tag.split_once(':').unwrap_or((tag, "true"))).filter(|(name, _)| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_a_name_are_read_in_three_dialects() {
        for text in ["name,a=1,b=x:y", "name#a=1,b=x:y", "na[a=1,b=x:y]me"] {
            let (name, tags) = of_name(text).expect(text);
            assert_eq!((&*name, &tags[..]), ("name", &[("a", "1"), ("b", "x:y")][..]), "{text}");
        }
        assert_eq!(of_name("a.b").map(|(name, tags)| (name, tags.len())), Ok(("a.b".to_owned(), 0)));
        for text in ["name,a", "name,=1", "na[a=1me"] {
            assert_eq!(of_name(text), Err(BadLine::Tags), "{text}");
        }
    }

    #[test]
    fn datadogs_tags_have_flags_and_colons() {
        assert_eq!(of_datadog("k:v,flag,k2:a:b,,#k3:c,:x"), [("k", "v"), ("flag", "true"), ("k2", "a:b"), ("k3", "c")]);
        assert_eq!(of_datadog(""), []);
    }
}
