//! The result of `window.kymograph.stats()`: an object whose `toString` is its JSON.

use std::ops::Range;

use js_sys::{Function, JSON, Object, Reflect};
use protocol::Timestamp;
use wasm_bindgen::{JsCast, JsValue};

/// Counters since the page was loaded, and the present state.
#[derive(Clone, Debug)]
pub(super) struct Stats {
    pub(super) link: &'static str,
    pub(super) fps: f64,
    pub(super) frames: u64,
    pub(super) commits: u64,
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) samples: u64,
    pub(super) series: usize,
    pub(super) walls: u64,
    pub(super) panels: usize,
    pub(super) panels_in_view: usize,
    /// Groups to which the page subscribes.
    pub(super) groups_followed: usize,
    /// Those of them that are held as buckets of summaries.
    pub(super) groups_summarized: usize,
    pub(super) bytes_held: usize,
    pub(super) gaps: u64,
    pub(super) repairs: u64,
    pub(super) duplicates: u64,
    pub(super) retries: u64,
    pub(super) lag_p50_ms: Option<f64>,
    pub(super) lag_p99_ms: Option<f64>,
    pub(super) decode_errors: u64,
    pub(super) unknown: u64,
    pub(super) paused: bool,
    /// The times on screen.
    pub(super) view: Range<Timestamp>,
}

impl Stats {
    pub(super) fn to_js(&self) -> Result<JsValue, JsValue> {
        let object = Object::new();
        let set = |key: &str, value: JsValue| Reflect::set(&object, &JsValue::from_str(key), &value);
        set("link", self.link.into())?;
        set("fps", rounded(self.fps))?;
        set("frames", (self.frames as f64).into())?;
        set("commits", (self.commits as f64).into())?;
        set("messages", (self.messages as f64).into())?;
        set("bytes", (self.bytes as f64).into())?;
        set("samples", (self.samples as f64).into())?;
        set("series", (self.series as f64).into())?;
        set("walls", (self.walls as f64).into())?;
        set("panels", (self.panels as f64).into())?;
        set("panelsInView", (self.panels_in_view as f64).into())?;
        set("groupsFollowed", (self.groups_followed as f64).into())?;
        set("groupsSummarized", (self.groups_summarized as f64).into())?;
        set("bytesHeld", (self.bytes_held as f64).into())?;
        set("gaps", (self.gaps as f64).into())?;
        set("repairs", (self.repairs as f64).into())?;
        set("duplicates", (self.duplicates as f64).into())?;
        set("retries", (self.retries as f64).into())?;
        let lag = Object::new();
        Reflect::set(&lag, &"p50".into(), &self.lag_p50_ms.map_or(JsValue::NULL, rounded))?;
        Reflect::set(&lag, &"p99".into(), &self.lag_p99_ms.map_or(JsValue::NULL, rounded))?;
        set("lagMs", lag.into())?;
        set("decodeErrors", (self.decode_errors as f64).into())?;
        set("unknownColumns", (self.unknown as f64).into())?;
        set("paused", self.paused.into())?;
        let view = Object::new();
        let millis = |time: Timestamp| JsValue::from_f64(time.micros() as f64 / 1e3);
        Reflect::set(&view, &"from".into(), &millis(self.view.start))?;
        Reflect::set(&view, &"to".into(), &millis(self.view.end))?;
        set("view", view.into())?;
        let json = JSON::stringify(&object)?;
        // Not enumerable, so that JSON leaves it out.
        let descriptor = Object::new();
        let strings = Object::get_prototype_of(&json);
        let to_string: Function = Reflect::get(&strings, &"toString".into())?.unchecked_into();
        Reflect::set(&descriptor, &"value".into(), &to_string.bind0(&json))?;
        Object::define_property(&object, &"toString".into(), &descriptor);
        Ok(object.into())
    }
}

fn rounded(value: f64) -> JsValue {
    JsValue::from_f64((value * 100.0).round() / 100.0)
}
