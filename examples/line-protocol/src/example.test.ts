import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const example = fileURLToPath(new URL('..', import.meta.url));
const polywire = fileURLToPath(new URL('bin/polywire.js', import.meta.resolve('polywire/package.json')));

const children: ChildProcess[] = [];

/** Starts a program and waits until what it printed matches `ready`, once for each of `times`. */
async function start(args: readonly string[], ready: RegExp, times: number): Promise<string[]> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const found: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [, port] = ready.exec(line) ?? [];
    if (port !== undefined) found.push(port);
    if (found.length === times) return found;
  }
  throw new Error(`${args.join(' ')} ended before it was ready`);
}

/** Sends lines on a connection of their own and returns the answers, of which there are `count`. */
async function talk(port: number, lines: readonly string[], count: number): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  socket.write(lines.map((line) => `${line}\n`).join(''));
  const answers: string[] = [];
  for await (const line of createInterface({ input: socket })) if (answers.push(line) === count) break;
  socket.destroy();
  return answers;
}

describe('the line protocol behind Polywire', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'line-protocol-'));
  let port = 0;

  before(async () => {
    const [v1, v2] = await start([join(example, 'server.mjs'), '0', '0'], /:(\d+)$/, 2);
    const bootstrap = readFileSync(join(example, 'polywire.yaml'), 'utf8');
    const mesh = readFileSync(join(example, 'mesh.yaml'), 'utf8');
    writeFileSync(join(folder, 'mesh.yaml'), mesh.replace('7101', `${v1}`).replace('7102', `${v2}`));
    writeFileSync(join(folder, 'polywire.yaml'), bootstrap.replace(':7100', ':0').replace('./src/line.ts', join(example, 'src/line.ts')));
    port = Number((await start([polywire, 'run', '-c', join(folder, 'polywire.yaml')], /ready: line .*:(\d+)$/, 1))[0]);
  });

  after(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    rmSync(folder, { recursive: true });
  });

  it('routes calls by a header', async () => {
    assert.deepEqual(await talk(port, ['shop.Cart add user=ann | apples', 'shop.Cart add user=ann tag=gray | pears'], 2), [
      'OK v1 got "apples"',
      'OK v2 got "pears"',
    ]);
  });

  it('answers in the order of the requests, what the proxy answers itself included', async () => {
    const lines = ['shop.Cart a tag=gray | 1', 'shop.Nope b | 2', '!shop.Cart log | 3', 'shop.Cart', 'PING', 'shop.Cart c | 4'];
    const answers = await talk(port, lines, 5);
    assert.deepEqual(
      answers.map((answer) => answer.split(' ').slice(0, 2).join(' ')),
      ['OK v2', 'ERR no-route', 'ERR bad-request', 'PONG', 'OK v1'],
    );
  });

  it('relays a line of a megabyte whose end takes its time', async () => {
    const body = 'x'.repeat(1024 * 1024);
    assert.deepEqual(await talk(port, [`shop.Cart add | ${body}`], 1), [`OK v1 got "${body}"`]);
  });
});
