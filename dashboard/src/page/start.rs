//! Starts the page: makes the app and hands the browser what calls it.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, ResizeObserver};

use super::app::App;
use super::codec::PageCodec;
use super::controls;
use super::dom;
use super::frame_loop::FrameLoop;
use super::listener::Listener;
use super::sight::Sight;
use crate::link::{Options, WebSocketClient};

/// What the browser calls. Held for as long as the page lives; each takes itself back when dropped.
#[expect(dead_code, reason = "held, not read")]
struct Attached {
    frame_loop: FrameLoop,
    listeners: Vec<Listener>,
    resize: (ResizeObserver, Closure<dyn FnMut()>),
    stats: Closure<dyn FnMut() -> Result<JsValue, JsValue>>,
}

thread_local! {
    /// The page's one owner: nothing else keeps it alive.
    static PAGE: RefCell<Option<(Rc<RefCell<App>>, Attached)>> = const { RefCell::new(None) };
}

/// Starts the page.
///
/// # Errors
/// When `index.html` lacks what the page needs, or the browser refuses something that every browser has.
pub fn start() -> Result<(), JsValue> {
    let app = Rc::new(RefCell::new(App::new()?));
    let attached = attach(&app)?;
    connect(&app)?;
    PAGE.with(|owner| *owner.borrow_mut() = Some((app, attached)));
    Ok(())
}

fn attach(app: &Rc<RefCell<App>>) -> Result<Attached, JsValue> {
    let mut listeners = controls::listen(app)?;
    listeners.extend(controls::listen_for_waking(app)?);
    let weak = Rc::downgrade(app);
    listeners.push(Listener::new(dom::window()?, "resize", move |_: Event| {
        if let Some(app) = weak.upgrade() {
            app.borrow_mut().wall().layout_changed();
        }
    })?);
    let weak = Rc::downgrade(app);
    let resized = Closure::<dyn FnMut()>::new(move || {
        if let Some(app) = weak.upgrade() {
            app.borrow_mut().wall().layout_changed();
        }
    });
    let observer = ResizeObserver::new(resized.as_ref().unchecked_ref())?;
    observer.observe(app.borrow_mut().wall().element());
    let weak = Rc::downgrade(app);
    let sight = Sight::new(move |panel, in_view| {
        if let Some(app) = weak.upgrade() {
            app.borrow_mut().wall().seen(panel, in_view);
        }
    })?;
    app.borrow_mut().wall().set_sight(sight);
    let weak = Rc::downgrade(app);
    let frame_loop = FrameLoop::start(move |time_ms| {
        if let Some(app) = weak.upgrade() {
            app.borrow_mut().frame(time_ms);
        }
    });
    let weak = Rc::downgrade(app);
    let stats = Closure::<dyn FnMut() -> Result<JsValue, JsValue>>::new(move || match weak.upgrade() {
        Some(app) => app.borrow_mut().stats().to_js(),
        None => Ok(JsValue::NULL),
    });
    let kymograph = js_sys::Object::new();
    js_sys::Reflect::set(&kymograph, &"stats".into(), stats.as_ref())?;
    js_sys::Reflect::set(dom::window()?.as_ref(), &"kymograph".into(), &kymograph)?;
    Ok(Attached { frame_loop, listeners, resize: (observer, resized), stats })
}

fn connect(app: &Rc<RefCell<App>>) -> Result<(), JsValue> {
    let location = dom::window()?.location();
    let scheme = if location.protocol()? == "https:" { "wss" } else { "ws" };
    let url = format!("{scheme}://{}/stream?start=request", location.host()?);
    let weak = Rc::downgrade(app);
    let client = WebSocketClient::connect(&url, PageCodec, Options::default(), move |event| {
        if let Some(app) = weak.upgrade() {
            app.borrow_mut().event(event);
        }
    });
    let client = client.map_err(|error| JsValue::from_str(&error.to_string()))?;
    app.borrow_mut().set_client(client);
    Ok(())
}
