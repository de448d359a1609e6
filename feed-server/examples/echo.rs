//! An echo server on the product's own accept loop and upgrade, for testing WebSocket clients.
//!
//! ```text
//! cargo run -p feed-server --example echo -- --listen 127.0.0.1:9001 --www FOLDER
//! ```
//! | path | what it does |
//! | --- | --- |
//! | `/echo` | sends every message back |
//! | `/close?code=4000&reason=bye` | closes after the first message, with that code and reason |
//! | `/drop` | cuts the connection after the first message, without a close |
//! | `/refuse` | answers the handshake with 403 |
//! | anything else | files of the folder |

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use clap::Parser;
use feed_server::http::connection::Connection;
use feed_server::http::page::Page;
use feed_server::http::reception::Limits;
use feed_server::http::routes::{send_file, text};
use feed_server::http::server::{Answer, listen, serve};
use feed_server::http::upgrade;
use feed_server::session::websocket_config;
use feed_server::shutdown::shutdown;
use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

#[derive(Parser)]
struct Args {
    /// Address and port; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:9001")]
    listen: SocketAddr,
    /// Folder with files to serve.
    #[arg(long, default_value = ".")]
    www: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let listener = listen(args.listen)?;
    println!("Echo is live at http://{}/", listener.local_addr()?);
    let (_stop, stopped) = shutdown();
    serve(listener, Limits::default(), Arc::new(Echo { page: Page::Folder(args.www) }), stopped).await;
    Ok(())
}

struct Echo {
    page: Page,
}

impl Answer for Echo {
    fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let behaviour = match request.uri().path() {
            "/echo" => Behaviour::Echo,
            "/drop" => Behaviour::Drop,
            "/close" => Behaviour::Close(close_frame(request.uri().query().unwrap_or_default())),
            "/refuse" => return text(StatusCode::FORBIDDEN, "refused\n"),
            path => {
                return self.page.file(path, "").map_or_else(|| text(StatusCode::NOT_FOUND, "not found\n"), send_file);
            }
        };
        match upgrade::accept(&request) {
            Ok(response) => {
                tokio::spawn(async move {
                    if let Ok(socket) = upgrade::finish(request, websocket_config()).await {
                        // A peer that is gone needs no answer.
                        let _gone = behaviour.run(socket).await;
                    }
                });
                response.map(|()| Full::default())
            }
            Err(error) => text(error.status(), error.to_string()),
        }
    }
}

enum Behaviour {
    Echo,
    Drop,
    Close(CloseFrame),
}

impl Behaviour {
    async fn run(self, mut socket: WebSocketStream<Connection>) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        while let Some(message) = socket.next().await {
            let message = message?;
            if !(message.is_text() || message.is_binary()) {
                continue;
            }
            match self {
                Self::Echo => socket.send(message).await?,
                Self::Drop => return Ok(()),
                Self::Close(ref frame) => socket.send(Message::Close(Some(frame.clone()))).await?,
            }
        }
        Ok(())
    }
}

fn close_frame(query: &str) -> CloseFrame {
    let value = |key: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == key);
    let code: u16 = value("code").and_then(|pair| pair.1.parse().ok()).unwrap_or(1000);
    CloseFrame { code: code.into(), reason: value("reason").map_or("", |pair| pair.1).into() }
}
