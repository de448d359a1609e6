//! A proxy that simulates the faults of a network.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// The fault, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Each byte is sent separately.
    OneByteAtATime,
    Late(Duration),
    /// Limits the bytes per second to the viewer.
    Throttled {
        bytes_per_second: usize,
    },
    /// Drops all bytes without closing.
    Stalled,
    /// Flips one bit of the next bytes to the server.
    Flipped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// As if the program had closed them (FIN).
    Closed,
    /// As if the program had crashed (RST).
    Reset,
}

/// A proxy for a server, which fails on demand.
pub struct Proxy {
    pub address: SocketAddr,
    fault: watch::Sender<Fault>,
    cut: watch::Sender<Option<Cut>>,
}

impl Proxy {
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (fault, faults) = watch::channel(Fault::None);
        let (cut, cuts) = watch::channel(None);
        tokio::spawn(async move {
            while let Ok((viewer, _)) = listener.accept().await {
                tokio::spawn(carry(viewer, server, faults.clone(), cuts.clone()));
            }
        });
        Self { address, fault, cut }
    }

    /// Sets the fault of all connections, from now on.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Ends all open connections.
    pub fn cut(&self, how: Cut) {
        self.cut.send_replace(Some(how));
    }
}

async fn carry(
    viewer: TcpStream,
    server: SocketAddr,
    faults: watch::Receiver<Fault>,
    mut cuts: watch::Receiver<Option<Cut>>,
) {
    cuts.mark_unchanged();
    let Ok(server) = TcpStream::connect(server).await else { return };
    let sockets = [&viewer, &server].map(|stream| SockRef::from(stream).try_clone().expect("descriptors"));
    for socket in &sockets {
        socket.set_tcp_nodelay(true).expect("connected");
    }
    let (from_viewer, to_viewer) = viewer.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_viewer, to_server, faults.clone(), true) => {}
        () = pump(from_server, to_viewer, faults, false) => {}
        _ = cuts.changed() => {
            if *cuts.borrow() == Some(Cut::Reset) {
                for socket in &sockets {
                    // With this a closed socket sends a reset.
                    socket.set_linger(Some(Duration::ZERO)).expect("a socket");
                }
            }
        }
    }
}

/// Copies bytes in one direction until either end closes.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut faults: watch::Receiver<Fault>, is_to_server: bool) {
    let mut room = [0; 4_096];
    loop {
        while *faults.borrow_and_update() == Fault::Stalled {
            if faults.changed().await.is_err() {
                return;
            }
        }
        let fault = *faults.borrow();
        let most = match fault {
            Fault::Throttled { bytes_per_second } if !is_to_server => (bytes_per_second / 20).clamp(1, room.len()),
            _ => room.len(),
        };
        let read = tokio::select! {
            read = from.read(&mut room[..most]) => read,
            _ = faults.changed() => continue,
        };
        let Ok(count @ 1..) = read else { return };
        if *faults.borrow() == Fault::Stalled && faults.wait_for(|fault| *fault != Fault::Stalled).await.is_err() {
            return;
        }
        let bytes = &mut room[..count];
        let written = match fault {
            Fault::OneByteAtATime => one_by_one(&mut to, bytes).await,
            Fault::Late(delay) => {
                sleep(delay).await;
                to.write_all(bytes).await
            }
            Fault::Throttled { .. } if !is_to_server => {
                sleep(Duration::from_millis(50)).await;
                to.write_all(bytes).await
            }
            Fault::Flipped if is_to_server => {
                bytes[0] ^= 0x40;
                to.write_all(bytes).await
            }
            _ => to.write_all(bytes).await,
        };
        if written.is_err() {
            return;
        }
    }
}

async fn one_by_one(to: &mut OwnedWriteHalf, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        to.write_all(&[*byte]).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}
