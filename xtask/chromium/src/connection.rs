//! The socket to the browser: sends commands and matches answers to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::console::{Console, ConsoleMessage};

/// Long, since scripts that measure run for minutes.
const ANSWER_DEADLINE: Duration = Duration::from_mins(5);
/// A screenshot is one message: 8 K by 8 K pixels take at most 256 MiB, and a third more in base64.
const MESSAGE_BYTES: usize = 512 << 20;

/// A handle on the task that owns the socket. The task ends when the handle is dropped or the browser ends.
#[derive(Debug)]
pub(super) struct Connection {
    commands: mpsc::UnboundedSender<Command>,
    console: Arc<Mutex<Console>>,
}

#[derive(Debug)]
struct Command {
    /// A page's session; `None` for the browser itself.
    session: Option<String>,
    method: String,
    parameters: Value,
    answer: oneshot::Sender<Result<Value>>,
}

impl Connection {
    pub(super) async fn open(address: &str) -> Result<Self> {
        let host = address.strip_prefix("ws://").and_then(|rest| rest.split('/').next());
        let stream = TcpStream::connect(host.with_context(|| format!("{address} is not a ws:// address"))?).await?;
        stream.set_nodelay(true)?;
        let limits =
            WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES)).max_frame_size(Some(MESSAGE_BYTES));
        let (socket, _response) = client_async_with_config(address, stream, Some(limits)).await?;
        let (sender, commands) = mpsc::unbounded_channel();
        let console = Arc::default();
        tokio::spawn(Task { socket, commands, pending: HashMap::new(), console: Arc::clone(&console) }.run());
        Ok(Self { commands: sender, console })
    }

    /// Calls a method of the browser, or of the page with that session.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, parameters: Value) -> Result<Value> {
        let (answer, answered) = oneshot::channel();
        let session = session.map(str::to_owned);
        if self.commands.send(Command { session, method: method.to_owned(), parameters, answer }).is_err() {
            bail!("{method}: the browser has ended");
        }
        match timeout(ANSWER_DEADLINE, answered).await {
            Ok(Ok(answer)) => answer.with_context(|| method.to_owned()),
            Ok(Err(_)) => bail!("{method}: the browser has ended"),
            Err(_) => bail!("{method}: no answer within {ANSWER_DEADLINE:?}"),
        }
    }

    pub(super) fn console(&self, session: &str) -> Vec<ConsoleMessage> {
        self.console.lock().of_page(session)
    }
}

struct Pending {
    session: Option<String>,
    answer: oneshot::Sender<Result<Value>>,
}

struct Task {
    socket: WebSocketStream<TcpStream>,
    commands: mpsc::UnboundedReceiver<Command>,
    pending: HashMap<u64, Pending>,
    console: Arc<Mutex<Console>>,
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

    async fn send(&mut self, id: u64, command: Command) -> Result<()> {
        let mut message = json!({ "id": id, "method": command.method, "params": command.parameters });
        if let Some(session) = &command.session {
            message["sessionId"] = session.as_str().into();
        }
        self.pending.insert(id, Pending { session: command.session, answer: command.answer });
        Ok(self.socket.send(Message::text(message.to_string())).await?)
    }

    fn receive(&mut self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            if let Some(pending) = self.pending.remove(&id) {
                let answer = match message.get("error") {
                    Some(error) => Err(anyhow!("{}", error["message"].as_str().unwrap_or("refused without a reason"))),
                    None => Ok(message["result"].take()),
                };
                // Fails if the caller has reached its deadline.
                let _gave_up = pending.answer.send(answer);
            }
            return;
        }
        match message["method"].as_str() {
            Some("Inspector.targetCrashed") => self.fail(&message["sessionId"], "the page crashed"),
            Some("Target.detachedFromTarget") => self.fail(&message["params"]["sessionId"], "the page is closed"),
            _ => self.console.lock().record(&message),
        }
    }

    /// Fails all pending calls to a page.
    fn fail(&mut self, session: &Value, why: &'static str) {
        let is_of_page = |_: &u64, pending: &mut Pending| pending.session.as_deref() == session.as_str();
        for (_, pending) in self.pending.extract_if(is_of_page) {
            let _gave_up = pending.answer.send(Err(anyhow!(why)));
        }
    }
}
