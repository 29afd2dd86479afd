import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULTS, readSettings, SIDES } from './options.ts';

const read = (name: string, value: string) => readSettings(new Map([[name, value]]));

test('settings are read with their units, and what is not said stays as usual', () => {
  assert.deepEqual(readSettings(new Map()), DEFAULTS);
  assert.deepEqual(read('stream-window', ' 64KiB '), { ...DEFAULTS, streamWindow: 65_536 });
  assert.deepEqual(read('header-timeout', '1.5s'), { ...DEFAULTS, headerTimeoutMs: 1500 });
  assert.deepEqual(read('max-frame-size', '16777215'), { ...DEFAULTS, maxFrameBytes: 16_777_215 });
  assert.deepEqual(read('header-table', '0'), { ...DEFAULTS, headerTableBytes: 0 });
});

test('settings that cannot be are refused, with what can', () => {
  const cases = [
    ['max-concurrent-streams', '0', /is between 1 and 2147483647, not 0$/],
    ['max-concurrent-streams', '1KiB', /is a whole number, not "1KiB"$/],
    ['stream-window', '1023', /is between 1024 and 2147483647 bytes, not 1023$/],
    ['connection-window', '65534', /is between 65535 and 2147483647 bytes/],
    ['max-frame-size', '16MiB', /is between 16384 and 16777215 bytes, not 16MiB$/],
    ['header-timeout', '0s', /is between 1 and 600000 ms, not 0s$/],
    ['header-timeout', '10', /not a duration/],
    ['stream-windows', '1', /http2 has no setting stream-windows; it has max-concurrent-streams, stream-window, /],
    ['max-stream-id', '5', /http2 has no setting max-stream-id/],
  ] as const;
  for (const [name, value, message] of cases) assert.throws(() => read(name, value), message);
});

test('settings of one side are known as such', () => {
  assert.deepEqual(
    [...SIDES],
    [
      ['max-concurrent-streams', 'callers'],
      ['stream-resets', 'callers'],
      ['stream-errors', 'callers'],
      ['interim-responses', 'services'],
    ],
  );
});
