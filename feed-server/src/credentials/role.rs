//! The permissions of a token or a browser session.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read samples and the state of the server.
    #[default]
    View,
    /// Everything of `View`, and change what all viewers share.
    Edit,
    /// Send samples. Does not include reading them.
    Publish,
}

impl Role {
    /// Returns true if a holder of this role may do what needs `needed`.
    pub const fn includes(self, needed: Self) -> bool {
        matches!(
            (self, needed),
            (Self::View | Self::Edit, Self::View) | (Self::Edit, Self::Edit) | (Self::Publish, Self::Publish)
        )
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Publish => "publish",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_includes_view_and_publish_includes_nothing_else() {
        let all = [Role::View, Role::Edit, Role::Publish];
        let allowed = |role: Role| all.into_iter().filter(|&needed| role.includes(needed)).collect::<Vec<_>>();
        assert_eq!(allowed(Role::View), [Role::View]);
        assert_eq!(allowed(Role::Edit), [Role::View, Role::Edit]);
        assert_eq!(allowed(Role::Publish), [Role::Publish]);
    }
}
