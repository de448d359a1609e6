// Starts the page. Everything else is in the Wasm module.
import init, { start } from "./dashboard.js";

try {
  await init({ module_or_path: new URL("./dashboard_bg.wasm", import.meta.url) });
  start();
} catch (error) {
  const notice = document.getElementById("notice");
  notice.textContent = `The page could not start: ${error.message ?? error}`;
  notice.hidden = false;
  throw error;
}
