//! The publisher, as a program holds it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::column::MISSING;

use crate::error::{AnnounceError, FlushError};
use crate::gauge::{self, Gauge};
use crate::group::GroupBuilder;
use crate::shared::{Phase, Shared};

/// What a thread needs to notice that it is to end, besides the calls that it may be in.
const NOTICE: Duration = Duration::from_millis(250);

/// Sends rows to one server, on a thread of its own.
///
/// Dropping it sends what waits, for at most [`Builder::linger`](crate::Builder::linger), and ends the thread. [`Group`](crate::Group)s and [`Gauge`]s of
/// it may be used on any thread, and accept nothing after it was dropped.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<Shared>,
    linger: Duration,
}

impl Publisher {
    pub(crate) const fn new(shared: Arc<Shared>, linger: Duration) -> Self {
        Self { shared, linger }
    }

    /// Describes a group: series that are measured together. [`GroupBuilder::series`] adds it.
    pub fn group(&self, name: &str) -> GroupBuilder<'_> {
        GroupBuilder::new(&self.shared, name)
    }

    /// A value that the thread of the publisher samples ([`Builder::gauge_interval`](crate::Builder::gauge_interval)), from the first [`Gauge::set`] on.
    ///
    /// Gauges of one `group` share its rows. The same group and name give the same gauge.
    ///
    /// # Errors
    /// If a name is too long, the group is not one of gauges, or it is full.
    pub fn gauge(&self, group: &str, name: &str) -> Result<Gauge, AnnounceError> {
        gauge::add(&self.shared, group, name, MISSING)
    }

    /// Waits until the server holds every row that was accepted before this call.
    ///
    /// # Errors
    /// If `timeout` is over first, or the publisher has ended.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        let until = Instant::now() + timeout;
        let mut state = self.shared.lock();
        if state.buffer.encode().is_err() {
            state.last_error = Some("rows could not be encoded".to_owned());
        }
        let target = state.buffer.last_number();
        loop {
            if state.buffer.after(0, 1).first().is_none_or(|oldest| oldest.number > target) {
                return Ok(());
            }
            if let Some(reason) = state.ended() {
                return Err(FlushError::Ended(reason.to_owned()));
            }
            if Instant::now() >= until {
                let why = state.last_error.clone().unwrap_or_else(|| "the connection has no error".to_owned());
                return Err(FlushError::TimedOut { waited: timeout, why });
            }
            state.is_urgent = true;
            self.shared.notify();
            state = self.shared.wait(state, until);
        }
    }

    /// True while a server accepts rows on an open connection.
    pub fn is_connected(&self) -> bool {
        self.shared.lock().is_connected
    }

    /// Rows that were dropped because the buffer was full. A row that was sent, and dropped before the server's answer arrived,
    /// counts although the server may hold it.
    pub fn lost_rows(&self) -> u64 {
        self.shared.lock().buffer.lost()
    }

    /// Rows of this publisher's name that the server has dropped since its start: their times were more than 10 s ahead of its
    /// clock, or they came after later rows of their group.
    pub fn refused_rows(&self) -> u64 {
        self.shared.lock().refused
    }

    /// The last error: why there is no connection, why the publisher has ended, or which series the server leaves out.
    pub fn last_error(&self) -> Option<String> {
        let state = self.shared.lock();
        state.ended().map(str::to_owned).or_else(|| state.last_error.clone())
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.phase == Phase::Running {
            state.phase = Phase::Closing(Instant::now() + self.linger);
        }
        self.shared.notify();
        let until = Instant::now() + self.linger + NOTICE;
        // A thread that is still in a call, such as the resolution of a name, ends after it.
        while state.ended().is_none() && Instant::now() < until {
            state = self.shared.wait(state, until);
        }
    }
}
