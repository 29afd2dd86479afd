import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { BINARY, BOOTSTRAP, CommandFolder } from './command.test-support.ts';
import { encodeCall } from './demo/wire.ts';

const command = new CommandFolder();

/** The first piece of a stream; empty when it ends without one. */
function firstText(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    stream.once('data', (text) => resolve(String(text)));
    stream.once('end', () => resolve(''));
  });
}

test('run refuses an invalid configuration before anything is bound', async () => {
  await command.write('refused/polywire.yaml', BOOTSTRAP.replace('[dubbo]', '[nothing]'));
  const { code, stdout, stderr } = await command.polywireProcess('run', '-c', 'refused/polywire.yaml');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /error refused\/polywire\.yaml:4:17: no plugin brings/);
  assert.match(stderr, /polywire: refused\/polywire\.yaml is not valid/);
});

test('a registry dump needs a registry', async () => {
  await command.write('none/polywire.yaml', BOOTSTRAP);
  const { code, stderr } = await command.polywire('registry', 'dump', '-c', 'none/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stderr, /names no registry; --zookeeper host:port needs none/);
});

test('run says where it listens, and ends by itself when it is told to', async () => {
  await command.write(
    'alone/polywire.yaml',
    'listeners:\n- {name: in, address: "127.0.0.1:0", protocols: [dubbo], upstream: "127.0.0.1:1"}\n',
  );
  for (const file of ['good/polywire.yaml', 'alone/polywire.yaml']) {
    const child = spawn(process.execPath, [BINARY, 'run', '-c', file], {
      cwd: command.path,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    });
    const ended = once(child, 'close');
    let output = '';
    for await (const chunk of child.stdout) {
      output += chunk;
      if (output.includes('\n')) child.kill('SIGTERM');
    }
    assert.match(output, /^polywire ready: in 127\.0\.0\.1:[1-9]\d*\n$/);
    assert.deepEqual(await ended, [0, null]);
  }
});

test('a second signal does not wait for open requests', async () => {
  const args = [BINARY, 'run', '-c', 'good/polywire.yaml', '--log-format', 'text'];
  const child = spawn(process.execPath, args, { cwd: command.path, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const ready = await firstText(child.stdout);
  const port = Number(/:(\d+)\n/.exec(ready)?.[1]);
  const caller = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(caller, 'connect');
  // Half of a request keeps the connection busy, so that the drain has something to wait for.
  caller.write(encodeCall(1, { service: 'com.acme.Users', method: 'find', argument: 'x', attachments: {} }).subarray(0, 30));
  child.kill('SIGTERM');
  assert.match(await firstText(child.stderr), /^\S+Z info +draining: /);
  child.kill('SIGTERM');
  const [code] = await ended;
  caller.destroy();
  assert.equal(code, 143);
});

test('a request that the end of the drain cuts off is answered, and has its line in the access log', async (t) => {
  const deaf = createServer().listen(0, '127.0.0.1');
  t.after(() => deaf.close());
  await once(deaf, 'listening');
  const address = deaf.address();
  assert.ok(address !== null && typeof address === 'object');
  const upstream = `    upstream: 127.0.0.1:${address.port}\n`;
  await command.write('cut/polywire.yaml', `${BOOTSTRAP}${upstream}accessLog: {}\ndrain: {timeout: 50ms}\n`);
  const child = spawn(process.execPath, [BINARY, 'run', '-c', 'cut/polywire.yaml'], {
    cwd: command.path,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close');
  const port = Number(/:(\d+)\n/.exec(await firstText(child.stdout))?.[1]);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const caller = connect(port, '127.0.0.1').on('error', () => undefined);
  caller.write(encodeCall(1, { service: 'com.acme.Users', method: 'find', argument: 'x', attachments: {} }));
  let answers = '';
  caller.on('data', (chunk: Buffer) => {
    answers += chunk.toString('latin1');
  });
  const [arrived] = await once(deaf, 'connection');
  await once(
    arrived.on('error', () => undefined),
    'data',
  );
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  arrived.destroy();
  caller.destroy();
  assert.match(output, /^\S+ in dubbo \S+ com\.acme\.Users find /m);
  assert.match(answers, /the proxy stopped before the service answered/);
});

test('an address that is taken is 1, with the reason', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  await command.write('taken/polywire.yaml', BOOTSTRAP.replace(':0', `:${address.port}`));
  const { code, stderr } = await command.polywireProcess('run', '-c', 'taken/polywire.yaml');
  server.close();
  assert.equal(code, 1);
  assert.match(stderr, /EADDRINUSE/);
});

test('what a registry leaves out is warned of by dump, diff and watch, once', async () => {
  const plugin = `import { SPI_VERSION } from '@polywire/core/spi';
// As a connection does.
const running = setInterval(() => undefined, 1000);
const create = (_config, { log, showsFaults }) => ({
  name: 'talker here',
  start: async (sink) => {
    log('info', 'connected');
    log('warn', 'held back instance /one', { registry: 'talker here' });
    if (!showsFaults) log('warn', 'not allowed to read /two');
    sink.unread('/two', 'denied');
    sink.synced();
    // A watch goes on until it is told to end.
    if (process.argv.includes('watch')) setTimeout(() => process.kill(process.pid, 'SIGTERM'), 300);
  },
  stop: async () => clearInterval(running),
});
export const plugin = { name: 'p', spiVersion: SPI_VERSION, registries: [{ type: 'talker', create }] };
`;
  await command.write('talks/p.js', plugin);
  await command.write('talks/polywire.yaml', `${BOOTSTRAP}plugins: [./p.js]\nregistries: [{ type: talker }]\n`);
  const codes = [];
  for (const what of ['dump', 'diff', 'watch']) {
    const { code, stderr } = await command.polywireProcess('registry', what, '-c', 'talks/polywire.yaml');
    codes.push(code);
    assert.match(stderr, /^\S+ warn {2}held back instance \/one registry=talker here$/m, what);
    assert.equal(stderr.split('/two').length, 2, stderr);
    assert.doesNotMatch(stderr, /connected/);
  }
  assert.deepEqual(codes, [0, 3, 0]);
});

test('a registry that is unreachable is 3, within its time', async () => {
  const started = performance.now();
  const { code, stdout, stderr } = await command.polywire('registry', 'dump', '--zookeeper', '127.0.0.1:1', '--timeout', '300ms');
  assert.deepEqual([code, stdout], [3, '']);
  assert.match(stderr, /^error: .*127\.0\.0\.1:1 was not read within 0\.3 s/);
  assert.ok(performance.now() - started < 10_000);
});

test('the demo routes by tag and by weight, and ends by itself', async () => {
  const { code, stdout } = await command.polywireProcess('demo', '--duration', '1500ms', '--rate', '2000', '--directory', 'demo');
  assert.equal(code, 0);
  assert.match(stdout, /^polywire ready: dubbo 127\.0\.0\.1:\d+, admin http:\/\/127\.0\.0\.1:\d+$/m);
  assert.match(stdout, /^dubbo\.tag=gray +v2 +\d+ +100\.0 %/m);
  assert.match(stdout, /^no tag +v1 +\d+ /m);
  assert.match(stdout, /^no tag +v2 +\d+ /m);
  assert.ok(!stdout.includes('error:'), stdout);
});
