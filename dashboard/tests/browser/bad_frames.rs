//! A server that sends invalid frames: the page counts them, shows a notice, and continues.

use std::net::Ipv4Addr;

use anyhow::Result;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use browsers::{Engine, test_in_each_browser};
use feed_server::deliver::session::channel::websocket_config;
use feed_server::http::page::Page;
use feed_server::http::routes::files;
use feed_server::http::server::serve;
use feed_server::http::upgrade::upgrade;
use feed_server::net::connection_limiter::ConnectionLimiter;
use feed_server::net::listener::Listener;
use futures_util::{SinkExt, StreamExt};
use protocol::{
    BlockBuffer, Body, Catalog, CatalogScope, EntriesBuffer, Epoch, Frame, GroupDescriptor, GroupId, Header, History,
    HistoryPart, Interval, Samples, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Timestamp,
};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::served::{IS_LIVE, browser, built, until};

async fn stream(request: Request) -> Response {
    let upgraded = upgrade(request, async |upgraded| {
        let mut socket = upgraded.into_websocket(websocket_config()).await;
        for message in messages() {
            socket.send(message).await.expect("sends");
        }
        while let Some(Ok(_)) = socket.next().await {}
    });
    upgraded.expect("a browser's handshake")
}

fn samples(sequence: u64) -> Frame<'static> {
    // Leaked on purpose: a few bytes that the frame borrows.
    let blocks: &'static mut BlockBuffer = Box::leak(Box::default());
    let now = feed_server::clock::now();
    blocks.start(now);
    blocks.push(GroupId(1), &[now], [(SeriesId(1), [sequence as f64].as_slice())]).expect("encodes");
    let body = Body::Samples(Samples::of_blocks(blocks.blocks()));
    Frame { header: Header { epoch: Epoch(1), sequence: Sequence(sequence), sent: now, skipped: 0 }, body }
}

fn catalog() -> Vec<u8> {
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let interval = Interval::from_millis(100);
    let id = GroupId(1);
    // U+202E is "right-to-left override".
    let title = "<b>Group</b>\u{202e}";
    groups
        .push(&GroupDescriptor { id, name: "g", title, unit: "1", interval, ..GroupDescriptor::default() })
        .expect("encodes");
    let labels = protocol::Entries::default();
    let name = "<img src=x onerror=alert(1)>\u{202e}";
    series
        .push(&SeriesDescriptor { id: SeriesId(1), group: id, name, kind: SeriesKind::Gauge, labels })
        .expect("encodes");
    let (groups, series, retired) = (groups.entries(), series.entries(), protocol::Entries::default());
    let body = Body::Catalog(Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() });
    Frame { header: Header { epoch: Epoch(1), ..Header::default() }, body }.to_bytes().expect("encodes")
}

fn messages() -> Vec<Message> {
    let history = Body::History(History { part: HistoryPart::Last, blocks: protocol::Blocks::default() });
    let header = Header { epoch: Epoch(1), sequence: Sequence(0), sent: Timestamp::default(), skipped: 0 };
    let history = Frame { header, body: history }.to_bytes().expect("encodes");
    let frame = |sequence| samples(sequence).to_bytes().expect("encodes");
    let mut cut = frame(2);
    cut.truncate(40);
    let mut flipped = frame(2);
    flipped[4] ^= 0xff;
    let mut unknown_kind = frame(2);
    unknown_kind[3] = 200;
    let mut messages: Vec<Message> = [catalog(), history, frame(1), b"rubbish".to_vec(), cut, flipped, unknown_kind]
        .into_iter()
        .map(Message::binary)
        .collect();
    messages.push(Message::text("not for us"));
    messages.push(Message::binary(frame(2)));
    messages
}

test_in_each_browser!(bad_frames_are_counted_and_shown_and_the_stream_continues);
async fn bad_frames_are_counted_and_shown_and_the_stream_continues(engine: Engine) -> Result<()> {
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let url = format!("http://{}/", listener.local_addr()?);
    let router = files(Page::Folder(built("KYMOGRAPH_PAGE"))).route("/stream", get(stream));
    tokio::spawn(serve(listener, ConnectionLimiter::default(), router, CancellationToken::new()));

    let browser = browser(engine).await?;
    let page = browser.page(&url).await?;
    until(&page, IS_LIVE).await?;
    // Invalid bytes, truncated, flipped, and a text message; the unknown kind is skipped without an error.
    until(&page, "kymograph.stats().decodeErrors === 4").await?;
    until(&page, "kymograph.stats().samples === 2").await?;
    until(&page, "!document.getElementById('notice').hidden").await?;
    let notice: String = page.evaluate("document.getElementById('notice').textContent").await?;
    anyhow::ensure!(notice.contains("4 frames could not be decoded"), "{notice}");
    // Names in the stream are text, not markup.
    until(&page, "document.querySelector('.panel-title').textContent === '<b>Group</b>\u{fffd}'").await?;
    until(&page, "document.querySelector('.legend-name').textContent === '<img src=x onerror=alert(1)>\u{fffd}'")
        .await?;
    until(&page, "getComputedStyle(document.querySelector('.legend-name')).unicodeBidi === 'isolate'").await?;
    let markup: u64 = page.evaluate("document.querySelectorAll('.panel img, .panel b').length").await?;
    anyhow::ensure!(markup == 0);
    Ok(())
}
