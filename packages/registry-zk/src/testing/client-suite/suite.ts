import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ZkDriver } from '../../client/open.ts';
import { eventOn } from '../client.ts';
import { OLD } from '../zookeeper-releases.ts';
import { skipReason, ZooKeeperServer } from '../zookeeper-server.ts';
import { Bench, EMPTY } from './bench.ts';
import { outageCases } from './outages.ts';
import { requestCases } from './requests.ts';
import { serverCases } from './servers.ts';
import { memoryCase, watchCases } from './watches.ts';

/** What every driver does, against real servers. */
export function clientSuite(driver: ZkDriver): void {
  describe(`${driver} client against a real server`, { skip: skipReason(), timeout: 10 * 60_000 }, () => {
    const bench = new Bench(driver);
    requestCases(bench);
    watchCases(bench);
    serverCases(bench);
    outageCases(bench);
  });

  describe(`${driver} client for long`, { skip: skipReason(), timeout: 15 * 60_000 }, () => memoryCase(new Bench(driver)));

  describe(`${driver} client against a server of 2019`, { skip: skipReason(), timeout: 5 * 60_000 }, () => {
    const bench = new Bench(driver, () => ZooKeeperServer.start({ release: OLD }));

    test('nodes are read, and watches fire', async () => {
      const path = bench.path();
      const opened = bench.client();
      await opened.client.create(path, Buffer.from('data'), { ephemeral: true });
      const { data, stat } = await opened.client.getNode(path, true);
      assert.equal(data.toString(), 'data');
      assert.equal(stat.ephemeralOwner, opened.client.sessionId);
      const changed = opened.reports.next(eventOn(path));
      await opened.client.setData(path, EMPTY);
      await changed;
      await bench.assertAlive(opened);
    });
  });
}
