//! Creates the page and registers the functions that the browser calls.

use std::cell::RefCell;
use std::rc::Rc;

use protocol::Interval;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, ResizeObserver};

use super::address;
use super::app::App;
use super::controls;
use super::dom;
use super::listener::Listener;
use super::sign_in;
use super::visibility_observer::Observers;
use crate::link::{Clock, PageClock};

/// Functions that the browser calls. Each is detached when dropped.
#[expect(dead_code, reason = "owned, not read")]
struct Attached {
    listeners: Vec<Listener>,
    resize: (ResizeObserver, Closure<dyn FnMut()>),
    stats: Closure<dyn FnMut() -> Result<JsValue, JsValue>>,
}

thread_local! {
    /// The only owner of the page.
    static PAGE: RefCell<Option<(Rc<RefCell<App>>, Attached)>> = const { RefCell::new(None) };
}

/// # Errors
/// If `index.html` lacks an element, or a browser call fails.
pub fn start() -> Result<(), JsValue> {
    let clock: Rc<dyn Clock> = Rc::new(PageClock);
    let token = address::take_token()?;
    let app = Rc::new(RefCell::new(App::new(clock)?));
    let attached = attach(&app)?;
    match token {
        Some(token) => sign_in::exchange(&app, &token)?,
        None => sign_in::connect(&app)?,
    }
    PAGE.with(|owner| *owner.borrow_mut() = Some((app, attached)));
    Ok(())
}

fn attach(app: &Rc<RefCell<App>>) -> Result<Attached, JsValue> {
    let frames = app.borrow().frames();
    let mut listeners = controls::listen(app)?;
    listeners.extend(controls::listen_for_input(app)?);
    listeners.extend(controls::listen_for_media(app)?);
    listeners.extend(sign_in::listen(app)?);
    listeners.extend(controls::listen_for_waking(app)?);
    let weak = Rc::downgrade(app);
    listeners.push(Listener::new(dom::window()?, "resize", move |_: Event| {
        if let Some(app) = weak.upgrade() {
            app.borrow_mut().size_changed();
        }
    })?);
    let weak = Rc::downgrade(app);
    let resized = Closure::<dyn FnMut()>::new(move || {
        if let Some(app) = weak.upgrade() {
            app.borrow_mut().size_changed();
        }
    });
    let observer = ResizeObserver::new(resized.as_ref().unchecked_ref())?;
    observer.observe(app.borrow_mut().panels().element());
    let (near, shown) = (Rc::downgrade(app), Rc::downgrade(app));
    let observers = Observers::new(
        move |panel, is_near| {
            if let Some(app) = near.upgrade() {
                app.borrow_mut().set_in_view(panel, is_near);
            }
        },
        move |panel, is_on_screen| {
            if let Some(app) = shown.upgrade() {
                app.borrow_mut().set_on_screen(panel, is_on_screen);
            }
        },
    )?;
    app.borrow_mut().panels().set_observers(observers);
    let weak = Rc::downgrade(app);
    frames.start(move |time_ms| match weak.upgrade() {
        Some(app) => app.borrow_mut().frame(time_ms),
        None => Interval::ZERO,
    });
    let weak = Rc::downgrade(app);
    let stats = Closure::<dyn FnMut() -> Result<JsValue, JsValue>>::new(move || match weak.upgrade() {
        Some(app) => app.borrow_mut().stats().to_js(),
        None => Ok(JsValue::NULL),
    });
    let kymograph = js_sys::Object::new();
    js_sys::Reflect::set(&kymograph, &"stats".into(), stats.as_ref())?;
    js_sys::Reflect::set(dom::window()?.as_ref(), &"kymograph".into(), &kymograph)?;
    Ok(Attached { listeners, resize: (observer, resized), stats })
}
