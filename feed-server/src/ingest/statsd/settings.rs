//! The settings of the source.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use crate::ingest::datagrams::DatagramAddress;
use crate::ingest::settings;

const MAX_SERIES: usize = 1_000_000;

/// Receives datagrams of StatsD clients.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatsdSettings {
    /// The beginning of the names of groups.
    #[serde(default = "default_name", deserialize_with = "name")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "listen")]
    pub(super) listen: Option<SocketAddr>,
    /// The path of a socket.
    #[serde(default)]
    pub(super) socket: Option<PathBuf>,
    /// A limit on living series.
    #[serde(default = "default_series", deserialize_with = "series")]
    pub(super) series: usize,
}

fn default_name() -> String {
    "statsd".to_owned()
}

const fn default_series() -> usize {
    10_000
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    settings::name(deserializer, "name")
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    settings::socket_address(deserializer, "listen").map(Some)
}

fn series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    settings::whole_number(deserializer, "series", &(1..=MAX_SERIES))
}

impl StatsdSettings {
    /// Where datagrams come from.
    ///
    /// # Errors
    /// If it is not one address.
    pub(super) fn address(&self) -> Result<DatagramAddress, String> {
        match (self.listen, &self.socket) {
            (Some(listen), None) => Ok(DatagramAddress::Udp(listen)),
            (None, Some(path)) => Ok(DatagramAddress::Unix(path.clone())),
            (None, None) => Err("set listen or socket: datagrams need an address".to_owned()),
            (Some(_), Some(_)) => Err("listen excludes socket: use two sources".to_owned()),
        }
    }
}
