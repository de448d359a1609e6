//! An echo server on the product's accept loop, upgrade and channel, for tests of WebSocket clients and of the server's
//! WebSocket.
//!
//! ```text
//! cargo run -p feed-server --example echo -- --listen 127.0.0.1:9001 --www FOLDER
//! ```
//! | path | behaviour |
//! | --- | --- |
//! | `/echo`, and a handshake for any other path | sends every message back |
//! | `/close?code=4000&reason=bye` | closes after the first message, with that code and reason |
//! | `/drop` | cuts the connection after the first message, without a close |
//! | `/refuse` | answers the handshake with 403 |
//! | others | files of the folder |

#![allow(clippy::disallowed_macros, clippy::disallowed_methods, reason = "serves tests only")]

use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use clap::Parser;
use feed_server::deliver::fanout::viewer_stream::ReadLimit;
use feed_server::deliver::session::channel::{Channel, websocket_config};
use feed_server::deliver::session::violation::Violation;
use feed_server::http::encoding::AcceptedEncodings;
use feed_server::http::page::{Page, PageReader};
use feed_server::http::response::{file, text};
use feed_server::http::server::serve;
use feed_server::http::upgrade::upgrade;
use feed_server::net::close_handshake::close_handshake;
use feed_server::net::connection_limiter::ConnectionLimiter;
use feed_server::net::framing::framed;
use feed_server::net::listener::Listener;
use futures_util::{SinkExt, StreamExt};
use hyper::StatusCode;
use hyper::header::UPGRADE;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

#[derive(Parser)]
struct Args {
    /// Address and port; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:9001")]
    listen: SocketAddr,
    /// Folder with files to serve.
    #[arg(long, default_value = ".")]
    www: PathBuf,
    /// Limit of a message in bytes [default: that of a viewer's message].
    #[arg(long)]
    message_limit: Option<usize>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let listener = Listener::bind(args.listen)?;
    println!("Echo is live at http://{}/", listener.local_addr()?);
    let echo = Arc::new(Echo { page: PageReader::new(Page::Folder(args.www)), config: config(args.message_limit) });
    let router = Router::new().fallback(move |request| {
        let echo = Arc::clone(&echo);
        async move { echo.respond(request).await }
    });
    serve(listener, ConnectionLimiter::default(), router, CancellationToken::new()).await;
    Ok(())
}

struct Echo {
    page: PageReader,
    config: WebSocketConfig,
}

fn config(message_limit: Option<usize>) -> WebSocketConfig {
    let config = websocket_config();
    let Some(limit) = message_limit else { return config };
    config.max_message_size(Some(limit)).max_frame_size(Some(limit)).max_write_buffer_size(usize::MAX)
}

impl Echo {
    async fn respond(&self, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let behaviour = match path.as_str() {
            "/echo" => Behaviour::Echo,
            "/drop" => Behaviour::Drop,
            "/close" => Behaviour::Close(close_frame(request.uri().query().unwrap_or_default())),
            "/refuse" => return text(StatusCode::FORBIDDEN, "refused\n"),
            _ if request.headers().contains_key(UPGRADE) => Behaviour::Echo,
            path => return file(self.page.file(path, AcceptedEncodings::default()).await),
        };
        let config = self.config;
        let upgraded = upgrade(request, move |upgraded| async move {
            let mut channel = Channel::open(upgraded, config, ReadLimit::Unlimited).await;
            // The end of a connection is that of a usual server, not a reset.
            channel.outbox.socket().send_rest_after_drop();
            if let Err(error) = behaviour.run(&mut channel).await
                && let Some(violation) = Violation::of_websocket(&error)
            {
                let close = CloseFrame { code: violation.close_code(), reason: violation.reason().into() };
                close_handshake(&mut channel.socket, close).await;
            }
        });
        upgraded.unwrap_or_else(|error| text(error.status(), error.to_string()))
    }
}

enum Behaviour {
    Echo,
    Drop,
    Close(CloseFrame),
}

impl Behaviour {
    async fn run(self, channel: &mut Channel) -> Result<(), Error> {
        while let Some(message) = channel.socket.next().await {
            match (&self, message?) {
                (Self::Echo, Message::Binary(bytes)) => drop(channel.outbox.send(&[framed(&bytes)])?),
                (Self::Echo, message @ Message::Text(_)) => channel.socket.send(message).await?,
                (Self::Drop, Message::Binary(_) | Message::Text(_)) => return Ok(()),
                (Self::Close(frame), Message::Binary(_) | Message::Text(_)) => {
                    channel.socket.send(Message::Close(Some(frame.clone()))).await?;
                }
                _ => {}
            }
            poll_fn(|context| channel.outbox.poll_flush(context)).await?;
        }
        Ok(())
    }
}

fn close_frame(query: &str) -> CloseFrame {
    let value = |key: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == key);
    let code: u16 = value("code").and_then(|pair| pair.1.parse().ok()).unwrap_or(1000);
    CloseFrame { code: code.into(), reason: value("reason").map_or("", |pair| pair.1).into() }
}
