//! The socket to the browser: sends commands and matches answers to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::console::{Console, ConsoleMessage};

/// Long, since scripts that measure run for minutes.
const ANSWER_DEADLINE: Duration = Duration::from_mins(5);
/// A screenshot is one message: 8 K by 8 K pixels take at most 256 MiB, and a third more in base64.
const MESSAGE_BYTES: usize = 512 << 20;

/// A handle on the task that owns the socket. The task ends when the handle is dropped or the browser ends.
#[derive(Debug)]
pub(crate) struct Connection {
    commands: mpsc::UnboundedSender<Command>,
    console: Arc<Mutex<Console>>,
}

/// The meaning of an event of the browser. Each protocol names pages in its own way: by a session or by a context.
#[derive(Debug)]
pub(crate) enum Event {
    Console {
        page: String,
        message: ConsoleMessage,
    },
    /// Pending calls to the page get no answer, for this reason.
    PageEnded {
        page: String,
        why: &'static str,
    },
    Other,
}

#[derive(Debug)]
struct Command {
    /// `None` for the browser itself.
    page: Option<String>,
    message: Value,
    answer: oneshot::Sender<Result<Value>>,
}

impl Connection {
    /// `read` gives the meaning of the browser's events.
    pub(crate) async fn open(address: &str, read: fn(&Value) -> Event) -> Result<Self> {
        let host = address.strip_prefix("ws://").and_then(|rest| rest.split('/').next());
        let stream = TcpStream::connect(host.with_context(|| format!("{address} is not a ws:// address"))?).await?;
        stream.set_nodelay(true)?;
        let limits =
            WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES)).max_frame_size(Some(MESSAGE_BYTES));
        let (socket, _response) = client_async_with_config(address, stream, Some(limits)).await?;
        let (sender, commands) = mpsc::unbounded_channel();
        let console = Arc::default();
        let task = Task { socket, commands, pending: HashMap::new(), console: Arc::clone(&console), read };
        tokio::spawn(task.run());
        Ok(Self { commands: sender, console })
    }

    /// Sends a command, which has a `method` and `params`, and waits for its answer. `page` is the page that must answer.
    pub(crate) async fn call(&self, page: Option<&str>, message: Value) -> Result<Value> {
        let (answer, answered) = oneshot::channel();
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        if self.commands.send(Command { page: page.map(str::to_owned), message, answer }).is_err() {
            bail!("{method}: the browser has ended");
        }
        match timeout(ANSWER_DEADLINE, answered).await {
            Ok(Ok(answer)) => answer.context(method),
            Ok(Err(_)) => bail!("{method}: the browser has ended"),
            Err(_) => bail!("{method}: no answer within {ANSWER_DEADLINE:?}"),
        }
    }

    pub(crate) fn console(&self, page: &str) -> Vec<ConsoleMessage> {
        self.console.lock().of_page(page)
    }
}

struct Pending {
    page: Option<String>,
    answer: oneshot::Sender<Result<Value>>,
}

struct Task {
    socket: WebSocketStream<TcpStream>,
    commands: mpsc::UnboundedReceiver<Command>,
    pending: HashMap<u64, Pending>,
    console: Arc<Mutex<Console>>,
    read: fn(&Value) -> Event,
}

impl Task {
    /// Runs until the handle is dropped or the browser ends. Pending calls then fail, because their senders are dropped.
    async fn run(mut self) {
        let mut last_id = 0;
        loop {
            tokio::select! {
                command = self.commands.recv() => {
                    let Some(command) = command else { return };
                    last_id += 1;
                    if self.send(last_id, command).await.is_err() {
                        return;
                    }
                }
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        if let Ok(message) = serde_json::from_str(&text) {
                            self.receive(message);
                        }
                    }
                    // tungstenite answers control frames.
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                },
            }
        }
    }

    async fn send(&mut self, id: u64, mut command: Command) -> Result<()> {
        command.message["id"] = id.into();
        self.pending.insert(id, Pending { page: command.page, answer: command.answer });
        Ok(self.socket.send(Message::text(command.message.to_string())).await?)
    }

    fn receive(&mut self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            if let Some(pending) = self.pending.remove(&id) {
                let answer = match message.get("error") {
                    Some(error) => Err(anyhow!("{}", reason(error, &message))),
                    None => Ok(message["result"].take()),
                };
                // Fails if the caller has reached its deadline.
                let _gave_up = pending.answer.send(answer);
            }
            return;
        }
        match (self.read)(&message) {
            Event::Console { page, message } => self.console.lock().record(page, message),
            Event::PageEnded { page, why } => self.fail(&page, why),
            Event::Other => {}
        }
    }

    /// Fails all pending calls to a page.
    fn fail(&mut self, page: &str, why: &'static str) {
        let is_of_page = |_: &u64, pending: &mut Pending| pending.page.as_deref() == Some(page);
        for (_, pending) in self.pending.extract_if(is_of_page) {
            let _gave_up = pending.answer.send(Err(anyhow!(why)));
        }
    }
}

/// Chromium's error is an object with a message. Firefox's is a code, and the message stands beside it.
fn reason<'a>(error: &'a Value, message: &'a Value) -> &'a str {
    let text = error["message"].as_str().or_else(|| message["message"].as_str());
    text.or_else(|| error.as_str()).unwrap_or("refused without a reason")
}
