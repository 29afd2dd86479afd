import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodecError } from './codec-error.ts';
import { ConfigError } from './config-error.ts';
import { RefusedConfiguration } from './refused-configuration.ts';

/** The classes of another copy of core, as a plugin with its own node_modules throws them. */
class OtherCodecError extends Error {
  override readonly name = 'CodecError';
}

class OtherConfigError extends Error {
  override readonly name = 'ConfigError';
}

test('errors of a copy of core that a plugin brings count as its own', () => {
  assert.ok(new OtherCodecError('x') instanceof CodecError);
  assert.ok(new OtherConfigError('x') instanceof ConfigError);
  assert.ok(new CodecError('A', 'x') instanceof CodecError);
});

test('errors are told from each other', () => {
  assert.ok(!(new Error('x') instanceof CodecError) && !(new ConfigError('x') instanceof CodecError));
  assert.ok(!(new Error('x') instanceof ConfigError) && !(new CodecError('A', 'x') instanceof ConfigError));
  assert.ok(!(new ConfigError('x') instanceof RefusedConfiguration));
  assert.ok(new RefusedConfiguration('x', []) instanceof RefusedConfiguration);
  assert.ok(new RefusedConfiguration('x', []) instanceof ConfigError);
});
