//! One connection to a server: a blocking WebSocket whose every call ends within a bound, besides the resolution of a name.

use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use protocol::{ClientMessage, EncodeError, SUBPROTOCOL};
use thiserror::Error;
use tungstenite::client::{IntoClientRequest, client_with_config};
use tungstenite::error::ProtocolError;
use tungstenite::handshake::HandshakeError;
use tungstenite::http::HeaderValue;
use tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Message, WebSocket};

use crate::address::Address;

const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// The server reads again when its queue has room, which takes milliseconds.
const SEND_WITHIN: Duration = Duration::from_secs(5);

/// The server sends the held position each second.
const SILENCE: Duration = Duration::from_secs(5);

/// Bytes of a refusal that are shown.
const MAX_SHOWN: usize = 200;

#[derive(Debug, Error)]
pub(crate) enum LinkError {
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    #[error("the name of the server has no address")]
    NoAddress,
    #[error("the server answered {status}: {text}")]
    Refused { status: u16, text: String },
    #[error("connection lost: {0}")]
    Lost(Box<tungstenite::Error>),
    #[error("connection lost: {0}")]
    Io(#[from] io::Error),
    #[error("the server has sent nothing for {} s", SILENCE.as_secs())]
    Silent,
    #[error("closed by the server with {code}: {reason}")]
    Closed { code: u16, reason: String },
    #[error("a message of the server is not readable: {0}")]
    Malformed(#[from] protocol::DecodeError),
    #[error("a message cannot be encoded: {0}")]
    Encode(#[from] EncodeError),
}

impl LinkError {
    /// True if the same program would be refused again.
    pub(crate) const fn is_final(&self) -> bool {
        use protocol::close_codes::{INVALID_DATA, MESSAGE_TOO_BIG, REPLACED, UNSUPPORTED_DATA, UNSUPPORTED_VERSION};
        const FINAL: [u16; 5] = [UNSUPPORTED_DATA, INVALID_DATA, MESSAGE_TOO_BIG, REPLACED, UNSUPPORTED_VERSION];
        let Self::Closed { code, .. } = self else { return false };
        let mut place = 0;
        while place < FINAL.len() {
            if FINAL[place] == *code {
                return true;
            }
            place += 1;
        }
        false
    }
}

impl From<tungstenite::Error> for LinkError {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Http(response) => {
                let text = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                let text = text.trim().chars().take(MAX_SHOWN).collect();
                Self::Refused { status: response.status().as_u16(), text }
            }
            error => Self::Lost(Box::new(error)),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Link {
    socket: WebSocket<TcpStream>,
    heard: Instant,
}

impl Link {
    /// Connects to the first address of the server that answers.
    pub(crate) fn connect(address: &Address, token: Option<&str>) -> Result<Self, LinkError> {
        let mut last = LinkError::NoAddress;
        for candidate in (address.host.as_str(), address.port).to_socket_addrs().map_err(LinkError::Connect)? {
            match TcpStream::connect_timeout(&candidate, CONNECT_WITHIN) {
                Ok(stream) => return Self::upgrade(stream, address, token),
                Err(error) => last = LinkError::Connect(error),
            }
        }
        Err(last)
    }

    fn upgrade(stream: TcpStream, address: &Address, token: Option<&str>) -> Result<Self, LinkError> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(SEND_WITHIN))?;
        let mut request = address.to_string().into_client_request()?;
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        if let Some(token) = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok()) {
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        let limit = Some(protocol::limits::MAX_MESSAGE_BYTES);
        let config = WebSocketConfig::default().max_message_size(limit).max_frame_size(limit);
        let connected = client_with_config(request, stream, Some(config));
        let (socket, _response) = connected.map_err(|error| match error {
            HandshakeError::Failure(error) => error.into(),
            HandshakeError::Interrupted(_) => LinkError::Silent,
        })?;
        Ok(Self { socket, heard: Instant::now() })
    }

    pub(crate) fn send(&mut self, message: &ClientMessage<'_>) -> Result<(), LinkError> {
        self.send_bytes(message.to_bytes()?)
    }

    pub(crate) fn send_bytes(&mut self, message: Vec<u8>) -> Result<(), LinkError> {
        Ok(self.socket.send(Message::binary(message))?)
    }

    /// The next message, for which it waits.
    pub(crate) fn receive(&mut self) -> Result<Vec<u8>, LinkError> {
        loop {
            if let Some(message) = self.read()? {
                return Ok(message);
            }
            if self.heard.elapsed() > SILENCE {
                return Err(LinkError::Silent);
            }
        }
    }

    /// The next message that has arrived, without waiting.
    pub(crate) fn received(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        self.socket.get_ref().set_nonblocking(true)?;
        let read = self.read();
        self.socket.get_ref().set_nonblocking(false)?;
        if matches!(read, Ok(None)) && self.heard.elapsed() > SILENCE {
            return Err(LinkError::Silent);
        }
        read
    }

    /// `None` if nothing has arrived.
    fn read(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        loop {
            let message = match self.socket.read() {
                Ok(message) => message,
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(None);
                }
                Err(tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                    return Err(io::Error::from(ErrorKind::ConnectionReset).into());
                }
                Err(error) => return Err(error.into()),
            };
            self.heard = Instant::now();
            match message {
                Message::Binary(bytes) => return Ok(Some(bytes.into())),
                Message::Close(frame) => {
                    let (code, reason) =
                        frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                    return Err(LinkError::Closed { code, reason });
                }
                _ => {}
            }
        }
    }

    /// Ends the connection in order, without waiting for the server.
    pub(crate) fn close(mut self) {
        let _gone_anyway = self.socket.close(None).and_then(|()| self.socket.flush());
    }
}
