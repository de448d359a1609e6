//! CPU time and memory of the server and this process.

use feed_server::process::Usage;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::exposition;

/// Reads the server's `/metrics` and the usage of this process.
#[derive(Debug)]
pub struct Meter {
    authority: String,
}

#[derive(Clone, Copy, Debug)]
pub struct Readings {
    at: Instant,
    server: Option<Process>,
    own: Option<Process>,
    frames_encoded: Option<f64>,
    frames_sent: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Process {
    user_seconds: f64,
    system_seconds: f64,
    resident_bytes: f64,
}

/// Difference of two readings.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Taken {
    /// `None` if the server exposes no `process_*` metrics.
    pub server: Option<Share>,
    pub own: Option<Share>,
    pub frames_encoded: Option<f64>,
    pub frames_sent: Option<f64>,
}

/// CPU time and memory of a process.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Share {
    /// CPU time, in percent of one core.
    pub cpu_percent: f64,
    /// User time, in percent of one core.
    pub user_percent: f64,
    /// Kernel time, in percent of one core.
    pub system_percent: f64,
    /// User time in seconds.
    pub user_seconds: f64,
    /// At the second reading.
    pub resident_mib: f64,
}

impl Meter {
    /// Creates a meter for the server of a stream.
    pub fn new(stream_url: &str) -> Self {
        let rest = stream_url.split_once("://").map_or(stream_url, |(_, rest)| rest);
        Self { authority: rest.split('/').next().unwrap_or(rest).to_owned() }
    }

    pub async fn read(&self) -> Readings {
        let exposition = self.exposition().await.unwrap_or_default();
        let value = |name: &str| exposition::value(&exposition, name);
        let server = || {
            Some(Process {
                user_seconds: value("process_cpu_user_seconds_total")?,
                system_seconds: value("process_cpu_system_seconds_total")?,
                resident_bytes: value("process_resident_memory_bytes")?,
            })
        };
        let own = Usage::now().map(|usage| Process {
            user_seconds: usage.user.as_secs_f64(),
            system_seconds: usage.system.as_secs_f64(),
            resident_bytes: usage.resident_bytes as f64,
        });
        let (frames_encoded, frames_sent) =
            (value("kymograph_frames_encoded_total"), value("kymograph_frames_sent_total"));
        Readings { at: Instant::now(), server: server(), own, frames_encoded, frames_sent }
    }

    async fn exposition(&self) -> std::io::Result<String> {
        let mut socket = TcpStream::connect(&self.authority).await?;
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.authority);
        socket.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

impl Readings {
    /// Usage between this reading and a later one.
    #[must_use]
    pub fn until(self, later: Self) -> Taken {
        let seconds = (later.at - self.at).as_secs_f64();
        let share = |before: Option<Process>, after: Option<Process>| {
            let (before, after) = (before?, after?);
            let (user, system) =
                (after.user_seconds - before.user_seconds, after.system_seconds - before.system_seconds);
            Some(Share {
                cpu_percent: 100.0 * (user + system) / seconds,
                user_percent: 100.0 * user / seconds,
                system_percent: 100.0 * system / seconds,
                user_seconds: user,
                resident_mib: after.resident_bytes / f64::from(1 << 20),
            })
        };
        let grown = |before: Option<f64>, after: Option<f64>| Some(after? - before?);
        Taken {
            server: share(self.server, later.server),
            own: share(self.own, later.own),
            frames_encoded: grown(self.frames_encoded, later.frames_encoded),
            frames_sent: grown(self.frames_sent, later.frames_sent),
        }
    }
}
