//! The command `feed-server sources`: prints what a running server says about its sources.

#![expect(clippy::disallowed_methods, reason = "on the main thread of a command")]

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use thiserror::Error;

use crate::bounded_file::{self, ReadError};

/// For each step of the request.
const WAIT: Duration = Duration::from_secs(5);
const MAX_ANSWER_BYTES: u64 = 16 << 20;

#[derive(Debug, Args)]
pub struct SourcesArgs {
    /// The address of the server.
    #[arg(long, value_name = "ADDRESS", default_value = "http://127.0.0.1:9000")]
    pub url: String,
    /// A file with a token of the role view, if the server needs one.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// The reason why there is no report.
#[derive(Debug, Error)]
pub enum SourcesError {
    #[error("--url must be http://HOST:PORT, perhaps with a path, found {0}. For https, use `curl ADDRESS/sources`")]
    Address(String),
    #[error("cannot read {path}: {error}")]
    Token { path: String, error: ReadError },
    #[error("cannot ask {url}: {error}")]
    Connection { url: String, error: io::Error },
    #[error("{url} answers {status}: {text}")]
    Refused { url: String, status: String, text: String },
    #[error("cannot write the report: {0}")]
    Output(io::Error),
}

impl SourcesArgs {
    /// Asks the server and writes its report to `output`. A closed output is no error.
    ///
    /// # Errors
    /// [`SourcesError`].
    pub fn run(&self, mut output: impl Write) -> Result<(), SourcesError> {
        let report = self.ask()?;
        match output.write_all(table(&report).as_bytes()).and_then(|()| output.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(SourcesError::Output(error)),
            _ => Ok(()),
        }
    }

    fn ask(&self) -> Result<String, SourcesError> {
        let url = self.url.trim_end_matches('/');
        let wrong = || SourcesError::Address(self.url.clone());
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let is_plain = |text: &str| !text.contains(|c: char| c.is_whitespace() || c.is_control());
        if host.is_empty() || !is_plain(rest) {
            return Err(wrong());
        }
        let authorization = match &self.token_file {
            Some(file) => {
                let path = file.display().to_string();
                let token = bounded_file::read_text(file).map_err(|error| SourcesError::Token { path, error })?;
                format!("authorization: Bearer {}\r\n", token.trim())
            }
            None => String::new(),
        };
        let request =
            format!("GET {path}/sources HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{authorization}\r\n");
        let with_port = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let failed = |error| SourcesError::Connection { url: self.url.clone(), error };
        let answer = exchange(&with_port, &request).map_err(failed)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.lines().next().and_then(|line| line.split_once(' ')).map_or("", |(_, status)| status);
        if status.starts_with("200") {
            return Ok(body.to_owned());
        }
        let (status, text) = (status.to_owned(), body.trim().to_owned());
        Err(SourcesError::Refused { url: self.url.clone(), status, text })
    }
}

fn exchange(host: &str, request: &str) -> io::Result<String> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in host.to_socket_addrs()? {
        let mut stream = match TcpStream::connect_timeout(&address, WAIT) {
            Ok(stream) => stream,
            Err(error) => {
                last = error;
                continue;
            }
        };
        stream.set_read_timeout(Some(WAIT))?;
        stream.set_write_timeout(Some(WAIT))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
        return Ok(String::from_utf8_lossy(&answer).into_owned());
    }
    Err(last)
}

/// The lines of a report in columns. A source is named once.
fn table(report: &str) -> String {
    let lines: Vec<[&str; 3]> = report
        .lines()
        .map(|line| {
            let mut parts = line.splitn(3, '\t').map(str::trim);
            std::array::from_fn(|_| parts.next().unwrap_or_default())
        })
        .collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let (mut text, mut before) = (String::new(), "");
    for [source, subject, fact] in lines {
        let shown = if source == before { "" } else { source };
        before = source;
        text.push_str(format!("{shown:first$}  {subject:second$}  {fact}").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn printed(url: &str) -> Result<String, String> {
        let mut output = Vec::new();
        let arguments = SourcesArgs { url: url.to_owned(), token_file: None };
        arguments.run(&mut output).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(output).expect("a text"))
    }

    /// A server that answers once with this status and body.
    fn answering(status: &'static str, body: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let url = format!("http://{}/base/", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = [0; 1_024];
            let length = stream.read(&mut request).expect("a request");
            assert!(request[..length].starts_with(b"GET /base/sources HTTP/1.1\r\n"));
            write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\n\r\n{body}").expect("answers");
        });
        url
    }

    #[test]
    fn a_report_is_printed_in_columns() {
        let url = answering("200 OK", "host\trunning\t5 series\nhost\tlast error\tx\nudp:1\tlistening\t0 series");
        let expected = "host   running     5 series\n       last error  x\nudp:1  listening   0 series\n";
        assert_eq!(printed(&url).as_deref(), Ok(expected));
    }

    #[test]
    fn a_refusal_and_a_wrong_address_say_what_is_wrong() {
        let url = answering("401 Unauthorized", "a token is needed\n");
        assert_eq!(printed(&url), Err(format!("{url} answers 401 Unauthorized: a token is needed")));
        assert!(printed("https://a").is_err_and(|error| error.contains("use `curl ADDRESS/sources`")));
        assert!(printed("127.0.0.1:9000").is_err_and(|error| error.starts_with("--url must be http://HOST:PORT")));
        assert!(printed("http://127.0.0.1:1").is_err_and(|error| error.starts_with("cannot ask http://127.0.0.1:1: ")));
    }
}
