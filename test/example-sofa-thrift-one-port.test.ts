import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LineProcess } from './support/line-process.ts';
import { Polywire } from './support/polywire.ts';
import { freePorts } from './support/ports.ts';

// This file runs as test/dist/example-sofa-thrift-one-port.test.js.
const EXAMPLE = fileURLToPath(new URL('../../examples/sofa-thrift-one-port/', import.meta.url));
const READY_TIMEOUT_MILLISECONDS = 60_000;

const read = (name: string) => readFileSync(join(EXAMPLE, name), 'utf8');

test('examples/sofa-thrift-one-port answers as its README says', { timeout: 180_000 }, async (t) => {
  const ports = await freePorts(4);
  await LineProcess.start(t, {
    name: 'services',
    command: process.execPath,
    args: [join(EXAMPLE, 'services.mjs'), ...ports.map(String)],
    ready: (line) => line === 'services ready',
    readyTimeout: READY_TIMEOUT_MILLISECONDS,
  });
  const mesh = ports.reduce((text, port, at) => text.replace(`: ${12201 + at} }`, `: ${port} }`), read('mesh.yaml'));
  const bootstrap = read('polywire.yaml').replace(':12200', ':0').replace(':15000', ':0');
  const proxy = await Polywire.start(t, { 'polywire.yaml': bootstrap, 'mesh.yaml': mesh });
  const callers = [join(EXAMPLE, 'callers.mjs'), String(proxy.port)];
  const { stdout } = await promisify(execFile)(process.execPath, callers, { signal: t.signal });
  const [, promised] = /```\n(SOFARPC: [^`]*)```/.exec(read('README.md')) ?? [];
  assert.equal(stdout, promised);
});
