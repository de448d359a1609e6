// Measures the decoder, and JavaScript with the same data.
import init, { DecodeProbe } from './decode_probe.js';

await init({ module_or_path: './decode_probe_bg.wasm' });

/** Raw messages together exceed a processor's cache, so they are read from memory, like those of a socket. */
const MESSAGES = 64;
const ROUNDS = 7;

/** Functions of all competitors. Each processes a message and returns its number of values. */
function competitors(probe) {
  const numbers = Array.from({ length: MESSAGES }, (_, number) => number);
  const messages = numbers.map((number) => probe.message(number));
  const arrays = numbers.map((number) => probe.values(number));
  const texts = arrays.map((array) => JSON.stringify(Array.from(array)));
  const ring = new Float64Array(arrays[0].length * 4);
  const bytes = messages.reduce((sum, message) => sum + message.length, 0);
  const samples = arrays.reduce((sum, array) => sum + array.length, 0);
  return {
    bytesPerSample: bytes / samples,
    samplesPerMessage: arrays[0].length,
    run: {
      'typed array copied': (number) => {
        ring.set(arrays[number], (number % 4) * arrays[number].length);
        return arrays[number].length;
      },
      'JSON.parse': (number) => JSON.parse(texts[number]).length,
      'frame decoded into rings': (number) => probe.decode(messages[number]),
      'frame applied to the store': (number) => probe.apply(messages[number], number),
    },
  };
}

/** Values per second, measured for at least `milliseconds`. */
function rate(work, milliseconds) {
  let values = 0;
  const start = performance.now();
  let elapsed = 0;
  do {
    for (let number = 0; number < MESSAGES; number += 1) values += work(number);
    elapsed = performance.now() - start;
  } while (elapsed < milliseconds);
  return (values / elapsed) * 1e3;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** Runs all competitors in turn, `ROUNDS` times, after a round for warm-up. */
window.measure = (milliseconds) =>
  DecodeProbe.shapes().map((shape) => {
    const { bytesPerSample, samplesPerMessage, run } = competitors(new DecodeProbe(shape));
    const names = Object.keys(run);
    const rates = new Map(names.map((name) => [name, []]));
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const name of names) {
        const values = rate(run[name], milliseconds);
        if (round > 0) rates.get(name).push(values);
      }
    }
    const results = names.map((name) => ({ name, samples_per_second: median(rates.get(name)) }));
    return { name: shape, bytes_per_sample: bytesPerSample, samples_per_message: samplesPerMessage, results };
  });

window.probeReady = true;
