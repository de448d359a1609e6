//! GPUs of NVIDIA: busy time, memory, temperature, power, clocks, fans. See docs/decisions/0017-gpus.md.
//!
//! | file | subject |
//! | --- | --- |
//! | `library` | NVIDIA's library: loading it, reading all GPUs |
//! | `sleep` | whether a GPU may sleep |
//! | `watch` | when the library is opened, read and closed |

mod library;
mod sleep;
#[cfg(test)]
mod tests;
mod watch;

use std::ffi::OsString;
use std::time::Duration;

use protocol::Bounds;

use self::library::{Gpu, Gpus, Measured, Value};
use self::watch::{LEFT_OUT, Reading, Watch};
use super::roots::Roots;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::health::LeftOut;
use crate::ingest::host::group::HostGroup;
use crate::ingest::host::own_thread::OwnThread;
use crate::ingest::host::reader::{Moment, Reader};
use crate::ingest::host::schedule::Cadence;
use crate::ingest::series_set::SeriesKey;
use crate::ingest::source::SourceError;

/// The name of the library for the loader.
pub(super) const LIBRARY: &str = "libnvidia-ml.so.1";
/// A GPU states a mean over up to a second, and shorter intervals would delay what it draws.
const INTERVAL: Duration = Duration::from_millis(500);
const NO_GPUS: &str =
    "NVIDIA's graphics processors: the library `libnvidia-ml.so.1` is not installed; it comes with NVIDIA's driver";
const PAUSE: Duration = Duration::from_millis(10);

/// A value of a GPU, with a further label where a group has several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct GpuPart {
    gpu: Gpu,
    part: Option<(&'static str, String)>,
}

impl SeriesKey for GpuPart {
    fn name(&self) -> String {
        match &self.part {
            Some((_, part)) => format!("{} {part}", self.gpu.title),
            None => self.gpu.title.clone(),
        }
    }

    fn labels(&self) -> Vec<(String, String)> {
        let uuid = ("uuid".to_owned(), self.gpu.uuid.clone());
        [uuid].into_iter().chain(self.part.iter().map(|(name, value)| ((*name).to_owned(), value.clone()))).collect()
    }
}

/// One value of a GPU; `None` if it does not state it.
type Part = (Option<(&'static str, String)>, Option<Value>);

/// A group, and its values of one GPU.
struct Subject {
    group: HostGroup<GpuPart>,
    parts: fn(&Measured) -> Vec<Part>,
}

pub(super) struct GraphicsProcessors {
    watch: OwnThread<Reading>,
    subjects: [Subject; 7],
    left_out: [LeftOut; LEFT_OUT],
}

impl GraphicsProcessors {
    /// `library` is its path, or its name for the loader.
    pub(super) fn new(roots: &Roots, fastest: Duration, library: OsString) -> (Cadence, Self) {
        let cadence = Cadence::Steady(fastest.max(INTERVAL));
        let one = Bounds::Fixed { low: 0.0, high: 1.0 };
        let subject = |name, title, unit, bounds, parts| Subject {
            group: HostGroup::new(name, title, unit, cadence, bounds),
            parts,
        };
        let subjects = [
            subject("gpu.busy", "GPU busy", "1", one, |gpu| vec![(None, gpu.busy)]),
            subject("gpu.memory", "GPU memory", "By", Bounds::FromZero, |gpu| {
                vec![labelled("state", "used", gpu.memory_used), labelled("state", "total", gpu.memory_total)]
            }),
            subject("gpu.memory_busy", "GPU memory busy", "1", one, |gpu| vec![(None, gpu.memory_busy)]),
            subject("gpu.temperature", "GPU temperature", "Cel", Bounds::FromZero, |gpu| vec![(None, gpu.temperature)]),
            subject("gpu.power", "GPU power", "W", Bounds::FromZero, |gpu| vec![(None, gpu.power)]),
            subject("gpu.clock", "GPU clocks", "Hz", Bounds::FromZero, |gpu| {
                vec![labelled("clock", "graphics", gpu.graphics_clock), labelled("clock", "memory", gpu.memory_clock)]
            }),
            subject("gpu.fan", "GPU fans", "%", Bounds::FromZero, |gpu| {
                let fans = gpu.fans.iter().enumerate();
                fans.map(|(fan, &value)| (Some(("fan", format!("fan {fan}"))), value)).collect()
            }),
        ];
        let mut watch = Watch::new(roots, library);
        let watch = OwnThread::new("GPUs", "host-gpus", PAUSE, move || watch.read(Moment::now()));
        (cadence, Self { watch, subjects, left_out: Default::default() })
    }
}

fn labelled(name: &'static str, value: &str, measured: Option<Value>) -> Part {
    (Some((name, value.to_owned())), measured)
}

impl Reader for GraphicsProcessors {
    fn read(&mut self, context: &BlockingContext, now: Moment) -> Result<(), SourceError> {
        match self.watch.take(context.registrar.health(), now.instant) {
            Some(reading) => self.send(context, reading),
            None => Ok(()),
        }
    }

    fn awaits(&self) -> Option<Duration> {
        self.watch.awaits()
    }
}

impl GraphicsProcessors {
    fn send(&mut self, context: &BlockingContext, reading: Reading) -> Result<(), SourceError> {
        let Reading { moment, gpus, left_out, is_missing } = reading;
        context.registrar.health().hint(NO_GPUS, is_missing);
        for (place, reason) in self.left_out.iter_mut().zip(left_out) {
            place.state(context.registrar.health(), reason);
        }
        let Some(Gpus { measured, .. }) = gpus else { return Ok(()) };
        for Subject { group, parts } in &mut self.subjects {
            let values = measured.iter().flat_map(|gpu| {
                let parts = parts(gpu).into_iter();
                parts.filter_map(|(part, value)| {
                    let known = match value? {
                        Value::Known(value) => Some(value),
                        Value::Unknown => None,
                    };
                    Some((GpuPart { gpu: gpu.gpu.clone(), part }, known))
                })
            });
            group.send(context, moment.time, values)?;
        }
        Ok(())
    }
}
