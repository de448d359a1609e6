//! Viewers that read from their sockets and ignore the data.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::Result;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_tungstenite::client_async;

const DRAIN_BYTES: usize = 256 * 1_024;

/// Pins this process, including its future threads, to a processor.
pub(crate) fn pin_to(processor: usize) {
    let mut taskset = Command::new("taskset");
    taskset.args(["-a", "-p", "-c", &processor.to_string(), &std::process::id().to_string()]);
    // Without taskset, or with one processor, figures vary more.
    let _not_pinned = taskset.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

pub(crate) struct Viewers {
    runtime: Runtime,
}

impl Viewers {
    pub(crate) fn connect(address: SocketAddr, count: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        runtime.block_on(async {
            for _ in 0..count {
                let socket = TcpStream::connect(address).await?;
                let (socket, _) = client_async("ws://localhost/", socket).await?;
                tokio::spawn(drain(socket.into_inner()));
            }
            anyhow::Ok(())
        })?;
        Ok(Self { runtime })
    }

    pub(crate) fn disconnect(self) {
        self.runtime.shutdown_background();
    }
}

async fn drain(mut socket: TcpStream) {
    let mut ignored = vec![0; DRAIN_BYTES];
    while let Ok(1..) = socket.read(&mut ignored).await {}
}
