//! The name of a process, held without an allocation.

/// Programs have at most 15 bytes, threads of the kernel up to 63.
const MAX_BYTES: usize = 31;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    bytes: [u8; MAX_BYTES],
    length: u8,
}

impl Name {
    /// Of a worker thread of the kernel, without what it works on at this moment (`kworker/0:1-events`).
    pub(super) fn new(name: &[u8]) -> Self {
        let is_worker = name.starts_with(b"kworker/") && !name.starts_with(b"kworker/R-");
        let end = if is_worker { name.iter().position(|byte| matches!(byte, b'-' | b'+')) } else { None };
        let name = &name[..end.unwrap_or(name.len()).min(MAX_BYTES)];
        let mut bytes = [0; MAX_BYTES];
        bytes[..name.len()].copy_from_slice(name);
        Self { bytes, length: name.len() as u8 }
    }

    /// The name may have any bytes.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..usize::from(self.length)]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_bytes_has_a_text() {
        let text = |name: &[u8]| Name::new(name).text();
        assert_eq!(text(b"a b) (c\n\x1b[31m"), "a b) (c\n\x1b[31m");
        assert_eq!(text("\u{202e}evil".as_bytes()), "\u{202e}evil");
        assert_eq!(text(b"a\xff"), "a\u{fffd}");
        assert_eq!(text(b""), "");
        assert_eq!(text(&[b'x'; 4_096]).len(), MAX_BYTES);
    }

    #[test]
    fn a_worker_of_the_kernel_has_one_name_whatever_it_works_on() {
        for name in ["kworker/u8:2-events_unbound", "kworker/u8:2+flush", "kworker/u8:2"] {
            assert_eq!(Name::new(name.as_bytes()).text(), "kworker/u8:2");
        }
        assert_eq!(Name::new(b"kworker/R-xfs").text(), "kworker/R-xfs");
        assert_eq!(Name::new(b"x-y").text(), "x-y");
    }
}
