//! The source: answers the requests of its inlet.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::future::BoxFuture;
use protocol::Interval;
use tokio::time::{MissedTickBehavior, interval};

use super::intake::{Counts, Intake};
use super::message::{self, BadRequest, Version};
use super::request::WrittenRequest;
use super::settings::RemoteWriteSettings;
use crate::clock;
use crate::ingest::context::{Registrar, SourceContext, Stopped};
use crate::ingest::inlet::{Delivery, InletKind, Reply};
use crate::ingest::settings::SourceSettings;
use crate::ingest::source::{Source, SourceError};
use crate::telemetry::Telemetry;

/// Samples wait for others of the same time for so long. Prometheus divides the series of one request to a target among several senders.
const SETTLE: Duration = Duration::from_millis(200);
/// More samples are sent at once: 3 MB.
const MAX_WAITING: usize = 200_000;

const HOW_TO_SEND: &str =
    "metrics of Prometheus: add `remote_write: [{ url: http://ADDRESS/api/v1/write }]` to its configuration";

#[derive(Debug)]
struct Receiver {
    settings: RemoteWriteSettings,
}

impl SourceSettings for RemoteWriteSettings {
    fn source(&self, _telemetry: &Telemetry) -> Box<dyn Source> {
        Box::new(Receiver { settings: self.clone() })
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }
}

impl Source for Receiver {
    fn merge_window(&self) -> Interval {
        self.settings.merge_window()
    }

    fn run(self: Box<Self>, context: SourceContext) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(receive(self.settings, context))
    }
}

async fn receive(settings: RemoteWriteSettings, context: SourceContext) -> Result<(), SourceError> {
    let registrar = &context.registrar;
    let mut requests = context.inlets.open(InletKind::RemoteWrite);
    registrar.health().counts("samples");
    registrar.health().hint(HOW_TO_SEND, true);
    registrar.health().listening();
    let mut intake = Intake::new(&settings);
    let mut settles = interval(SETTLE);
    settles.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = context.cancellation.cancelled() => return Err(Stopped.into()),
            _ = settles.tick() => send(&mut intake, &context).await?,
            request = requests.recv() => {
                // The inlets are open as long as this context lives.
                let Some(Delivery { content_type, content_encoding, body, room, reply }) = request else { return Ok(()) };
                let answered = take(&mut intake, registrar, &content_type, &content_encoding, &body).await;
                drop((body, room));
                if answered.is_ok() {
                    registrar.health().hint(HOW_TO_SEND, false);
                }
                let _sender_has_left = reply.send(answered.unwrap_or_else(|error| refused(&error, registrar)));
                if intake.waiting() > MAX_WAITING {
                    send(&mut intake, &context).await?;
                }
            }
        }
    }
}

async fn take(
    intake: &mut Intake,
    registrar: &Registrar,
    content_type: &str,
    content_encoding: &str,
    body: &[u8],
) -> Result<Reply, BadRequest> {
    let version = message::version(content_type, content_encoding)?;
    let bytes = message::unpack(body)?;
    let request = WrittenRequest::parse(&bytes, version)?;
    let Counts { samples, histograms, exemplars } = intake.take(&request, registrar, clock::now()).await?;
    // What is left out on purpose counts as written: a sender takes a lower number for a failure.
    let headers = match version {
        Version::V1 => Vec::new(),
        Version::V2 => vec![
            ("x-prometheus-remote-write-samples-written", samples.to_string()),
            ("x-prometheus-remote-write-histograms-written", histograms.to_string()),
            ("x-prometheus-remote-write-exemplars-written", exemplars.to_string()),
        ],
    };
    Ok(Reply { status: 204, headers, text: String::new() })
}

fn refused(error: &BadRequest, registrar: &Registrar) -> Reply {
    registrar.health().refused(1);
    registrar.report(&format!("a request is refused: {error}"));
    Reply { status: error.status(), headers: Vec::new(), text: format!("{error}\n") }
}

async fn send(intake: &mut Intake, context: &SourceContext) -> Result<(), Stopped> {
    for batch in intake.settle(&context.registrar, clock::now()) {
        context.send(batch).await?;
    }
    Ok(())
}
