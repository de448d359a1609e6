//! A viewer over a real socket, which comes back whenever it is cut off.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::{ClientMessage, Timestamp};
use tokio::net::TcpStream;
use tokio::time::{Interval, interval};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::model::Viewer;

/// How long a viewer waits before it tries again.
const RETRY: Duration = Duration::from_millis(100);

/// How often a viewer shows that it is there, as the page does.
const PROBE: Duration = Duration::from_secs(2);

/// A viewer's connection.
pub struct Connection {
    socket: WebSocketStream<TcpStream>,
    probes: Interval,
}

impl Connection {
    /// Connects, and asks for what the viewer lacks.
    pub async fn open(viewer: &Viewer, address: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        let (mut socket, _) = client_async(format!("ws://{address}/stream?start=request"), stream).await?;
        let subscribe = ClientMessage::Subscribe { start: viewer.start() }.to_bytes().expect("encodes");
        socket.send(Message::binary(subscribe)).await?;
        Ok(Self { socket, probes: interval(PROBE) })
    }

    /// Takes in the next message, if the connection still stands.
    pub async fn next(&mut self, viewer: &mut Viewer) -> Result<(), Error> {
        let message = loop {
            tokio::select! {
                message = self.socket.next() => break message,
                _ = self.probes.tick() => {
                    let probe = ClientMessage::Probe { origin: Timestamp::default() }.to_bytes().expect("encodes");
                    self.socket.send(Message::binary(probe)).await?;
                }
            }
        };
        match message {
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

/// Watches until the viewer has what it is to have, over as many connections as that takes. Returns how many it took.
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

/// Everything that a server holds now.
pub async fn everything(address: SocketAddr) -> Viewer {
    let mut viewer = Viewer::new(None);
    follow(&mut viewer, address, Viewer::is_live).await;
    viewer
}
