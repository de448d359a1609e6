//! Firefox: its preferences, and the start of a session. Tested with version 153 (ESR).

mod events;
mod input;
mod remote_value;
mod tab;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use crate::connection::Connection;
use crate::process::Process;
use crate::{Certificates, LaunchOptions};
pub(crate) use tab::Tab;

const FLAGS: [&str; 6] = [
    "--headless",
    "--no-remote",
    // Scripts in the windows around pages: the protocol has no method that sets a page's colour scheme.
    "--remote-allow-system-access",
    "--remote-debugging-port",
    "0",
    "--profile",
];

/// Firefox sets most preferences for tests itself, when a session begins. These apply before that.
const PREFERENCES: [(&str, &str); 13] = [
    // No page, request or process that a test did not ask for.
    ("browser.startup.page", "0"),
    ("browser.newtabpage.enabled", "false"),
    ("browser.newtab.preload", "false"),
    ("browser.startup.homepage_override.mstone", "\"ignore\""),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    ("app.normandy.enabled", "false"),
    ("services.settings.server", "\"data:,\""),
    ("network.captive-portal-service.enabled", "false"),
    ("network.connectivity-service.enabled", "false"),
    ("dom.ipc.processPrelaunch.enabled", "false"),
    // No add-ons: a browser starts half a second earlier without them.
    ("extensions.enabledScopes", "0"),
    // The same picture on every machine.
    ("ui.useOverlayScrollbars", "1"),
    ("gfx.color_management.mode", "0"),
];

/// Of pages: what they print, requests that fail or are refused, and their end.
const EVENTS: [&str; 4] =
    ["log.entryAdded", "network.fetchError", "network.responseCompleted", "browsingContext.contextDestroyed"];

pub(crate) async fn launch(options: &LaunchOptions) -> Result<(Process, Connection)> {
    let profile = Process::profile()?;
    write_preferences(profile.path())?;
    let mut command = Command::new(&options.path);
    command.args(FLAGS).arg(profile.path()).arg("about:blank").env("MOZ_CRASHREPORTER_DISABLE", "1");
    let (process, address) = Process::start(command, profile, "WebDriver BiDi listening on ").await?;
    let connection =
        Connection::open(&format!("{address}/session"), events::read).await.context("cannot connect to the browser")?;
    let accepts_any = options.certificates == Certificates::Any;
    let capabilities = json!({ "alwaysMatch": { "acceptInsecureCerts": accepts_any } });
    let begin = json!({ "method": "session.new", "params": { "capabilities": capabilities } });
    connection.call(None, begin).await?;
    connection.call(None, json!({ "method": "session.subscribe", "params": { "events": EVENTS } })).await?;
    Ok((process, connection))
}

fn write_preferences(profile: &Path) -> Result<()> {
    let lines = PREFERENCES.map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"));
    std::fs::write(profile.join("user.js"), lines.concat()).context("cannot write the preferences of the browser")
}
