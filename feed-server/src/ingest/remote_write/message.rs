//! The version of a request; its body, unpacked.

use thiserror::Error;

use super::wire::BadMessage;

/// Unpacked messages are at most this long, as Prometheus' own receiver allows.
const MAX_BYTES: usize = 32 << 20;

/// The version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// The reason why a request is refused as a whole.
#[derive(Debug, Error)]
pub(super) enum BadRequest {
    #[error(
        "Content-Type must be application/x-protobuf, with proto=prometheus.WriteRequest, proto=io.prometheus.write.v2.Request or none, found {0:?}"
    )]
    ContentType(String),
    #[error("Content-Encoding must be snappy, found {0:?}")]
    ContentEncoding(String),
    #[error("the body is not packed by snappy, in its block format: {0}")]
    Snappy(snap::Error),
    #[error("the unpacked body must have at most {MAX_BYTES} bytes, found {0}")]
    TooLong(usize),
    #[error("the body is no message of remote write: {0}")]
    Message(#[from] BadMessage),
}

impl BadRequest {
    pub(super) const fn status(&self) -> u16 {
        match self {
            Self::ContentType(_) | Self::ContentEncoding(_) => 415,
            Self::Snappy(_) | Self::Message(_) => 400,
            Self::TooLong(_) => 413,
        }
    }
}

/// The version that a request states.
///
/// # Errors
/// If it states another type or encoding.
pub(super) fn version(content_type: &str, content_encoding: &str) -> Result<Version, BadRequest> {
    let refused = || BadRequest::ContentType(content_type.to_owned());
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next().unwrap_or_default().eq_ignore_ascii_case("application/x-protobuf") {
        return Err(refused());
    }
    let proto = parts.find_map(|part| part.strip_prefix("proto=")).map(|proto| proto.trim_matches('"'));
    let version = match proto {
        None | Some("prometheus.WriteRequest") => Version::V1,
        Some("io.prometheus.write.v2.Request") => Version::V2,
        Some(_) => return Err(refused()),
    };
    if !content_encoding.trim().eq_ignore_ascii_case("snappy") {
        return Err(BadRequest::ContentEncoding(content_encoding.to_owned()));
    }
    Ok(version)
}

/// Unpacks a body. Its length is checked before memory is taken for it.
///
/// # Errors
/// If it is not packed, or too long.
pub(super) fn unpack(body: &[u8]) -> Result<Vec<u8>, BadRequest> {
    let length = snap::raw::decompress_len(body).map_err(BadRequest::Snappy)?;
    if length > MAX_BYTES {
        return Err(BadRequest::TooLong(length));
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(BadRequest::Snappy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_states_the_version() {
        let of = |text| version(text, "snappy").map_err(|error| error.status());
        assert_eq!(of("application/x-protobuf"), Ok(Version::V1));
        assert_eq!(of("Application/X-Protobuf; proto=prometheus.WriteRequest"), Ok(Version::V1));
        assert_eq!(of("application/x-protobuf;proto=io.prometheus.write.v2.Request"), Ok(Version::V2));
        for other in ["", "text/plain", "application/x-protobuf;proto=io.prometheus.write.v3.Request"] {
            assert_eq!(of(other), Err(415), "{other}");
        }
        assert!(version("application/x-protobuf", "gzip").is_err_and(|error| error.status() == 415));
    }

    #[test]
    fn the_length_of_a_body_is_checked_before_it_is_unpacked() {
        let packed = snap::raw::Encoder::new().compress_vec(b"abc").expect("packs");
        assert_eq!(unpack(&packed).expect("unpacks"), b"abc");
        // A header that announces 4 GiB.
        let error = unpack(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0]).expect_err("refused");
        assert_eq!((error.status(), error.to_string().contains("at most 33554432 bytes")), (413, true));
        assert!(unpack(b"\x05no").is_err_and(|error| error.status() == 400));
        assert!(unpack(b"").is_err_and(|error| error.status() == 400));
    }
}
