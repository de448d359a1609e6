//! Replaces sections of a document. A section is between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Replaces the text between the marks of each section. If a mark is missing, the document is unchanged.
pub(crate) fn replace(file: &Path, sections: &[(&str, String)]) -> Result<()> {
    let mut text = fs::read_to_string(file)?;
    for (name, section) in sections {
        text = replaced(&text, name, section)?;
    }
    fs::write(file, text)?;
    Ok(())
}

fn replaced(text: &str, name: &str, section: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = text.split_once(&begin).with_context(|| format!("missing line `{}`", begin.trim_end()))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("missing line `{end}` after its begin"))?;
    Ok(format!("{before}{begin}{section}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_marks_is_replaced() {
        let text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n";
        assert_eq!(replaced(text, "x", "new\n").expect("marked"), text.replace("old", "new"));
        let error = replaced(text, "y", "new\n").expect_err("not marked");
        assert!(error.to_string().contains("`<!-- y: begin -->`"), "{error}");
    }
}
