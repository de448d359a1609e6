//! The source `remote_write`: samples that Prometheus sends, by its remote write protocol 1.0 and 2.0.
//!
//! - 1.0: <https://prometheus.io/docs/specs/prw/remote_write_spec/>
//! - 2.0: <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>
//!
//! ```text
//! POST /api/v1/write -> inlet -> message (snappy, protobuf) -> series of the request -> places and samples -> rows -> batches
//! ```
//!
//! | file | subject |
//! | --- | --- |
//! | `settings` | the settings |
//! | `message` | the version of a request; its body, unpacked |
//! | `wire` | the fields of a protobuf message |
//! | `request` | the series and samples of a message, of both versions |
//! | `intake`, `constant_labels` | what is known of each series; labels that names leave out |
//! | `receiver` | the source |

mod constant_labels;
mod intake;
mod message;
mod receiver;
mod request;
mod settings;
mod wire;

pub use settings::RemoteWriteSettings;

/// Reads a message of both versions, as the source does. Returns the number of series and of samples that are understood: for the fuzzer.
pub fn read(message: &[u8]) -> (usize, usize) {
    let (mut series, mut samples) = (0, 0);
    let mut written = request::WrittenSeries::default();
    for version in [message::Version::V1, message::Version::V2] {
        let Ok(request) = request::WrittenRequest::parse(message, version) else { continue };
        for place in 0..request.len() {
            if request.read(place, &mut written).is_ok() && request.labels(place).is_ok() {
                series += 1;
                samples += written.samples.len();
            }
        }
    }
    (series, samples)
}
