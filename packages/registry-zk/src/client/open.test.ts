import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@polywire/core/spi';
import { loadNativeModule } from './native-module.ts';
import { clientOpener } from './open.ts';

test('a native driver that is not there is refused when the configuration is read, with what to do', () => {
  const absent = () => {
    throw new Error("Cannot find module 'zookeeper'\nRequire stack: ...");
  };
  assert.throws(
    () => clientOpener('native', () => loadNativeModule(absent)),
    (error) =>
      error instanceof ConfigError &&
      error.message ===
        'driver: the npm package zookeeper does not load (Cannot find module \'zookeeper\'): run "npm install zookeeper@7.3.0" beside polywire (it needs a C++ compiler, make and Python), or leave out driver: native',
  );
  assert.throws(() => clientOpener('native', () => loadNativeModule(() => ({}))), /exports no class/);
});

test('the builtin driver asks for no package', () => {
  clientOpener('builtin', () => {
    throw new Error('asked');
  });
});
