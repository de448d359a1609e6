//! One word to everybody: stop.

use tokio::sync::watch;

/// Says stop, when told to or dropped.
#[derive(Debug)]
pub struct Shutdown(watch::Sender<bool>);

/// Hears it.
#[derive(Clone, Debug)]
pub struct ShutdownListener(watch::Receiver<bool>);

/// A pair of the two.
pub fn shutdown() -> (Shutdown, ShutdownListener) {
    let (sender, receiver) = watch::channel(false);
    (Shutdown(sender), ShutdownListener(receiver))
}

impl Shutdown {
    /// Says stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl ShutdownListener {
    /// Waits until stop is said, or until nobody is left who could say it.
    pub async fn stopped(&mut self) {
        let _nobody_left = self.0.wait_for(|&stopped| stopped).await;
    }
}
