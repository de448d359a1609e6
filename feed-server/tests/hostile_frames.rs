//! Invalid WebSocket frames: each closes only its own session, with the code of the rule that it breaks.

use std::net::SocketAddr;

use crate::process::Process;
use crate::served::{Served, handshake};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SYNTHETIC: &str = "synthetic:groups=1,series=2,hz=50,prefill=1s,seed=7";

/// A peer that writes any bytes after its upgrade.
struct Peer(TcpStream);

impl Peer {
    async fn upgraded(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        let request = handshake(address, "/stream?window=0", "sec-websocket-extensions: permessage-deflate\r\n");
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("an answer"));
        }
        let head = String::from_utf8(head).expect("a head").to_lowercase();
        assert!(head.starts_with("http/1.1 101") && !head.contains("sec-websocket-extensions"), "{head}");
        Self(stream)
    }

    /// Writes until the server closes, and returns code and reason.
    async fn closed_after(mut self, frames: impl IntoIterator<Item = Vec<u8>>) -> (u16, String) {
        for frame in frames {
            if self.0.write_all(&frame).await.is_err() {
                break;
            }
        }
        let mut close = None;
        // Frames of a server, unmasked, until its close.
        while let Ok(opcode) = self.0.read_u8().await {
            let length = match self.0.read_u8().await.expect("a complete frame") {
                126 => u64::from(self.0.read_u16().await.expect("a complete frame")),
                127 => self.0.read_u64().await.expect("a complete frame"),
                length => length.into(),
            };
            let mut payload = vec![0; length as usize];
            self.0.read_exact(&mut payload).await.expect("a complete frame");
            if opcode & 0xf == 8 {
                let (code, reason) = payload.split_first_chunk().expect("a close with a code");
                close = Some((u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned()));
            }
        }
        close.expect("a close")
    }
}

/// The head of a frame whose length has 64 bits, with a mask of zeros.
fn head_of_64_bits(opcode: u8, length: u64) -> Vec<u8> {
    [&[opcode, 0x80 | 127][..], &length.to_be_bytes(), &[0; 4]].concat()
}

/// A short frame, with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | payload.len() as u8], &[0; 4][..], payload].concat()
}

/// A description, the frames, the expected code, and the beginning of the reason.
type Case = (&'static str, Vec<Vec<u8>>, u16, &'static str);

#[tokio::test]
async fn invalid_frames_close_their_session_with_the_code_of_the_broken_rule() {
    let served = Served::start(&[SYNTHETIC]).await;
    let mut neighbour = served.viewer("/stream").await;
    let one_byte_fragments = std::iter::once(frame(0x02, b"x")).chain((0..100_000).map(|_| frame(0x00, b"x")));
    let empty_fragments = std::iter::once(frame(0x02, b"")).chain((0..100_000).map(|_| frame(0x00, b"")));
    let cases: Vec<Case> = vec![
        ("a length of 2^63 - 1", vec![head_of_64_bits(0x82, (1 << 63) - 1)], 1009, ""),
        ("a length of 2^63", vec![head_of_64_bits(0x82, 1 << 63)], 1009, ""),
        ("a length of 2^64 - 1", vec![head_of_64_bits(0x82, u64::MAX)], 1009, ""),
        ("one byte too many", vec![head_of_64_bits(0x82, 65_537)], 1009, ""),
        ("fragments that together are too many", one_byte_fragments.collect(), 1009, "message too big"),
        ("empty fragments without end", empty_fragments.collect(), 1008, "too many bytes"),
        ("a reserved bit", vec![frame(0xc2, b"x")], 1002, ""),
        ("no mask", vec![vec![0x82, 0x01, b'x']], 1002, ""),
        ("an unknown opcode", vec![frame(0x83, b"x")], 1002, ""),
        ("a continuation of nothing", vec![frame(0x80, b"x")], 1002, ""),
        ("a ping in fragments", vec![frame(0x09, b"x")], 1002, ""),
        ("text", vec![frame(0x81, b"hello")], 1003, ""),
        ("text that is not UTF-8", vec![frame(0x81, b"\xff\xfe")], 1007, ""),
        ("empty messages without end", (0..10_000).map(|_| frame(0x82, b"")).collect(), 1007, ""),
    ];
    for (what, frames, expected, why) in cases {
        let (code, reason) = Peer::upgraded(served.address).await.closed_after(frames).await;
        assert!(code == expected && reason.starts_with(why), "{what}: closed with {code}, {reason}");
    }
    neighbour.read_live(3).await;
}

#[tokio::test]
async fn peers_that_announce_long_messages_and_send_nothing_take_little_memory_and_are_closed() {
    const PEERS: usize = 300;
    let server = Process::start(&["--source", SYNTHETIC]);
    let before = server.resident_bytes();
    let mut peers = Vec::new();
    for _ in 0..PEERS {
        let mut peer = Peer::upgraded(server.address).await;
        peer.0.write_all(&head_of_64_bits(0x82, 65_536)).await.expect("writes");
        peers.push(peer);
    }
    server.until_metric("kymograph_viewers", |viewers| viewers >= PEERS as f64).await;
    let grown = server.resident_bytes().saturating_sub(before) / PEERS;
    println!("{grown} bytes more for each of {PEERS} peers that announce 64 KiB");
    assert!(grown < 32 << 10, "{grown} bytes a peer: memory is reserved for announced bytes");
    for peer in peers {
        assert_eq!(peer.closed_after([]).await, (1008, "no answer to a ping within 5 s".to_owned()));
    }
    server.until_metric("kymograph_viewers", |viewers| viewers == 0.0).await;
}
