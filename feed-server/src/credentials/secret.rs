//! Random secrets, and the digests that are kept in place of them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt;
use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use thiserror::Error;

/// Characters of a [`Secret`]: 256 bits in base64url.
pub const SECRET_CHARS: usize = 43;

/// 256 bits from the system's random generator, in base64url. `Debug` hides them.
#[derive(Clone)]
pub struct Secret(String);

/// A SHA-256 digest. It can be kept in a file: it does not reveal a random secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; SHA256_OUTPUT_LEN]);

/// The public name of a browser session: the first 64 bits of the digest of its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(u64);

#[derive(Debug, Error)]
#[error("a session's id must have 16 hexadecimal digits, found {found:?}: `feed-server sessions list` shows the ids")]
pub struct InvalidSessionId {
    found: String,
}

impl Secret {
    pub fn random() -> Self {
        let bits: [u8; 32] = rand::rng().random();
        Self(URL_SAFE_NO_PAD.encode(bits))
    }

    /// The secret, for the one response that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

impl Digest {
    pub fn of(secret: &[u8]) -> Self {
        Self::of_parts(&[secret])
    }

    /// The digest of this one and a secret: the same secret has another digest beside each session.
    #[must_use]
    pub fn salted(self, secret: &[u8]) -> Self {
        Self::of_parts(&[&self.0, secret])
    }

    /// Compares in constant time.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    pub fn id(&self) -> SessionId {
        SessionId(self.0[..8].iter().fold(0, |id, &byte| id << 8 | u64::from(byte)))
    }

    fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut digest = [0; SHA256_OUTPUT_LEN];
        digest.copy_from_slice(context.finish().as_ref());
        Self(digest)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.id())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(&*text).map_err(serde::de::Error::custom)?;
        bytes.try_into().map(Self).map_err(|_| serde::de::Error::custom("a digest must have 256 bits"))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        let is_hex =
            text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        match u64::from_str_radix(text, 16) {
            Ok(id) if is_hex => Ok(Self(id)),
            _ => Err(InvalidSessionId { found: text.chars().take(64).collect() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_256_bits_and_differ() {
        let (one, other) = (Secret::random(), Secret::random());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), SECRET_CHARS);
        assert!(!format!("{one:?}").contains(one.reveal()));
    }

    #[test]
    fn a_digest_is_sha_256_and_survives_its_text_form() {
        let digest = Digest::of(b"abc");
        // FIPS 180-2, appendix B.1.
        assert_eq!(digest.id().to_string(), "ba7816bf8f01cfea");
        let text = serde_json::to_string(&digest).expect("serialises");
        assert_eq!(serde_json::from_str::<Digest>(&text).expect("parses"), digest);
        assert!(serde_json::from_str::<Digest>("\"abc\"").is_err());
        assert!(!digest.is(&Digest::of(b"abd")) && digest.is(&Digest::of(b"abc")));
    }

    #[test]
    fn an_id_is_sixteen_hexadecimal_digits() {
        assert_eq!("ba7816bf8f01cfea".parse::<SessionId>().expect("valid"), Digest::of(b"abc").id());
        for wrong in ["", "ba7816bf8f01cfe", "BA7816BF8F01CFEA", "+a7816bf8f01cfea", ".ba7816bf8f01cfea.new"] {
            assert!(wrong.parse::<SessionId>().is_err(), "{wrong}");
        }
    }
}
