//! The series and samples of a message, of both versions.

use super::message::Version;
use super::wire::{BadMessage, Fields, Value};
use crate::ingest::exposition::MetricType;

/// One series of a message. Its lists are used again for the next one.
#[derive(Debug, Default)]
pub(super) struct WrittenSeries {
    /// The same for all messages that name the series with its labels in the same order.
    pub(super) key: Vec<u8>,
    /// Milliseconds since 1970, and the value.
    pub(super) samples: Vec<(i64, f64)>,
    pub(super) histograms: Vec<WrittenHistogram>,
    pub(super) exemplars: usize,
    /// Of version 2.
    pub(super) of: Option<MetricType>,
}

/// A native histogram, of which only count and sum are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct WrittenHistogram {
    pub(super) millis: i64,
    pub(super) count: f64,
    pub(super) sum: f64,
}

/// A message whose series are not decoded yet.
#[derive(Debug)]
pub(super) struct WrittenRequest<'b> {
    version: Version,
    /// Of version 2.
    symbols: Vec<&'b str>,
    series: Vec<&'b [u8]>,
    /// Type and name of metrics, of version 1.
    pub(super) metadata: Vec<(MetricType, &'b str)>,
}

const TYPES: [MetricType; 8] = [
    MetricType::Unknown,
    MetricType::Counter,
    MetricType::Gauge,
    MetricType::Histogram,
    MetricType::GaugeHistogram,
    MetricType::Summary,
    MetricType::Info,
    MetricType::StateSet,
];

fn metric_type(number: u64) -> MetricType {
    usize::try_from(number).ok().and_then(|place| TYPES.get(place).copied()).unwrap_or_default()
}

impl<'b> WrittenRequest<'b> {
    /// Finds the parts of a message.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn parse(bytes: &'b [u8], version: Version) -> Result<Self, BadMessage> {
        let mut request = Self { version, symbols: Vec::new(), series: Vec::new(), metadata: Vec::new() };
        for field in Fields(bytes) {
            match (version, field?) {
                (Version::V1, (field @ 1, value)) | (Version::V2, (field @ 5, value)) => {
                    request.series.push(value.bytes(field)?);
                }
                (Version::V1, (field @ 3, value)) => request.metadata.push(metadata(value.bytes(field)?)?),
                (Version::V2, (field @ 4, value)) => request.symbols.push(value.text(field)?),
                _ => {}
            }
        }
        Ok(request)
    }

    pub(super) const fn len(&self) -> usize {
        self.series.len()
    }

    /// Reads a series, in place of what `series` had.
    ///
    /// # Errors
    /// If it is malformed.
    pub(super) fn read(&self, place: usize, series: &mut WrittenSeries) -> Result<(), BadMessage> {
        let WrittenSeries { key, samples, histograms, exemplars, of } = series;
        (*exemplars, *of) = (0, None);
        key.clear();
        samples.clear();
        histograms.clear();
        key.push(self.version as u8);
        for field in Fields(self.series[place]) {
            match (self.version, field?) {
                (Version::V1, (field @ 1, value)) => push_part(key, value.bytes(field)?),
                (Version::V2, (1, value)) => {
                    each_reference(value, |symbol| {
                        push_part(key, self.symbol(symbol)?.as_bytes());
                        Ok(())
                    })?;
                }
                (_, (field @ 2, value)) => samples.push(sample(value.bytes(field)?)?),
                (Version::V1, (field @ 4, value)) | (Version::V2, (field @ 3, value)) => {
                    histograms.push(histogram(value.bytes(field)?)?);
                }
                (Version::V1, (3, _)) | (Version::V2, (4, _)) => *exemplars += 1,
                (Version::V2, (field @ 5, value)) => {
                    for field in Fields(value.bytes(field)?) {
                        if let (field @ 1, value) = field? {
                            *of = Some(metric_type(value.varint(field)?));
                        }
                    }
                }
                _ => {}
            }
        }
        // A series of native histograms is another one.
        key.push(u8::from(samples.is_empty() && !histograms.is_empty()));
        Ok(())
    }

    /// The labels of a series.
    ///
    /// # Errors
    /// If they are malformed.
    pub(super) fn labels(&self, place: usize) -> Result<Vec<(&'b str, &'b str)>, BadMessage> {
        let (mut labels, mut references) = (Vec::new(), Vec::new());
        for field in Fields(self.series[place]) {
            match (self.version, field?) {
                (Version::V1, (field @ 1, value)) => labels.push(label(value.bytes(field)?)?),
                (Version::V2, (1, value)) => {
                    each_reference(value, |symbol| {
                        references.push(self.symbol(symbol)?);
                        Ok(())
                    })?;
                }
                _ => {}
            }
        }
        let pairs = references.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return Err(BadMessage::OddLabels);
        }
        labels.extend(pairs.map(|pair| (pair[0], pair[1])));
        Ok(labels)
    }

    fn symbol(&self, number: u32) -> Result<&'b str, BadMessage> {
        let symbols = self.symbols.len();
        self.symbols.get(number as usize).copied().ok_or(BadMessage::Symbol { found: number, symbols })
    }
}

/// Parts are told apart by their lengths.
fn push_part(key: &mut Vec<u8>, part: &[u8]) {
    key.extend_from_slice(&(part.len() as u64).to_le_bytes());
    key.extend_from_slice(part);
}

/// The numbers of a repeated field, packed or one by one.
fn each_reference(value: Value<'_>, mut each: impl FnMut(u32) -> Result<(), BadMessage>) -> Result<(), BadMessage> {
    let number = |number: u64| u32::try_from(number).map_err(|_| BadMessage::LongNumber);
    match value {
        Value::Varint(one) => each(number(one)?),
        Value::Bytes(packed) => {
            let mut rest = Fields(packed);
            while !rest.0.is_empty() {
                each(number(rest.varint()?)?)?;
            }
            Ok(())
        }
        _ => Err(BadMessage::OtherType(1)),
    }
}

fn label(bytes: &[u8]) -> Result<(&str, &str), BadMessage> {
    let (mut name, mut value) = ("", "");
    for field in Fields(bytes) {
        match field? {
            (field @ 1, text) => name = text.text(field)?,
            (field @ 2, text) => value = text.text(field)?,
            _ => {}
        }
    }
    Ok((name, value))
}

/// Hot: once per sample.
fn sample(bytes: &[u8]) -> Result<(i64, f64), BadMessage> {
    let (mut millis, mut value) = (0, 0.0);
    for field in Fields(bytes) {
        match field? {
            (field @ 1, number) => value = number.double(field)?,
            (field @ 2, number) => millis = number.varint(field)?.cast_signed(),
            _ => {}
        }
    }
    Ok((millis, value))
}

fn histogram(bytes: &[u8]) -> Result<WrittenHistogram, BadMessage> {
    let mut histogram = WrittenHistogram::default();
    for field in Fields(bytes) {
        match field? {
            (field @ 1, number) => histogram.count = number.varint(field)? as f64,
            (field @ 2, number) => histogram.count = number.double(field)?,
            (field @ 3, number) => histogram.sum = number.double(field)?,
            (field @ 15, number) => histogram.millis = number.varint(field)?.cast_signed(),
            _ => {}
        }
    }
    Ok(histogram)
}

fn metadata(bytes: &[u8]) -> Result<(MetricType, &str), BadMessage> {
    let (mut of, mut name) = (MetricType::Unknown, "");
    for field in Fields(bytes) {
        match field? {
            (field @ 1, number) => of = metric_type(number.varint(field)?),
            (field @ 2, text) => name = text.text(field)?,
            _ => {}
        }
    }
    Ok((of, name))
}
