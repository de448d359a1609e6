//! Tokens and passwords in files.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;

use super::settings::BasicAuth;
use crate::bounded_file;

/// Where the value of the header `Authorization` comes from.
#[derive(Clone, Debug)]
pub(super) enum Authorization {
    None,
    Bearer(PathBuf),
    Basic(BasicAuth),
}

impl Authorization {
    /// Reads the value of the header. Blocks.
    ///
    /// # Errors
    /// In one line, without the secret.
    pub(super) fn read(&self) -> Result<Option<HeaderValue>, String> {
        let text = match self {
            Self::None => return Ok(None),
            Self::Bearer(path) => format!("Bearer {}", secret("bearer_token_file", path)?),
            Self::Basic(BasicAuth { username, password_file }) => {
                format!(
                    "Basic {}",
                    STANDARD.encode(format!("{username}:{}", secret("basic_auth.password_file", password_file)?))
                )
            }
        };
        let mut value =
            HeaderValue::try_from(text).map_err(|_| "the token or password has a control character".to_owned())?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

#[expect(clippy::disallowed_methods, reason = "on a `BlockingThread`")]
fn secret(setting: &str, path: &Path) -> Result<String, String> {
    let text = bounded_file::read_text(path).map_err(|error| format!("{setting} {}: {error}", path.display()))?;
    let secret = text.trim();
    if secret.is_empty() {
        Err(format!("{setting} {}: the file is empty", path.display()))
    } else {
        Ok(secret.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_or_a_password_becomes_a_header() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secret");
        std::fs::write(&file, "s3cret\n").expect("writes");
        let value =
            |from: Authorization| from.read().map(|value| value.and_then(|v| v.to_str().map(str::to_owned).ok()));
        assert_eq!(value(Authorization::Bearer(file.clone())), Ok(Some("Bearer s3cret".to_owned())));
        let basic = BasicAuth { username: "u".to_owned(), password_file: file.clone() };
        assert_eq!(value(Authorization::Basic(basic)), Ok(Some("Basic dTpzM2NyZXQ=".to_owned())));
        std::fs::write(&file, "\n").expect("writes");
        assert!(Authorization::Bearer(file.clone()).read().is_err_and(|error| error.ends_with("the file is empty")));
        std::fs::write(&file, "a\u{1}b").expect("writes");
        assert_eq!(
            Authorization::Bearer(file).read().map(|_| ()),
            Err("the token or password has a control character".to_owned())
        );
        assert!(Authorization::Bearer("missing".into()).read().is_err());
    }
}
