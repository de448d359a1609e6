//! Sockets that receive datagrams: UDP, and on Unix a socket in the file system.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use socket2::SockRef;

use crate::ingest::context::Registrar;

/// The kernel keeps so many bytes of datagrams that are not read yet, if it is allowed to.
const BUFFER_BYTES: usize = 4 << 20;
/// The largest datagram of UDP.
pub const MAX_BYTES: usize = 65_536;

/// Where datagrams come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatagramAddress {
    Udp(SocketAddr),
    /// A path in the file system.
    Unix(PathBuf),
}

impl fmt::Display for DatagramAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

#[derive(Debug)]
pub struct Datagrams {
    socket: Socket,
    wait: Duration,
    lost: u64,
}

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    #[cfg(unix)]
    Unix(unix::Named),
}

impl Datagrams {
    /// # Errors
    /// If the address cannot be used.
    pub fn bind(address: &DatagramAddress) -> io::Result<Self> {
        let socket = match address {
            DatagramAddress::Udp(address) => {
                let socket = UdpSocket::bind(address)?;
                // The kernel may allow less.
                let _smaller = SockRef::from(&socket).set_recv_buffer_size(BUFFER_BYTES);
                Socket::Udp(socket)
            }
            #[cfg(unix)]
            DatagramAddress::Unix(path) => Socket::Unix(unix::Named::bind(path)?),
            #[cfg(not(unix))]
            DatagramAddress::Unix(_) => return Err(ErrorKind::Unsupported.into()),
        };
        Ok(Self { socket, wait: Duration::ZERO, lost: 0 })
    }

    /// Waits for a datagram, at most for `wait`, which must not be zero. Returns its length, or `None` if none has come.
    ///
    /// # Errors
    /// If the socket fails.
    pub fn receive(&mut self, bytes: &mut [u8], wait: Duration) -> io::Result<Option<usize>> {
        if self.wait != wait {
            match &self.socket {
                Socket::Udp(socket) => socket.set_read_timeout(Some(wait))?,
                #[cfg(unix)]
                Socket::Unix(named) => named.socket.set_read_timeout(Some(wait))?,
            }
            self.wait = wait;
        }
        let received = match &self.socket {
            Socket::Udp(socket) => socket.recv(bytes),
            #[cfg(unix)]
            Socket::Unix(named) => named.socket.recv(bytes),
        };
        match received {
            Ok(length) => Ok(Some(length)),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Counts the datagrams that the kernel has dropped since the last call, on Linux and of UDP: a sender to a Unix socket waits or is told.
    pub fn report_lost(&mut self, registrar: &Registrar) {
        let found = match &self.socket {
            Socket::Udp(socket) => lost_by_kernel(socket).unwrap_or(self.lost),
            #[cfg(unix)]
            Socket::Unix(_) => 0,
        };
        let more = found.saturating_sub(std::mem::replace(&mut self.lost, found));
        if more > 0 {
            registrar.health().refused(more);
            registrar.report(&"datagrams were dropped by the kernel: they arrived faster than they were read");
        }
    }
}

/// The last column of `/proc/net/udp`, in the line of the socket's inode.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "on the thread of a source")]
fn lost_by_kernel(socket: &UdpSocket) -> Option<u64> {
    use std::os::fd::AsRawFd as _;
    const INODE: usize = 9;
    let address = socket.local_addr().ok()?;
    let table = if address.is_ipv4() { "/proc/net/udp" } else { "/proc/net/udp6" };
    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
    let text = std::fs::read_to_string(table).ok()?;
    let of_socket = |line: &&str| line.split_whitespace().nth(INODE) == Some(inode.as_str());
    text.lines().find(of_socket)?.split_whitespace().last()?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn lost_by_kernel(_socket: &UdpSocket) -> Option<u64> {
    None
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::io::{self, ErrorKind};
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
    use std::os::unix::net::UnixDatagram;
    use std::path::{Path, PathBuf};

    /// All users may send, as to a port.
    const MODE: u32 = 0o722;

    /// A socket, and its path, which is removed with it.
    #[derive(Debug)]
    pub(super) struct Named {
        pub(super) socket: UnixDatagram,
        path: PathBuf,
        /// Of the path, after it was bound.
        inode: u64,
    }

    impl Named {
        /// Takes the place of a socket that nobody reads any more.
        #[expect(clippy::disallowed_methods, reason = "on the thread of a source")]
        pub(super) fn bind(path: &Path) -> io::Result<Self> {
            let is_left_behind = || {
                let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
                let sender = UnixDatagram::unbound();
                is_socket && sender.is_ok_and(|sender| sender.connect(path).is_err())
            };
            let socket = match UnixDatagram::bind(path) {
                Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_behind() => {
                    fs::remove_file(path)?;
                    UnixDatagram::bind(path)?
                }
                bound => bound?,
            };
            fs::set_permissions(path, Permissions::from_mode(MODE))?;
            let inode = fs::symlink_metadata(path)?.ino();
            Ok(Self { socket, path: path.to_owned(), inode })
        }
    }

    impl Drop for Named {
        #[expect(clippy::disallowed_methods, reason = "on the thread of a source")]
        fn drop(&mut self) {
            // Another server may have taken the path meanwhile.
            if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
                let _gone_already = fs::remove_file(&self.path);
            }
        }
    }
}
