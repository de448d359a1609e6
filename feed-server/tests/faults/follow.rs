//! A viewer over a real socket, which reconnects whenever its connection is lost.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::{Body, ByeReason, ClientMessage, Frame, Sequence, Timestamp};
use tokio::net::TcpStream;
use tokio::time::{Interval, interval};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::model::Viewer;

/// How long a viewer waits before it tries again.
const RETRY: Duration = Duration::from_millis(100);

/// Interval of a viewer's messages, as the page's.
const PROBE: Duration = Duration::from_secs(2);

pub struct Connection {
    socket: WebSocketStream<TcpStream>,
    probes: Interval,
}

impl Connection {
    /// Connects and requests the rows that the viewer misses.
    pub async fn open(viewer: &Viewer, address: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        let (mut socket, _) = client_async(format!("ws://{address}/stream?start=request"), stream).await?;
        let subscribe = ClientMessage::subscribe(viewer.start()).to_bytes().expect("encodes");
        socket.send(Message::binary(subscribe)).await?;
        Ok(Self { socket, probes: interval(PROBE) })
    }

    /// A new viewer that has received the history.
    pub async fn live(address: SocketAddr) -> (Viewer, Self) {
        let mut viewer = Viewer::new(None);
        let mut connection = Self::open(&viewer, address).await.expect("connects");
        while !viewer.is_live() {
            connection.next(&mut viewer).await.expect("a message");
        }
        (viewer, connection)
    }

    async fn message(&mut self) -> Option<Result<Message, Error>> {
        loop {
            tokio::select! {
                message = self.socket.next() => return message,
                _ = self.probes.tick() => {
                    let probe = ClientMessage::Probe { origin: Timestamp::default() }.to_bytes().expect("encodes");
                    if let Err(error) = self.socket.send(Message::binary(probe)).await {
                        return Some(Err(error));
                    }
                }
            }
        }
    }

    /// Takes the next message.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn next(&mut self, viewer: &mut Viewer) -> Result<(), Error> {
        match self.message().await {
            Some(Ok(Message::Binary(bytes))) => {
                viewer.take(&bytes);
                Ok(())
            }
            Some(Ok(Message::Close(_))) | None => Err(Error::ConnectionClosed),
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(error),
        }
    }
}

impl Connection {
    /// Reads live frames, checks their order, and keeps no row. Returns how many.
    pub async fn live_frames(&mut self, count: usize) -> Result<usize, Error> {
        let mut last = None;
        let mut frames = 0;
        while frames < count {
            let message = self.message().await.unwrap_or(Err(Error::ConnectionClosed))?;
            let Message::Binary(bytes) = message else { continue };
            let frame = Frame::decode(&bytes).expect("decodes");
            if matches!(frame.body, Body::Samples(_)) {
                let sequence = frame.header.sequence;
                assert!(last.is_none_or(|last: Sequence| last.next() == sequence), "{last:?}, then {sequence:?}");
                last = Some(sequence);
                frames += 1;
            }
        }
        Ok(frames)
    }

    /// Reads to the end, and returns the texts of the last frame and the close.
    pub async fn goodbye(mut self) -> Option<(ByeReason, u16)> {
        let mut bye = None;
        while let Some(Ok(message)) = self.socket.next().await {
            match message {
                Message::Binary(bytes) => {
                    if let Body::Bye(said) = Frame::decode(&bytes).expect("decodes").body {
                        bye = Some(said.reason);
                    }
                }
                Message::Close(close) => return Some((bye?, close?.code.into())),
                _ => {}
            }
        }
        None
    }
}

/// Reads until `done`, over as many connections as needed. Returns their number.
pub async fn follow(viewer: &mut Viewer, address: SocketAddr, mut done: impl FnMut(&Viewer) -> bool) -> usize {
    let mut connections = 0;
    loop {
        connections += 1;
        if let Ok(mut connection) = Connection::open(viewer, address).await {
            while connection.next(viewer).await.is_ok() {
                if done(viewer) {
                    viewer.cut_off();
                    return connections;
                }
            }
        }
        viewer.cut_off();
        tokio::time::sleep(RETRY).await;
    }
}

/// A viewer with all rows that a server holds now.
pub async fn everything(address: SocketAddr) -> Viewer {
    let mut viewer = Viewer::new(None);
    follow(&mut viewer, address, Viewer::is_live).await;
    viewer
}
