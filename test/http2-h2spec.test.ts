import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { localCertificate } from './support/certificates.ts';
import { H2SPEC_CASES, type H2specRun, h2specFailures, runH2spec } from './support/http2-h2spec.ts';
import { nothingIsLeft } from './support/http2-left.ts';
import { http2Bootstrap, http2Entries, http2Routes } from './support/http2-mesh.ts';
import { startNodeOrigin } from './support/http2-node-origin.ts';
import { startOrigin } from './support/http2-origins.ts';
import { requireHttp2 } from './support/http2-requirements.ts';
import { suiteOwner } from './support/owner.ts';
import { Polywire } from './support/polywire.ts';

/** Milliseconds: h2spec expects of some errors that no answer is on its way yet. */
const SLOW = 40;

describe('h2spec against the proxy', { skip: requireHttp2('nghttp2', 'go') }, () => {
  const owner = suiteOwner();
  let proxy: Polywire;

  before(async () => {
    const nodePort = (await startNodeOrigin(owner, { delay: SLOW })).port;
    const nghttpdPort = await startOrigin(owner, 'nghttpd');
    const { cert, key } = localCertificate(owner);
    const tls = { cert: 'cert.pem', key: 'key.pem' };
    proxy = await Polywire.start(owner, {
      'polywire.yaml': http2Bootstrap([{ name: 'plain' }, { name: 'secure', tls }]),
      'mesh/origins.yaml': http2Entries([
        { host: 'origins.example', endpoints: [{ port: nodePort }] },
        { host: 'nghttpd.example', endpoints: [{ port: nghttpdPort }] },
      ]),
      'mesh/routes.yaml': http2Routes('*', [
        { match: [{ uri: { prefix: '/index' } }], to: { 'nghttpd.example': 100 } },
        { to: { 'origins.example': 100 } },
      ]),
      'cert.pem': cert,
      'key.pem': key,
    });
  });

  const passes = async (run: H2specRun) => {
    const cases = await runH2spec(run);
    assert.deepEqual(h2specFailures(cases), []);
    assert.equal(cases.length, H2SPEC_CASES);
  };

  test('passes all cases before node:http2', () => passes({ port: proxy.portOf('plain') }));

  test('passes all cases before nghttpd', () => passes({ port: proxy.portOf('plain'), path: '/index.html' }));

  test('passes all cases over TLS', () => passes({ port: proxy.portOf('secure'), tls: true }));

  test('nothing is left of it', () => nothingIsLeft(proxy));
});
