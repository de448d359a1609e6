//! What an answer says about itself, and its body, unpacked.

use std::io::{self, Write};
use std::sync::Arc;

use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ingest::exposition::Format;

/// Asks for OpenMetrics first, and for text otherwise.
pub(super) const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
    application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
    text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

/// Packed bytes are unpacked in such pieces, so that other tasks run between them: a piece becomes at most 1 MB.
const PIECE_BYTES: usize = 1_024;

/// The reason why an answer cannot be used.
#[derive(Debug, Error)]
pub(super) enum BadAnswer {
    #[error("it answers with HTML, which has no metrics: set its path, usually /metrics")]
    Html,
    #[error("it answers with the type {0:?}: expected text/plain or application/openmetrics-text")]
    ContentType(String),
    #[error("it answers with the encoding {0:?}: expected gzip or none")]
    Encoding(String),
    #[error("its answer has more than {allowed} bytes, the limit that body_bytes sets")]
    TooLong { allowed: usize },
    #[error(
        "the answers of all targets have more than {allowed} bytes at one time, four times body_bytes: raise it, or ask for fewer metrics"
    )]
    NoRoom { allowed: usize },
    #[error("its answer cannot be unpacked: {0}")]
    Gzip(io::Error),
    #[error("its answer is incomplete: {0}")]
    Incomplete(hyper::Error),
}

/// The format by the media type alone. Without one it is text.
///
/// # Errors
/// If it is another type.
pub(super) fn format(headers: &HeaderMap) -> Result<Format, BadAnswer> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Format::Text) };
    let text = String::from_utf8_lossy(value.as_bytes());
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match &*media_type {
        "" | "text/plain" => Ok(Format::Text),
        "application/openmetrics-text" => Ok(Format::OpenMetrics),
        "text/html" | "application/xhtml+xml" => Err(BadAnswer::Html),
        _ => Err(BadAnswer::ContentType(media_type)),
    }
}

/// Room for the bodies that are held at one time.
#[derive(Clone, Debug)]
pub(super) struct BodyRoom {
    room: Arc<Semaphore>,
    bytes: usize,
}

impl BodyRoom {
    pub(super) fn new(bytes: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(bytes)), bytes }
    }
}

/// A body, unpacked. Its room is free when it is dropped.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    allowed: usize,
    room: BodyRoom,
    taken: Option<OwnedSemaphorePermit>,
    /// Why the last bytes were refused.
    refused: Option<BadAnswer>,
}

impl Body {
    fn new(allowed: usize, room: BodyRoom) -> Self {
        Self { bytes: Vec::new(), allowed, room, taken: None, refused: None }
    }

    /// Reads a body to its end.
    ///
    /// # Errors
    /// [`BadAnswer`].
    pub(super) async fn read(
        headers: &HeaderMap,
        mut incoming: Incoming,
        allowed: usize,
        room: &BodyRoom,
    ) -> Result<Self, BadAnswer> {
        let encoding = headers.get(CONTENT_ENCODING).map_or("", |value| value.to_str().unwrap_or("?")).trim();
        let body = Self::new(allowed, room.clone());
        let mut unpacking = match encoding.to_ascii_lowercase().as_str() {
            "" | "identity" => Unpacking::Plain(body),
            "gzip" | "x-gzip" => Unpacking::Gzip(Box::new(MultiGzDecoder::new(body))),
            other => return Err(BadAnswer::Encoding(other.to_owned())),
        };
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.map_err(BadAnswer::Incomplete)?.into_data() else { continue };
            for piece in data.chunks(PIECE_BYTES) {
                unpacking.write(piece)?;
                tokio::task::consume_budget().await;
            }
        }
        unpacking.finish()
    }
}

impl Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.allowed {
            self.refused = Some(BadAnswer::TooLong { allowed: self.allowed });
            return Err(io::Error::other("too long"));
        }
        let permits = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let Ok(more) = Arc::clone(&self.room.room).try_acquire_many_owned(permits) else {
            self.refused = Some(BadAnswer::NoRoom { allowed: self.room.bytes });
            return Err(io::Error::other("no room"));
        };
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Unpacking {
    Plain(Body),
    Gzip(Box<MultiGzDecoder<Body>>),
}

impl Unpacking {
    fn write(&mut self, bytes: &[u8]) -> Result<(), BadAnswer> {
        let (written, body) = match self {
            Self::Plain(body) => (body.write_all(bytes), body),
            Self::Gzip(decoder) => (decoder.write_all(bytes), decoder.get_mut()),
        };
        written.map_err(|error| body.refused.take().unwrap_or(BadAnswer::Gzip(error)))
    }

    fn finish(self) -> Result<Body, BadAnswer> {
        match self {
            Self::Plain(body) => Ok(body),
            Self::Gzip(mut decoder) => {
                if let Err(error) = decoder.try_finish() {
                    return Err(decoder.get_mut().refused.take().unwrap_or(BadAnswer::Gzip(error)));
                }
                decoder.finish().map_err(BadAnswer::Gzip)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn unpack(packed: &[u8], allowed: usize, room: usize) -> Result<Vec<u8>, String> {
        let body = Body::new(allowed, BodyRoom::new(room));
        let mut unpacking = Unpacking::Gzip(Box::new(MultiGzDecoder::new(body)));
        let read = packed.chunks(PIECE_BYTES).try_for_each(|piece| unpacking.write(piece));
        read.and_then(|()| unpacking.finish()).map(|body| body.bytes.clone()).map_err(|error| error.to_string())
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("packs");
        encoder.finish().expect("packs")
    }

    #[test]
    fn a_packed_body_is_unpacked_and_its_length_is_bounded() {
        let packed_text = packed(b"a 1\n");
        assert_eq!(unpack(&packed_text, 100, 100).as_deref(), Ok(&b"a 1\n"[..]));
        assert_eq!(
            unpack(&[packed_text.clone(), packed_text.clone()].concat(), 100, 100).map(|text| text.len()),
            Ok(8)
        );
        let bomb = packed(&vec![b' '; 10 << 20]);
        let error = "its answer has more than 1048576 bytes, the limit that body_bytes sets";
        assert_eq!(unpack(&bomb, 1 << 20, 1 << 30), Err(error.to_owned()));
        assert!(unpack(&bomb, 100 << 20, 1 << 20).is_err_and(|error| error.contains("of all targets")));
        assert!(unpack(&packed_text[..packed_text.len() - 3], 100, 100).is_err());
        assert!(unpack(b"no gzip", 100, 100).is_err_and(|error| error.starts_with("its answer cannot be unpacked")));
    }

    #[test]
    fn the_media_type_decides_the_format() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, text.parse().expect("a header"));
            format(&headers).map_err(|error| error.to_string())
        };
        assert_eq!(of("application/openmetrics-text; version=1.0.0"), Ok(Format::OpenMetrics));
        assert_eq!(of("Text/Plain;version=0.0.4; charset=utf-8"), Ok(Format::Text));
        assert_eq!((of(""), format(&HeaderMap::new()).ok()), (Ok(Format::Text), Some(Format::Text)));
        assert!(of("text/html; charset=utf-8").is_err_and(|error| error.contains("set its path")));
        assert!(of("application/json").is_err_and(|error| error.contains("\"application/json\"")));
    }
}
