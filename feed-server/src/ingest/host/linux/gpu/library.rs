//! NVIDIA's library for the management of GPUs, which is loaded if it is there. Reference: <https://docs.nvidia.com/deploy/nvml-api/>.

use std::ffi::OsStr;
use std::fmt;

use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

/// More than the largest server has.
const MAX_GPUS: u32 = 64;
const MAX_FANS: u32 = 8;

#[derive(Debug)]
pub(super) struct Library(Box<Nvml>);

/// Why the library cannot be used.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// The machine does not have it.
    Missing,
    Failed(String),
}

/// A value of a GPU: `None` if the GPU does not state it, [`Unknown`](Value::Unknown) if it could not be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Known(f64),
    Unknown,
}

/// The identity of a GPU, which stays the same when the driver numbers the GPUs anew.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gpu {
    pub(super) uuid: String,
    /// The driver's number and the product's name, for display.
    pub(super) title: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) gpu: Gpu,
    /// Shares of the time, 0 to 1, in which a kernel ran, and in which memory was read or written.
    pub(super) busy: Option<Value>,
    pub(super) memory_busy: Option<Value>,
    /// In bytes.
    pub(super) memory_used: Option<Value>,
    pub(super) memory_total: Option<Value>,
    /// In degrees Celsius.
    pub(super) temperature: Option<Value>,
    /// In W.
    pub(super) power: Option<Value>,
    /// In Hz.
    pub(super) graphics_clock: Option<Value>,
    pub(super) memory_clock: Option<Value>,
    /// In percent of the highest speed, as the driver intends it.
    pub(super) fans: Vec<Option<Value>>,
}

/// All GPUs, and why others are not measured.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Gpus {
    pub(super) measured: Vec<Measured>,
    pub(super) failed: Option<String>,
}

impl Library {
    /// Loads and initializes the library. `path` is a name for the loader, or the path of a file. May take seconds.
    pub(super) fn open(path: &OsStr) -> Result<Self, Refusal> {
        match Nvml::builder().lib_path(path).init() {
            Ok(nvml) => Ok(Self(Box::new(nvml))),
            Err(NvmlError::LibloadingError(error)) if is_missing(&error) => Err(Refusal::Missing),
            Err(error) => Err(Refusal::Failed(error.to_string())),
        }
    }

    /// Reads all GPUs, a dozen calls for each. An error means that the library must be opened again.
    pub(super) fn read(&self) -> Result<Gpus, String> {
        let count = self.0.device_count().map_err(|error| error.to_string())?;
        let mut gpus = Gpus::default();
        for index in 0..count.min(MAX_GPUS) {
            match self.0.device_by_index(index).and_then(|device| measure(index, &device)) {
                Ok(measured) => gpus.measured.push(measured),
                Err(error) => gpus.failed = Some(format!("GPU {index}: {error}")),
            }
        }
        match gpus.failed {
            Some(error) if gpus.measured.is_empty() => Err(error),
            _ => Ok(gpus),
        }
    }
}

fn measure(index: u32, device: &Device<'_>) -> Result<Measured, NvmlError> {
    let title = match device.name() {
        Ok(name) => format!("{index} {name}"),
        Err(_) => index.to_string(),
    };
    let title = title.chars().map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect();
    let gpu = Gpu { uuid: device.uuid()?, title };
    let utilization = device.utilization_rates();
    let memory = device.memory_info();
    let clock = |clock| stated(&device.clock_info(clock), |mhz| f64::from(*mhz) * 1e6);
    // Drivers of before 2021 do not state the number.
    let fans = device.num_fans().unwrap_or(1).min(MAX_FANS);
    Ok(Measured {
        gpu,
        busy: stated(&utilization, |rates| share(rates.gpu)),
        memory_busy: stated(&utilization, |rates| share(rates.memory)),
        memory_used: stated(&memory, |memory| memory.used as f64),
        memory_total: stated(&memory, |memory| memory.total as f64),
        temperature: stated(&device.temperature(TemperatureSensor::Gpu), |celsius| f64::from(*celsius)),
        power: stated(&device.power_usage(), |milliwatts| f64::from(*milliwatts) / 1e3),
        graphics_clock: clock(Clock::Graphics),
        memory_clock: clock(Clock::Memory),
        fans: (0..fans).map(|fan| stated(&device.fan_speed(fan), |percent| f64::from(*percent))).collect(),
    })
}

fn share(percent: u32) -> f64 {
    f64::from(percent.min(100)) / 100.0
}

/// `None` if this GPU or this version of the library does not offer the value.
fn stated<T>(answer: &Result<T, NvmlError>, value: impl Fn(&T) -> f64) -> Option<Value> {
    match answer {
        Ok(answer) => Some(Value::Known(value(answer))),
        Err(
            NvmlError::NotSupported
            | NvmlError::InvalidArg
            | NvmlError::NoPermission
            | NvmlError::FunctionNotFound
            | NvmlError::FailedToLoadSymbol(_),
        ) => None,
        Err(_) => Some(Value::Unknown),
    }
}

/// The loader states no number: glibc and musl say "No such file", and a server that is linked statically cannot load anything.
fn is_missing(error: &dyn fmt::Display) -> bool {
    let error = error.to_string();
    ["No such file", "Dynamic loading not supported"].iter().any(|reason| error.contains(reason))
}
