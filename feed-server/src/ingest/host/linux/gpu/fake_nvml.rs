// A library with the functions of NVIDIA's that are called, for tests: compiled as a library of its own. It answers with what the file
// `state` beside it says, a line for each value: `busy=30`, or `busy=!15` for an error; of one GPU, `1.busy=30`. What is not there is not
// supported. It notes each initialization and its end in the file `log`.

#![allow(non_snake_case, clippy::missing_safety_doc)]

use std::ffi::{CStr, OsStr, c_char, c_int, c_uint, c_void};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

type Return = c_uint;
const NOT_SUPPORTED: Return = 3;

#[repr(C)]
struct Found {
    file: *const c_char,
    base: *mut c_void,
    symbol: *const c_char,
    address: *mut c_void,
}

unsafe extern "C" {
    fn dladdr(address: *const c_void, found: *mut Found) -> c_int;
}

fn beside(name: &str) -> PathBuf {
    let mut found = Found { file: std::ptr::null(), base: std::ptr::null_mut(), symbol: std::ptr::null(), address: std::ptr::null_mut() };
    let path = unsafe {
        dladdr(nvmlShutdown as *const c_void, &mut found);
        CStr::from_ptr(found.file)
    };
    PathBuf::from(OsStr::from_bytes(path.to_bytes())).with_file_name(name)
}

fn note(what: &str) {
    // The folder may be gone at the end of a test.
    if let Ok(mut log) = std::fs::OpenOptions::new().create(true).append(true).open(beside("log")) {
        writeln!(log, "{what}").expect("written");
    }
}

fn text(key: &str) -> Result<String, Return> {
    let state = std::fs::read_to_string(beside("state")).unwrap_or_default();
    let mut lines = state.lines().filter_map(|line| line.split_once('='));
    let value = lines.find(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).ok_or(NOT_SUPPORTED)?;
    match value.strip_prefix('!') {
        Some(error) => Err(error.parse().expect("a number")),
        None => Ok(value),
    }
}

/// Of a GPU, or of all.
fn of_gpu(gpu: usize, key: &str) -> Result<String, Return> {
    match text(&format!("{gpu}.{key}")) {
        Err(NOT_SUPPORTED) => text(key),
        other => other,
    }
}

fn number(gpu: usize, key: &str) -> Result<u64, Return> {
    Ok(of_gpu(gpu, key)?.parse().expect("a number"))
}

fn result(answer: Result<(), Return>) -> Return {
    answer.err().unwrap_or(0)
}

fn put(place: *mut c_uint, value: Result<u64, Return>) -> Return {
    result(value.map(|value| unsafe { *place = value as c_uint }))
}

fn put_text(place: *mut c_char, length: c_uint, value: Result<String, Return>) -> Return {
    result(value.map(|value| {
        let bytes = value.as_bytes();
        let bytes = &bytes[..bytes.len().min(length as usize - 1)];
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), place, bytes.len());
            *place.add(bytes.len()) = 0;
        }
    }))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> Return {
    note("init");
    match text("init") {
        Ok(_) | Err(NOT_SUPPORTED) => 0,
        Err(error) => error,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> Return {
    note("shutdown");
    0
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetCount_v2(count: *mut c_uint) -> Return {
    put(count, number(0, "count"))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, device: *mut usize) -> Return {
    result(of_gpu(index as usize, "handle").or(Ok(String::new())).map(|_| unsafe { *device = index as usize }))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetUUID(device: usize, place: *mut c_char, length: c_uint) -> Return {
    put_text(place, length, of_gpu(device, "uuid"))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetName(device: usize, place: *mut c_char, length: c_uint) -> Return {
    put_text(place, length, of_gpu(device, "name"))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetUtilizationRates(device: usize, rates: *mut [c_uint; 2]) -> Return {
    let busy = || Ok([number(device, "busy")? as c_uint, number(device, "memory_busy").unwrap_or(0) as c_uint]);
    result(busy().map(|busy| unsafe { *rates = busy }))
}

#[repr(C)]
pub struct Memory {
    version: c_uint,
    total: u64,
    reserved: u64,
    free: u64,
    used: u64,
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetMemoryInfo_v2(device: usize, memory: *mut Memory) -> Return {
    let values = || Ok((number(device, "used")?, number(device, "total")?));
    result(values().map(|(used, total)| unsafe {
        ((*memory).used, (*memory).total) = (used, total);
    }))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetTemperature(device: usize, _sensor: c_uint, celsius: *mut c_uint) -> Return {
    put(celsius, number(device, "temperature"))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetPowerUsage(device: usize, milliwatts: *mut c_uint) -> Return {
    put(milliwatts, number(device, "power"))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetClockInfo(device: usize, clock: c_uint, mhz: *mut c_uint) -> Return {
    put(mhz, number(device, if clock == 0 { "graphics_clock" } else { "memory_clock" }))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetNumFans(device: usize, fans: *mut c_uint) -> Return {
    put(fans, number(device, "fans"))
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetFanSpeed_v2(device: usize, fan: c_uint, percent: *mut c_uint) -> Return {
    put(percent, number(device, &format!("fan{fan}")))
}
