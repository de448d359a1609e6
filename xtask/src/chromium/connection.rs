//! The socket to the browser: commands out, answers matched to them, console entries kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Something a tab said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleMessage {
    /// `log`, `warning`, `error`, `exception`, ...
    pub level: String,
    /// What it said.
    pub text: String,
    /// The file it concerns, where there is one.
    pub url: String,
}

#[derive(Debug)]
pub(super) struct Connection {
    sink: AsyncMutex<SplitSink<WebSocketStream<TcpStream>, Message>>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    last_id: u64,
    pending: HashMap<u64, oneshot::Sender<Value>>,
    console: HashMap<String, Vec<ConsoleMessage>>,
    closed: bool,
}

impl Connection {
    pub(super) async fn open(address: &str) -> Result<Self> {
        let host = address.strip_prefix("ws://").and_then(|rest| rest.split('/').next());
        let stream = TcpStream::connect(host.with_context(|| format!("{address} is no ws:// address"))?).await?;
        // Pictures are large.
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _response) = client_async_with_config(address, stream, Some(config)).await?;
        let (sink, stream) = socket.split();
        let shared = Arc::new(Mutex::new(Shared::default()));
        tokio::spawn(read(stream, Arc::clone(&shared)));
        Ok(Self { sink: AsyncMutex::new(sink), shared })
    }

    pub(super) async fn call(&self, session: Option<&str>, method: &str, parameters: Value) -> Result<Value> {
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut shared = lock(&self.shared);
            if shared.closed {
                bail!("{method}: the browser is gone");
            }
            shared.last_id += 1;
            let id = shared.last_id;
            shared.pending.insert(id, sender);
            id
        };
        let mut command = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        self.sink.lock().await.send(Message::text(command.to_string())).await?;
        let mut answer = answer.await.with_context(|| format!("{method}: the browser is gone"))?;
        if let Some(error) = answer.get("error") {
            bail!("{method}: {error}");
        }
        Ok(answer["result"].take())
    }

    pub(super) fn console(&self, session: &str) -> Vec<ConsoleMessage> {
        lock(&self.shared).console.get(session).cloned().unwrap_or_default()
    }
}

async fn read(mut stream: SplitStream<WebSocketStream<TcpStream>>, shared: Arc<Mutex<Shared>>) {
    while let Some(Ok(message)) = stream.next().await {
        let Ok(text) = message.to_text() else { continue };
        let Ok(message) = serde_json::from_str::<Value>(text) else { continue };
        let mut shared = lock(&shared);
        if let Some(id) = message["id"].as_u64() {
            if let Some(sender) = shared.pending.remove(&id) {
                // A caller that gave up needs no answer.
                let _gave_up = sender.send(message);
            }
        } else if let Some(entry) = console_message(&message)
            && let Some(session) = message["sessionId"].as_str()
        {
            shared.console.entry(session.to_owned()).or_default().push(entry);
        }
    }
    let mut shared = lock(&shared);
    shared.closed = true;
    // Dropping the senders tells every caller.
    shared.pending.clear();
}

fn console_message(event: &Value) -> Option<ConsoleMessage> {
    let parameters = &event["params"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match event["method"].as_str()? {
        "Runtime.consoleAPICalled" => {
            let words = parameters["args"].as_array()?.iter().map(|word| match word.get("value") {
                Some(Value::String(word)) => word.clone(),
                Some(value) => value.to_string(),
                None => text(&word["description"]),
            });
            let url = text(&parameters["stackTrace"]["callFrames"][0]["url"]);
            Some(ConsoleMessage { level: text(&parameters["type"]), text: words.collect::<Vec<_>>().join(" "), url })
        }
        "Runtime.exceptionThrown" => {
            let details = &parameters["exceptionDetails"];
            let description = details["exception"]["description"].as_str().or_else(|| details["text"].as_str());
            let text_of = description.unwrap_or_default().to_owned();
            Some(ConsoleMessage { level: "exception".to_owned(), text: text_of, url: text(&details["url"]) })
        }
        "Log.entryAdded" => {
            let entry = &parameters["entry"];
            Some(ConsoleMessage { level: text(&entry["level"]), text: text(&entry["text"]), url: text(&entry["url"]) })
        }
        _ => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
