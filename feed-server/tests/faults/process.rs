//! A server in a separate process, which can be suspended, killed, and started with few resources.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A server process. Dropping it ends it.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    /// The link that it printed.
    pub link: String,
}

impl Process {
    /// Starts a server on a free port.
    pub fn start(arguments: &[&str]) -> Self {
        Self::launch(server(), (Ipv4Addr::LOCALHOST, 0).into(), arguments)
    }

    /// Starts a server on a free port, with a command that `adjust` has changed: its outputs other than the standard one,
    /// or its environment.
    pub fn start_with(arguments: &[&str], adjust: impl FnOnce(&mut Command)) -> Self {
        let mut command = server();
        adjust(&mut command);
        Self::launch(command, (Ipv4Addr::LOCALHOST, 0).into(), arguments)
    }

    /// Starts a server at `address`.
    pub fn start_at(address: SocketAddr, arguments: &[&str]) -> Self {
        Self::launch(server(), address, arguments)
    }

    /// Starts a server with a limit of file descriptors.
    pub fn start_with_descriptors(descriptors: u32, arguments: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"")]).arg(server().get_program());
        Self::launch(shell, (Ipv4Addr::LOCALHOST, 0).into(), arguments)
    }

    /// Starts a server whose output cannot be written: the disk is full.
    pub fn start_on_full_disk(arguments: &[&str]) -> Self {
        let full = || std::fs::File::options().write(true).open("/dev/full").expect("there is one");
        Self::start_unread(arguments, |command| {
            command.stdout(full()).stderr(full());
        })
    }

    /// Starts a server whose link cannot be read. The port is chosen here.
    pub fn start_unread(arguments: &[&str], adjust: impl FnOnce(&mut Command)) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let mut command = server();
        command.args(["serve", "--listen", &address.to_string()]).args(arguments);
        adjust(&mut command);
        Self { child: command.spawn().expect("starts"), address, link: format!("http://{address}/") }
    }

    fn launch(mut command: Command, listen: SocketAddr, arguments: &[&str]) -> Self {
        command.args(["serve", "--listen", &listen.to_string()]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("starts");
        let mut link = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut link).expect("prints its link");
        let link = link.split_whitespace().last().unwrap_or_default().to_owned();
        // `http://ADDRESS/`, with or without a token.
        let address = link.split('/').nth(2).and_then(|address| address.parse().ok());
        Self { child, address: address.unwrap_or_else(|| panic!("a link, found {link:?}")), link }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("is there");
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("ended")
    }

    /// Waits for its end, while the runtime runs other tasks.
    pub async fn ended(mut self) -> ExitStatus {
        tokio::task::spawn_blocking(move || self.wait()).await.expect("waits")
    }

    /// Returns true if it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("is there").is_none()
    }

    /// Open files and sockets.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("is there").count()
    }

    pub fn resident_bytes(&self) -> usize {
        self.status_bytes("VmRSS:")
    }

    /// Of these, the pages of the program's own file and of its libraries.
    pub fn resident_file_bytes(&self) -> usize {
        self.status_bytes("RssFile:")
    }

    fn status_bytes(&self, name: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("is there");
        let kib = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.trim().parse::<usize>().ok()).expect("in kB") * 1_024
    }

    /// The body of the response to a GET, empty without a response.
    pub async fn get(&self, path: &str) -> String {
        get(self.address, path).await
    }

    /// A value of `/metrics`.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let metrics = self.get("/metrics").await;
        metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits until a value of `/metrics` satisfies a condition.
    pub async fn until_metric(&self, name: &str, wanted: impl Fn(f64) -> bool) {
        while !self.metric(name).await.is_some_and(&wanted) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// The body of the response of the server at `address` to a GET, empty without a response.
pub async fn get(address: SocketAddr, path: &str) -> String {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = asked.await.unwrap_or_default();
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}

fn server() -> Command {
    Command::new(env!("CARGO_BIN_EXE_feed-server"))
}
