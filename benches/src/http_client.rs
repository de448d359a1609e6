//! GET requests on one connection that is kept open, as a scraper makes them. Blocks.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// An answer of a program on the same machine does not take longer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct HttpClient {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
    body: Vec<u8>,
}

impl HttpClient {
    /// # Errors
    /// If the connection is refused.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, ANSWERS_WITHIN)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
        Ok(Self { stream: BufReader::new(stream), address, body: Vec::new() })
    }

    /// Requests `path` without compression. Returns the body of an answer with status 200.
    ///
    /// # Errors
    /// If the connection is lost, or the answer has another status or is not UTF-8.
    pub fn get(&mut self, path: &str) -> Result<&str> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: identity\r\n\r\n", self.address);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.body.clear();
        read_answer(&mut self.stream, &mut self.body).with_context(|| format!("http://{}{path}", self.address))?;
        Ok(std::str::from_utf8(&self.body)?)
    }
}

/// How the body of an answer ends.
enum End {
    AfterBytes(u64),
    Chunked,
    WithConnection,
}

fn read_answer(stream: &mut impl BufRead, body: &mut Vec<u8>) -> Result<()> {
    let status = line(stream)?;
    ensure!(status.split(' ').nth(1) == Some("200"), "expected status 200, found {status:?}");
    let mut end = End::WithConnection;
    loop {
        let header = line(stream)?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').context("a header without a colon")?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => end = End::AfterBytes(value.parse().context("the length of the body")?),
            "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => end = End::Chunked,
            _ => {}
        }
    }
    match end {
        End::AfterBytes(length) => exactly(stream, length, body),
        End::WithConnection => Ok(stream.read_to_end(body).map(drop)?),
        End::Chunked => loop {
            let head = line(stream)?;
            let length = head.split(';').next().unwrap_or_default().trim();
            let length = u64::from_str_radix(length, 16).with_context(|| format!("the length of a chunk: {head:?}"))?;
            exactly(stream, length, body)?;
            // After a chunk, and after the trailer, which is empty.
            ensure!(line(stream)?.is_empty(), "a chunk is longer than {length} bytes");
            if length == 0 {
                return Ok(());
            }
        },
    }
}

fn exactly(stream: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> Result<()> {
    let read = stream.take(length).read_to_end(body)? as u64;
    ensure!(read == length, "expected {length} bytes, found {read}");
    Ok(())
}

/// A line without its end.
fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bodies of answers on one connection, until one cannot be read.
    fn bodies(mut stream: &[u8]) -> Vec<String> {
        let mut bodies = Vec::new();
        loop {
            let mut body = Vec::new();
            match read_answer(&mut stream, &mut body) {
                Ok(()) => bodies.push(String::from_utf8(body).expect("UTF-8")),
                Err(_) => return bodies,
            }
        }
    }

    #[test]
    fn answers_follow_one_another_on_a_connection() {
        let stream = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none\
            HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n4;x=y\r\ntwo \r\nA\r\nand\r\nthree\r\n0\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\
            HTTP/1.1 200 OK\r\n\r\nuntil the end";
        assert_eq!(bodies(stream), ["one", "two and\r\nthree", "", "until the end"]);
    }

    #[test]
    fn an_answer_that_is_cut_or_an_error_is_refused() {
        for refused in [
            &b""[..],
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\none\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
        ] {
            assert!(bodies(refused).is_empty(), "{}", String::from_utf8_lossy(refused));
        }
    }
}
