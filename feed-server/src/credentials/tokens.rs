//! The tokens of a server, each with a name and a role.

use super::role::Role;
use super::token::Token;

#[derive(Clone, Debug)]
pub struct NamedToken {
    pub name: String,
    pub role: Role,
    pub token: Token,
}

#[derive(Clone, Debug, Default)]
pub struct Tokens(Vec<NamedToken>);

impl Tokens {
    pub const fn new(tokens: Vec<NamedToken>) -> Self {
        Self(tokens)
    }

    /// The token that equals `candidate`. All are compared, each in constant time.
    pub fn find(&self, candidate: &[u8]) -> Option<&NamedToken> {
        self.named_by(|token| Token::are_equal(token, candidate))
    }

    /// The token that satisfies a condition. The condition is evaluated for all.
    pub fn named_by(&self, mut is_it: impl FnMut(&[u8]) -> bool) -> Option<&NamedToken> {
        self.0
            .iter()
            .fold(None, |found, token| if is_it(token.token.reveal().as_bytes()) { Some(token) } else { found })
    }

    /// The name of a token that has the same secret as an earlier one: its role would be ambiguous.
    pub fn repeated(&self) -> Option<&str> {
        let tokens = &self.0;
        let mut later = tokens.iter().enumerate();
        later
            .find(|(number, token)| tokens[..*number].iter().any(|earlier| earlier.token == token.token))
            .map(|(_, token)| &*token.name)
    }
}
