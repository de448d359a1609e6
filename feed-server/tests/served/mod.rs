//! A server on a free port, and viewers of it.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use feed_server::app::config::Config;
use feed_server::app::server::Server;
use futures_util::{SinkExt, StreamExt};
use hyper::header::HeaderName;
use protocol::{Body, Catalog, ClientMessage, Epoch, Frame, GroupId, Samples, Sequence, SeriesId, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A WebSocket handshake that asks the server to close after a refusal. `more` are headers, each with its line end.
pub fn handshake(host: SocketAddr, path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

pub struct Served {
    pub address: SocketAddr,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
    task: Option<JoinHandle<()>>,
}

impl Served {
    /// Starts a server with these sources and waits until it is ready.
    pub async fn start(sources: &[&str]) -> Self {
        let sources = sources.iter().map(|spec| spec.parse().expect("a valid source")).collect();
        Self::configured(Config { sources, ..Config::default() }).await
    }

    /// Starts a server with this configuration, on a free port, and waits until it is ready.
    pub async fn configured(config: Config) -> Self {
        Self::launch(config, "").await
    }

    /// Starts a server that needs this token.
    pub async fn with_token(config: Config, token: &str) -> Self {
        Self::launch(config, &format!("authorization: Bearer {token}\r\n")).await
    }

    async fn launch(config: Config, headers: &str) -> Self {
        let config = Config { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ..config };
        let server = Server::bind(config).expect("a free port");
        let address = server.address();
        let stop = CancellationToken::new();
        let running = server.run(stop.clone());
        let task = tokio::spawn(async move { running.await.expect("starts its threads") });
        let this = Self { address, _stop_on_drop: stop.clone().drop_guard(), stop, task: Some(task) };
        while !this.get_with("/readyz", headers).await.starts_with("HTTP/1.1 200") {
            tokio::task::yield_now().await;
        }
        this
    }

    pub async fn viewer(&self, path: &str) -> Viewer {
        self.viewer_with(path, "").await
    }

    /// A viewer whose handshake has these headers too, each with its line end.
    pub async fn viewer_with(&self, path: &str, headers: &str) -> Viewer {
        let stream = TcpStream::connect(self.address).await.expect("connects");
        self.viewer_of(stream, path, headers).await
    }

    /// A viewer for which the kernel holds few bytes that it has not read.
    pub async fn viewer_with_small_buffer(&self, path: &str) -> Viewer {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(8_192).expect("a socket");
        let stream = socket.connect(self.address).await.expect("connects");
        self.viewer_of(stream, path, "").await
    }

    async fn viewer_of(&self, stream: TcpStream, path: &str, headers: &str) -> Viewer {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().expect("an address");
        for (name, value) in headers.lines().filter_map(|line| line.split_once(": ")) {
            let name = HeaderName::try_from(name).expect("a header's name");
            request.headers_mut().insert(name, value.parse().expect("a header's value"));
        }
        let (socket, _response) = client_async(request, stream).await.expect("upgrades");
        Viewer { socket, groups: Groups::default(), close: None }
    }

    /// The complete response to a GET, head and body.
    pub async fn get(&self, path: &str) -> String {
        self.get_with(path, "").await
    }

    /// As [`Served::get`], with these headers too, each with its line end.
    pub async fn get_with(&self, path: &str, headers: &str) -> String {
        let host = self.address;
        self.request(&format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n")).await
    }

    /// The complete response to a POST without a body, with these headers, each with its line end.
    pub async fn post(&self, path: &str, headers: &str) -> String {
        let host = self.address;
        let head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n");
        self.request(&format!("{head}{headers}\r\n")).await
    }

    /// The complete response to these bytes.
    pub async fn request(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        // A server that refuses the head does not read the rest, and a reset may overtake its response.
        let _refused_early = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the server has stopped.
    pub async fn stopped(&mut self) {
        if let Some(task) = self.task.take() {
            task.await.expect("ends without a panic");
        }
    }
}

/// The group of each series, from the catalogs.
#[derive(Default)]
pub struct Groups(BTreeMap<SeriesId, GroupId>);

impl Groups {
    pub fn learn(&mut self, catalog: &Catalog<'_>) {
        self.0.extend(catalog.series.iter().map(|series| (series.id, series.group)));
    }

    /// Each series with its group.
    pub fn ids(&self) -> Vec<(SeriesId, GroupId)> {
        self.0.iter().map(|(&series, &group)| (series, group)).collect()
    }

    /// The times of the rows of a group in live samples.
    pub fn times(&self, samples: &Samples<'_>, group: GroupId) -> BTreeSet<Timestamp> {
        let listed = samples.list.iter().filter(|sample| self.0[&sample.series] == group).map(|sample| sample.time);
        let blocks = samples.blocks.iter().filter(|block| block.group == group);
        listed.chain(blocks.flat_map(|block| block.times.iter())).collect()
    }
}

pub struct Viewer {
    socket: WebSocketStream<TcpStream>,
    /// From all catalogs that were read.
    pub groups: Groups,
    close: Option<(u16, String)>,
}

impl Viewer {
    /// The next binary message.
    pub async fn frame(&mut self) -> Bytes {
        let frame = self.frame_or_close().await;
        frame.unwrap_or_else(|| panic!("expected a frame, found the close {:?}", self.close))
    }

    /// The next binary message; `None` when the server closes.
    pub async fn frame_or_close(&mut self) -> Option<Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    if let Ok(Frame { body: Body::Catalog(catalog), .. }) = Frame::decode(&bytes) {
                        self.groups.learn(&catalog);
                    }
                    return Some(bytes);
                }
                Some(Ok(Message::Close(frame))) => {
                    self.close = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(Error::ConnectionClosed)) | None => return None,
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }

    /// Reads on until the server closes, and returns code and reason.
    pub async fn closed(&mut self) -> (u16, String) {
        while self.close.is_none() && self.frame_or_close().await.is_some() {}
        self.close.clone().expect("a close frame with a code")
    }

    pub async fn say(&mut self, message: &ClientMessage<'_>) {
        self.send(Message::binary(message.to_bytes().expect("encodes"))).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.expect("sends");
    }

    /// As [`Viewer::send`], for a server that may have closed already.
    pub async fn try_send(&mut self, message: Message) -> Result<(), Error> {
        self.socket.send(message).await
    }

    /// Closes, and reads all bytes until the server has closed too.
    ///
    /// # Errors
    /// If the connection is reset.
    pub async fn leave(&mut self) -> std::io::Result<usize> {
        self.send(Message::Close(None)).await;
        self.socket.get_mut().read_to_end(&mut Vec::new()).await
    }

    /// Writes bytes to the socket unchanged.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).await.expect("writes");
    }

    /// Reads until `frames` live frames have arrived. Returns the position then, and the times of the first group's rows.
    pub async fn read_live(&mut self, frames: usize) -> (Epoch, Sequence, Vec<Timestamp>) {
        let mut times = Vec::new();
        let mut live = 0;
        loop {
            let bytes = self.frame().await;
            let frame = Frame::decode(&bytes).expect("decodes");
            match frame.body {
                Body::History(history) => {
                    let blocks = history.blocks.iter().filter(|block| block.group == GroupId(1));
                    times.extend(blocks.flat_map(|block| block.times.iter()));
                }
                Body::Samples(samples) => {
                    live += 1;
                    times.extend(self.groups.times(&samples, GroupId(1)));
                }
                _ => continue,
            }
            if live >= frames {
                return (frame.header.epoch, frame.header.sequence, times);
            }
        }
    }
}
