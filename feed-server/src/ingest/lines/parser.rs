//! Lines in any of the formats.

use super::columns::Columns;
use super::json;
use super::line::{Line, LineError};
use super::line_settings::Format;
use super::words;

/// Reads lines, each by its own format or all by one.
#[derive(Debug)]
pub(super) struct Parser {
    format: Format,
    columns: Columns,
}

impl Parser {
    pub(super) fn new(format: Format) -> Self {
        Self { format, columns: Columns::default() }
    }

    /// Reads a line. `None` for one that has no values, such as a header.
    pub(super) fn parse<'t>(&'t mut self, text: &'t str) -> Result<Option<Line<'t>>, LineError> {
        match self.format {
            Format::Columns => self.columns.parse(text),
            Format::Json => json::parse(text).map(Some),
            Format::Words => words::parse(text).map(Some),
            Format::Auto => self.parse_any(text),
        }
    }

    fn parse_any<'t>(&'t mut self, text: &'t str) -> Result<Option<Line<'t>>, LineError> {
        let begin = text.trim_start();
        if begin.starts_with('{') || begin.starts_with('[') && text.trim_end().ends_with(']') {
            match json::parse(text) {
                Err(LineError::Json(_)) if begin.starts_with('[') => {}
                Err(LineError::NoNumber) => return Ok(None),
                read => return read.map(Some),
            }
        }
        if text.contains(['=', ':'])
            && let Ok(line) = words::parse(text)
        {
            return Ok(Some(line));
        }
        self.columns.parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_each_line_is_recognized() {
        let mut parser = Parser::new(Format::Auto);
        let mut values = |text: &str| parser.parse(text).map(|line| line.map(|line| line.values.len()));
        assert_eq!(values("{\"a\":1,\"b\":2}"), Ok(Some(2)));
        assert_eq!(values("[1,2,3]"), Ok(Some(3)));
        assert_eq!(values("[core 0] temp: 45.5"), Ok(Some(1)));
        assert_eq!(values("temp=21.5 hum=40"), Ok(Some(2)));
        assert_eq!(values("avg-cpu:  %user   %nice"), Ok(None));
        assert_eq!(values("   1.5  2"), Ok(Some(2)));
        assert_eq!(values("1,2,3"), Ok(Some(3)));
        assert_eq!(values("PING localhost (127.0.0.1) 56(84) bytes of data."), Ok(None));
        assert_eq!(values("{}"), Ok(None));
        assert!(matches!(values("{\"a\":"), Err(LineError::Json(_))));
    }

    #[test]
    fn a_format_that_is_set_is_the_only_one() {
        let values =
            |format, text: &str| Parser::new(format).parse(text).map(|line| line.map(|line| line.values.len()));
        assert!(matches!(values(Format::Json, "1 2"), Err(LineError::Json(_))));
        assert_eq!(values(Format::Words, "1 2"), Err(LineError::NoNumber));
        assert_eq!(values(Format::Columns, "a=1 2"), Ok(Some(1)));
    }
}
