import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { test } from 'node:test';
import { AccessLog, type AccessLogRecord, type AccessLogSink } from './access-log.ts';

const RECORD: AccessLogRecord = {
  time: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  listener: 'in',
  protocol: 'echo',
  peer: '127.0.0.1:5000',
  service: 'com.acme.Users',
  method: 'find',
  route: 'gray',
  cluster: 'users|v2',
  endpoint: '10.0.0.1:20880',
  outcome: 'ok',
  localReply: undefined,
  requestBytes: 100,
  responseBytes: 50,
  duration: 1.2345,
  attempts: 1,
  notes: [],
};

class MemorySink extends EventEmitter implements AccessLogSink {
  readonly writes: string[] = [];
  accepts = true;
  ended = false;

  write(text: string): boolean {
    this.writes.push(text);
    this.emit('written');
    return this.accepts;
  }

  end(callback: () => void): void {
    this.ended = true;
    callback();
  }
}

test('text has one word per field, in the documented order', async () => {
  const sink = new MemorySink();
  const log = new AccessLog(sink);
  log.write(RECORD);
  log.write({ ...RECORD, service: '', outcome: 'none', localReply: 'no-route', notes: ['UNREADABLE:tag', 'x'] });
  await log.close();
  assert.deepEqual(sink.writes.join('').split('\n'), [
    '2026-01-02T03:04:05.006Z in echo 127.0.0.1:5000 com.acme.Users find gray users|v2 10.0.0.1:20880 ok - 100 50 1.234 1 -',
    '2026-01-02T03:04:05.006Z in echo 127.0.0.1:5000 - find gray users|v2 10.0.0.1:20880 none no-route 100 50 1.234 1 UNREADABLE:tag,x',
    '',
  ]);
  assert.ok(sink.ended);
});

test('a name chosen by a caller cannot forge a line or a field', async () => {
  const sink = new MemorySink();
  const log = new AccessLog(sink);
  log.write({ ...RECORD, method: 'a b\nc\u2028\u001b[31m' });
  await log.close();
  const text = sink.writes.join('');
  assert.equal(text.split('\n').length, 2);
  assert.equal(text.split(' ').length, 16);
  assert.ok(text.includes('a\\u0020b\\u000ac\\u2028\\u001b[31m'));
});

test('json has the same fields under the names of the record', async () => {
  const sink = new MemorySink();
  const log = new AccessLog(sink, { format: 'json' });
  log.write(RECORD);
  await log.close();
  assert.deepEqual(JSON.parse(sink.writes.join('')), { ...RECORD, time: '2026-01-02T03:04:05.006Z', localReply: null });
});

test('lines wait for the interval and go out in one write', async () => {
  const sink = new MemorySink();
  const log = new AccessLog(sink, { flushIntervalMs: 5 });
  const written = once(sink, 'written');
  log.write(RECORD);
  log.write(RECORD);
  assert.equal(sink.writes.length, 0);
  const keepAlive = setTimeout(() => undefined, 5_000);
  await written;
  clearTimeout(keepAlive);
  assert.equal(sink.writes.length, 1);
  assert.equal(sink.writes[0]?.split('\n').length, 3);
  await log.close();
});

test('a full buffer does not wait', () => {
  const sink = new MemorySink();
  const log = new AccessLog(sink, { flushSize: 200 });
  log.write(RECORD);
  log.write(RECORD);
  assert.equal(sink.writes.length, 1);
});

test('a slow sink costs lines, not memory, and they are counted', async () => {
  const sink = new MemorySink();
  sink.accepts = false;
  const log = new AccessLog(sink, { flushSize: 1, maxBuffered: 300 });
  for (let i = 0; i < 100; i += 1) log.write(RECORD);
  assert.equal(sink.writes.length, 1);
  assert.equal(log.dropped, 96);
  sink.accepts = true;
  sink.emit('drain');
  assert.equal(sink.writes.length, 2);
  log.write(RECORD);
  await log.close();
  assert.equal(sink.writes.join('').split('\n').length - 1, 5);
  log.write(RECORD);
  assert.equal(log.dropped, 97);
});

test('a file that cannot be written costs lines, not the process', async () => {
  const stream = createWriteStream('/nowhere/polywire/access.log', { flags: 'a' });
  const log = new AccessLog(stream, { flushSize: 1 });
  const failed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  log.write(RECORD);
  await failed;
  log.write(RECORD);
  assert.equal(log.dropped, 1);
  await log.close();
});
