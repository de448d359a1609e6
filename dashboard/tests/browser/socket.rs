//! The WebSocket client type by itself.
