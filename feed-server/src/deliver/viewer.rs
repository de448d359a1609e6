//! A viewer of the hub: it is counted, and has a subscription.

use std::sync::Arc;

use protocol::Extent;

use crate::deliver::hub::{Hub, State};
use crate::deliver::subscription::{Part, Subscription};
use crate::stream::selecting::Selecting;

impl Hub {
    /// Counts a viewer until the guard is dropped.
    pub fn join(self: &Arc<Self>) -> ViewerGuard {
        let (subscription, _) = self.join_subscription(None);
        self.telemetry.viewers.inc();
        self.telemetry.viewers_connected.inc();
        ViewerGuard { hub: Arc::clone(self), subscription }
    }

    fn join_subscription(&self, to: Option<Part>) -> (Arc<Subscription>, Extent) {
        let State { sequencer, subscriptions } = &mut *self.state.lock();
        let joined = subscriptions.join(to, sequencer.sequence());
        self.telemetry.subscriptions.set(subscriptions.with_viewers() as i64);
        joined
    }

    fn leave_subscription(&self, subscription: &Arc<Subscription>) {
        let subscriptions = &mut self.state.lock().subscriptions;
        subscriptions.leave(subscription);
        self.telemetry.subscriptions.set(subscriptions.with_viewers() as i64);
    }
}

/// Counts one viewer, of one subscription, until it is dropped.
#[derive(Debug)]
pub struct ViewerGuard {
    hub: Arc<Hub>,
    subscription: Arc<Subscription>,
}

impl ViewerGuard {
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub const fn subscription(&self) -> &Arc<Subscription> {
        &self.subscription
    }

    /// Changes to another subscription; `None` is the rows of everything. The caller then calls [`resolve`](Self::resolve), and
    /// [`track`](Self::track), until each returns true.
    pub fn subscribe(&mut self, to: Option<Part>) -> Extent {
        let (joined, extent) = {
            let State { sequencer, subscriptions } = &mut *self.hub.state.lock();
            let joined = subscriptions.change(&self.subscription, to, sequencer.sequence());
            self.hub.telemetry.subscriptions.set(subscriptions.with_viewers() as i64);
            joined
        };
        self.subscription = joined;
        extent
    }

    /// Looks for the series of the subscription in the next part of the catalog. Returns true after the last.
    pub fn resolve(&self, selecting: &mut Selecting) -> bool {
        let subscription = &self.subscription;
        let Some(to) = subscription.to().filter(|_| subscription.resolved().is_none()) else { return true };
        let is_done = selecting.step(&to.by, &self.hub.catalog);
        if is_done {
            subscription.resolve(selecting.found());
        }
        is_done
    }
}

impl Drop for ViewerGuard {
    fn drop(&mut self) {
        self.hub.leave_subscription(&self.subscription);
        self.hub.telemetry.viewers.dec();
    }
}
