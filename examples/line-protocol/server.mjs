// The service behind the proxy, in two versions: v1 on port 7101, v2 on port 7102, or on the ports given.
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

function answer(version, line) {
  if (line === 'PING') return 'PONG';
  if (line.startsWith('!')) return undefined;
  const [, body = ''] = / \| ?(.*)$/.exec(line) ?? [];
  return line.startsWith('shop.Cart ') ? `OK ${version} got "${body}"` : 'ERR not-found there is only shop.Cart here';
}

const [first = 7101, second = 7102] = process.argv.slice(2).map(Number);

for (const [version, port] of [
  ['v1', first],
  ['v2', second],
]) {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    createInterface({ input: socket }).on('line', (line) => {
      const text = answer(version, line);
      if (text !== undefined && socket.writable) socket.write(`${text}\n`);
    });
  });
  server.listen(port, '127.0.0.1', () => console.log(`shop.Cart ${version} on 127.0.0.1:${server.address().port}`));
}
