//! Both halves of a browser session, as a page holds them.

#![allow(unreachable_pub, reason = "a module of a test binary")]

use std::net::SocketAddr;

use crate::served::Served;

#[derive(Clone, Debug)]
pub struct PageSession {
    /// `NAME=VALUE`.
    pub cookie: String,
    pub key: String,
}

impl PageSession {
    /// Reads the response to a sign-in.
    pub fn of(answer: &str) -> Self {
        let between = |before: &str, after: &str| {
            let found = answer.split_once(before).and_then(|(_, rest)| rest.split_once(after));
            found.unwrap_or_else(|| panic!("{before} is not in {answer}")).0.to_owned()
        };
        Self { cookie: between("set-cookie: ", ";"), key: between("\"key\":\"", "\"") }
    }

    pub async fn open(served: &Served, token: &str) -> Self {
        Self::of(&served.post("/sign-in", &format!("authorization: Bearer {token}\r\n")).await)
    }

    /// Headers of a page's stream, each with its line end.
    pub fn of_page(&self, host: SocketAddr) -> String {
        let Self { cookie, key } = self;
        format!("origin: http://{host}\r\ncookie: {cookie}\r\nsec-websocket-protocol: kymograph.2, key.{key}\r\n")
    }

    /// Headers of another request, each with its line end.
    pub fn of_program(&self) -> String {
        format!("cookie: {}\r\nx-kymograph-key: {}\r\n", self.cookie, self.key)
    }
}
