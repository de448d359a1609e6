// npm ws as a sender of the fan-out bench, with the same input as the other senders.
const readline = require('node:readline');
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('listening', () => console.log(`127.0.0.1:${server.address().port}`));

/** Resolves when the kernel has accepted all messages of a tick. */
function sendTick(viewer, messages) {
  return new Promise((resolve, reject) => {
    messages.forEach((message, number) => {
      const last = number === messages.length - 1;
      viewer.send(message, last ? (error) => (error ? reject(error) : resolve()) : undefined);
    });
  });
}

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const [bytes, burst, milliseconds] = line.split(' ').map(Number);
  const messages = Array.from({ length: burst }, (_, number) => Buffer.alloc(bytes, number));
  const viewers = [...server.clients];
  const started = process.hrtime.bigint();
  const before = process.cpuUsage();
  const elapsed = () => Number(process.hrtime.bigint() - started) / 1e9;
  let deliveries = 0;
  while (elapsed() < milliseconds / 1e3) {
    await Promise.all(viewers.map((viewer) => sendTick(viewer, messages)));
    deliveries += viewers.length * burst;
  }
  const cpu = process.cpuUsage(before);
  console.log(`${deliveries} ${elapsed()} ${cpu.user / 1e6} ${cpu.system / 1e6}`);
});
