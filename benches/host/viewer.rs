//! A viewer that notes the times of the rows of one group.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::StreamExt;
use protocol::{Body, Frame, GroupId, SeriesId, Timestamp};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::connect_async;

/// A server sends its catalog, and then rows or heartbeats, within this time.
const SENDS_WITHIN: Duration = Duration::from_secs(10);

/// The rows that a viewer received.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) times: BTreeSet<Timestamp>,
    /// Gaps that the server declared, because the viewer was too slow.
    pub(crate) gaps: u32,
    group: Option<GroupId>,
    series: BTreeSet<SeriesId>,
}

impl Rows {
    /// Watches the group `name` for `time`.
    pub(crate) fn watch(address: SocketAddr, name: &str, time: Duration) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (mut socket, _) = connect_async(format!("ws://{address}/stream?window=0")).await?;
            let until = Instant::now() + time;
            let mut rows = Self::default();
            while Instant::now() < until {
                let message =
                    timeout_at(until + SENDS_WITHIN, socket.next()).await.context("the server sends nothing")?;
                let message = message.context("the server closed the connection")??;
                if message.is_binary() {
                    rows.frame(name, &Frame::decode(&message.into_data())?)?;
                }
            }
            ensure!(rows.group.is_some(), "the server has no group {name}");
            Ok(rows)
        })
    }

    fn frame(&mut self, name: &str, frame: &Frame<'_>) -> Result<()> {
        match frame.body {
            Body::Catalog(catalog) => {
                let mut groups = catalog.groups.iter();
                if let Some(group) = groups.find(|group| group.name == name) {
                    self.group = Some(group.id);
                }
                let series = catalog.series.iter().filter(|series| Some(series.group) == self.group);
                self.series.extend(series.map(|series| series.id));
            }
            Body::Samples(samples) => {
                let listed = samples.list.iter().filter(|sample| self.series.contains(&sample.series));
                self.times.extend(listed.map(|sample| sample.time));
                for block in samples.blocks.iter().filter(|block| Some(block.group) == self.group) {
                    self.times.extend(&block.times);
                }
            }
            Body::Gap(_) => self.gaps += 1,
            Body::Bye(bye) => bail!("the server ends the connection: {bye:?}"),
            _ => {}
        }
        Ok(())
    }
}
