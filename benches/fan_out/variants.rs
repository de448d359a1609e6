//! The compared senders. All send to one viewer after the other, and wait for a viewer whose buffer is full.

use std::future::poll_fn;
use std::io::{BufRead, stdin};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use fastwebsockets::{Frame, Payload, Role, WebSocket};
use feed_server::deliver::fanout::outbox::{Outbox, Sent};
use feed_server::net::framing::framed;
use futures_util::SinkExt;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Variant {
    TungsteniteSend,
    TungsteniteFeed,
    NodeWs,
    Fastwebsockets,
    WriteAll,
    Ours,
}

impl Variant {
    pub(crate) const ALL: [Self; 6] =
        [Self::TungsteniteSend, Self::TungsteniteFeed, Self::NodeWs, Self::Fastwebsockets, Self::WriteAll, Self::Ours];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::TungsteniteSend => "(a) tokio-tungstenite send",
            Self::TungsteniteFeed => "    tokio-tungstenite feed, flush",
            Self::NodeWs => "(b) npm ws",
            Self::Fastwebsockets => "(c) fastwebsockets",
            Self::WriteAll => "(d) framed once, write_all",
            Self::Ours => "ours: framed once, outbox",
        }
    }
}

/// Runs a sender: prints its address, then executes each line of its input.
pub(crate) fn run(variant: Variant) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);
        // Viewers connect before the first order.
        let mut orders = read_orders();
        let mut viewers = Vec::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => viewers.push(Viewer::accept(variant, accepted?.0).await?),
                order = orders.recv() => match order {
                    Some(order) => execute(&mut viewers, &order).await?,
                    None => return Ok(()),
                },
            }
        }
    })
}

fn read_orders() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (sender, orders) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || stdin().lock().lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    orders
}

async fn execute(viewers: &mut [Viewer], order: &str) -> Result<()> {
    let numbers: Vec<u64> = order.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [bytes, burst, milliseconds] = numbers[..] else { anyhow::bail!("expected three numbers, found {order:?}") };
    let tick = Tick::of(bytes as usize, burst as usize);
    let (started, before) = (Instant::now(), CpuTime::now()?);
    let time = Duration::from_millis(milliseconds);
    let mut deliveries = 0;
    while started.elapsed() < time {
        for viewer in &mut *viewers {
            viewer.send(&tick).await?;
        }
        deliveries += viewers.len() * burst as usize;
    }
    let (seconds, after) = (started.elapsed().as_secs_f64(), CpuTime::now()?);
    println!("{deliveries} {seconds} {} {}", after.user - before.user, after.kernel - before.kernel);
    Ok(())
}

/// CPU time of this process in seconds. Not from `/proc`, whose resolution is 10 ms.
struct CpuTime {
    user: f64,
    kernel: f64,
}

impl CpuTime {
    fn now() -> Result<Self> {
        let usage = getrusage(UsageWho::RUSAGE_SELF)?;
        let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        Ok(Self { user: seconds(usage.user_time()), kernel: seconds(usage.system_time()) })
    }
}

/// The messages of a tick.
struct Tick {
    messages: Vec<Bytes>,
    framed: Vec<Bytes>,
    whole: Vec<u8>,
}

impl Tick {
    fn of(bytes: usize, burst: usize) -> Self {
        let messages: Vec<Bytes> = (0..burst).map(|number| Bytes::from(vec![number as u8; bytes])).collect();
        let framed: Vec<Bytes> = messages.iter().map(|message| framed(message)).collect();
        let whole = framed.concat();
        Self { messages, framed, whole }
    }
}

enum Viewer {
    TungsteniteSend(Box<WebSocketStream<TcpStream>>),
    TungsteniteFeed(Box<WebSocketStream<TcpStream>>),
    Fastwebsockets(Box<WebSocket<TcpStream>>),
    WriteAll(TcpStream),
    Ours(Box<Outbox>),
}

impl Viewer {
    async fn accept(variant: Variant, socket: TcpStream) -> Result<Self> {
        socket.set_nodelay(true)?;
        let socket = accept_async(socket).await?;
        Ok(match variant {
            Variant::TungsteniteSend => Self::TungsteniteSend(Box::new(socket)),
            Variant::TungsteniteFeed => Self::TungsteniteFeed(Box::new(socket)),
            Variant::Fastwebsockets => {
                Self::Fastwebsockets(Box::new(WebSocket::after_handshake(socket.into_inner(), Role::Server)))
            }
            Variant::WriteAll => Self::WriteAll(socket.into_inner()),
            Variant::Ours => Self::Ours(Box::new(Outbox::new(Box::new(socket.into_inner())))),
            Variant::NodeWs => anyhow::bail!("this variant is a program for node"),
        })
    }

    async fn send(&mut self, tick: &Tick) -> Result<()> {
        match self {
            Self::TungsteniteSend(socket) => {
                for message in &tick.messages {
                    socket.send(Message::Binary(message.clone())).await?;
                }
            }
            Self::TungsteniteFeed(socket) => {
                for message in &tick.messages {
                    socket.feed(Message::Binary(message.clone())).await?;
                }
                socket.flush().await?;
            }
            Self::Fastwebsockets(socket) => {
                for message in &tick.messages {
                    socket.write_frame(Frame::binary(Payload::Borrowed(message))).await?;
                }
            }
            Self::WriteAll(socket) => socket.write_all(&tick.whole).await?,
            Self::Ours(outbox) => {
                if outbox.send(&tick.framed)? == Sent::Partly {
                    poll_fn(|context| outbox.poll_flush(context)).await?;
                }
            }
        }
        Ok(())
    }
}
