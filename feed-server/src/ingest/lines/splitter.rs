//! Bytes to lines. A line ends with a line feed or a carriage return.

use std::borrow::Cow;

/// The rest of a longer line is skipped.
pub(super) const MAX_LINE_BYTES: usize = 65_536;

const ESCAPE: u8 = 0x1b;

/// Keeps the beginning of a line until its end arrives.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    begun: Vec<u8>,
    is_skipping: bool,
    /// Lines that were longer than the limit, since the start.
    cut: u64,
}

impl Splitter {
    /// Passes the lines that end in `bytes` to `take`. Empty ones are left out; terminal sequences too, such as those of colours.
    pub(super) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(&str)) {
        let mut from = 0;
        for end in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            self.keep(&bytes[from..end]);
            self.end(&mut take);
            from = end + 1;
        }
        self.keep(&bytes[from..]);
    }

    /// Passes the line that has no end.
    pub(super) fn finish(&mut self, mut take: impl FnMut(&str)) {
        self.end(&mut take);
    }

    pub(super) const fn cut(&self) -> u64 {
        self.cut
    }

    fn keep(&mut self, part: &[u8]) {
        if self.is_skipping {
            return;
        }
        let room = MAX_LINE_BYTES - self.begun.len();
        self.begun.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() > room {
            self.is_skipping = true;
            self.cut += 1;
        }
    }

    fn end(&mut self, take: &mut impl FnMut(&str)) {
        self.is_skipping = false;
        if !self.begun.is_empty() {
            let plain = without_escapes(&self.begun);
            let text = String::from_utf8_lossy(&plain);
            // Of a file with a byte order mark.
            let text = text.trim_start_matches('\u{feff}');
            if !text.trim().is_empty() {
                take(text);
            }
            drop(plain);
            self.begun.clear();
        }
    }
}

/// Removes control sequences (ECMA-48: `ESC [ ... letter`) and other escapes of terminals.
fn without_escapes(line: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(ESCAPE, line).is_none() {
        return Cow::Borrowed(line);
    }
    let mut plain = Vec::with_capacity(line.len());
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != ESCAPE {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'[') => {
                bytes.find(|byte| (0x40..=0x7e).contains(byte));
            }
            // `ESC ]` text BEL, or text `ESC \`
            Some(b']') if bytes.find(|byte| matches!(*byte, 0x07 | ESCAPE)) == Some(ESCAPE) => {
                bytes.next();
            }
            // `ESC ( B`
            Some(0x20..=0x2f) => {
                bytes.find(|byte| (0x30..=0x7e).contains(byte));
            }
            _ => {}
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let (mut splitter, mut found) = (Splitter::default(), Vec::new());
        for part in parts {
            splitter.push(part, |line| found.push(line.to_owned()));
        }
        splitter.finish(|line| found.push(line.to_owned()));
        found
    }

    #[test]
    fn a_line_ends_with_either_character_and_may_come_in_parts() {
        assert_eq!(lines(&[b"a 1\r\nb", b" 2\n", b"\n\r  \n", b"c 3\rd"]), ["a 1", "b 2", "c 3", "d"]);
    }

    #[test]
    fn colours_are_removed_and_bytes_that_are_no_text_are_replaced() {
        assert_eq!(lines(&[b"\x1b[1;31m3.5\x1b[0m \x1b]0;title\x07x\xff\n"]), ["3.5 x\u{fffd}"]);
        assert_eq!(
            lines(&[b"temp: 41.5\x1b(B\x1b[m\n\x1b]0;title\x1b\\a 1\n\xef\xbb\xbfts,x\n"]),
            ["temp: 41.5", "a 1", "ts,x"]
        );
    }

    #[test]
    fn the_rest_of_a_long_line_is_skipped_and_counted() {
        let long = vec![b'x'; MAX_LINE_BYTES + 10];
        let (mut splitter, mut found) = (Splitter::default(), Vec::new());
        splitter.push(&long, |_| panic!("no end"));
        splitter.push(b"yyy\nnext\n", |line| found.push(line.to_owned()));
        assert_eq!((found[0].len(), &*found[1], splitter.cut()), (MAX_LINE_BYTES, "next", 1));
    }

    proptest! {
        #[test]
        fn parts_do_not_matter(text in "[a-c\n\r\u{1b}\\[ ]{0,60}", at in 0..60usize) {
            let bytes = text.as_bytes();
            let at = at.min(bytes.len());
            prop_assert_eq!(lines(&[bytes]), lines(&[&bytes[..at], &bytes[at..]]));
        }
    }
}
