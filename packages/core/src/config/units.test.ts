import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean } from './suggest.ts';
import { parseDuration, parsePercentage, parseSize, parseSocketAddress } from './units.ts';

test('durations are whole milliseconds', () => {
  const expected = {
    '1h': 3_600_000,
    '2m': 120_000,
    '3s': 3_000,
    '4ms': 4,
    '1.5s': 1_500,
    '1m30s': 90_000,
    '1h0m0.5s': 3_600_500,
    '0s': 0,
    '1.4ms': 1,
  };
  for (const [text, milliseconds] of Object.entries(expected)) assert.equal(parseDuration(text), milliseconds, text);
  for (const text of ['', '5', '-1s', '1d', '5 s', 's', '1us', '.s', '1e3s'])
    assert.throws(() => parseDuration(text), /is not a duration/, text);
  assert.throws(() => parseDuration('0.2ms'), /less than 1ms/);
  assert.throws(() => parseDuration('10000h'), /longer than 24 days/);
});

test('sizes are whole bytes', () => {
  const expected = { '0': 0, '1024': 1024, '64KiB': 65_536, '1.5MiB': 1_572_864, '2 GiB': 2 ** 31, '7B': 7 };
  for (const [text, bytes] of Object.entries(expected)) assert.equal(parseSize(text), bytes, text);
  for (const text of ['', '-1', '64KB', '64k', '0.3KiB', '99999999999GiB']) assert.throws(() => parseSize(text), /is not a size/, text);
});

test('addresses have a host and a port', () => {
  assert.deepEqual(parseSocketAddress('127.0.0.1:20880'), { host: '127.0.0.1', port: 20880 });
  assert.deepEqual(parseSocketAddress('[::1]:0'), { host: '::1', port: 0 });
  assert.deepEqual(parseSocketAddress('users.example:65535'), { host: 'users.example', port: 65535 });
  for (const text of ['', '20880', ':20880', 'a:', 'a:65536', '::1:80', 'http://a:80', 'a b:80']) {
    assert.throws(() => parseSocketAddress(text), /is not an address/, text);
  }
});

test('suggestions name what is close, and nothing else', () => {
  assert.equal(didYouMean('metod', ['match', 'method', 'name']), ' Did you mean "method"?');
  assert.equal(didYouMean('ignore_uri_case', ['ignoreUriCase']), ' Did you mean "ignoreUriCase"?');
  assert.equal(didYouMean('wieght', ['weight', 'height2']), ' Did you mean "weight"?');
  assert.equal(didYouMean('banana', ['weight', 'uri']), '');
});

test('percentages', () => {
  for (const [text, share] of Object.entries({ '50%': 0.5, '0%': 0, '100 %': 1, '12.5%': 0.125 }))
    assert.equal(parsePercentage(text), share);
  for (const text of ['', '50', '0.5', '101%', '-1%', '%']) assert.throws(() => parsePercentage(text), /is not a percentage/, text);
});
