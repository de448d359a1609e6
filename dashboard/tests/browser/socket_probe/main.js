// Loads the probe for the test, which waits for `probeReady`.
import init, { Probe, dropInside, liveClosures } from './socket_probe.js';

await init({ module_or_path: './socket_probe_bg.wasm' });
Object.assign(window, { Probe, dropInside, liveClosures, probeReady: true });
