import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connected, eventOn } from '../testing/client.ts';
import { Bench, EMPTY, withCode } from '../testing/client-suite/bench.ts';
import { clientSuite } from '../testing/client-suite/suite.ts';
import { skipReason } from '../testing/zookeeper-server.ts';
import { UNIMPLEMENTED } from './errors.ts';
import { loadNativeModule } from './native-module.ts';
import { clientOpener } from './open.ts';

/** Watches that are set at a time. */
const AT_ONCE = 500;

/** The package is optional: where it did not compile there is nothing to test. */
function isThere(): boolean {
  try {
    loadNativeModule();
    return true;
  } catch {
    return false;
  }
}

if (!isThere()) {
  test('where the package zookeeper did not compile, its driver is refused with what to do', () => {
    assert.throws(() => clientOpener('native'), /npm install zookeeper@7\.3\.0/);
  });
} else {
  clientSuite('native');

  describe('what the native client has not', { skip: skipReason(), timeout: 5 * 60_000 }, () => {
    const bench = new Bench('native');

    test('TLS and recursive watches are refused, and nothing is lost by asking', async () => {
      assert.throws(() => bench.client(undefined, { tls: {} }), /native driver has no TLS/);
      const opened = bench.client();
      await opened.reports.next(connected);
      await assert.rejects(opened.client.addRecursiveWatch('/'), withCode(UNIMPLEMENTED));
      await bench.assertAlive(opened);
    });

    test('more watches than fit in one packet cost the session, not the connection for ever', async () => {
      const opened = bench.client(bench.relay.address);
      const { client: zk, reports } = opened;
      const paths = Array.from({ length: 9_500 }, () => `${bench.path()}-${'x'.repeat(95)}`);
      // Not all at once: the C client takes a turn that is long for one in which no server answered.
      for (let from = 0; from < paths.length; from += AT_ONCE)
        await Promise.all(paths.slice(from, from + AT_ONCE).map((path) => zk.exists(path, true)));
      const back = reports.next(connected);
      bench.relay.breakAll();
      assert.deepEqual(await back, { kind: 'connected', newSession: true });
      await zk.exists(paths[0] ?? '', true);
      const event = reports.next(eventOn(paths[0] ?? ''));
      await zk.create(paths[0] ?? '', EMPTY);
      await event;
      await bench.assertAlive(opened);
    });
  });
}
