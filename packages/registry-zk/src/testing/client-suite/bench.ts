import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import type { ZkClientOptions } from '../../client/client.ts';
import { hasCode } from '../../client/errors.ts';
import { clientOpener, type ZkDriver } from '../../client/open.ts';
import { eventOn, type TestClient, testClient } from '../client.ts';
import { Relay } from '../relay.ts';
import { ZooKeeperServer } from '../zookeeper-server.ts';

export const EMPTY = Buffer.alloc(0);

export const withCode =
  (code: number) =>
  (error: unknown): boolean =>
    hasCode(error, code);

/** A real server, a relay before it, and clients of one driver, which are closed after each test. */
export class Bench {
  readonly driver: ZkDriver;
  readonly #opened: TestClient[] = [];
  #server: ZooKeeperServer | undefined;
  #relay: Relay | undefined;
  #paths = 0;

  /** To be called inside a `describe`: it starts and stops what the tests there use. */
  constructor(driver: ZkDriver, start: () => Promise<ZooKeeperServer> = () => ZooKeeperServer.start()) {
    this.driver = driver;
    before(async () => {
      this.#server = await start();
      this.#relay = await Relay.start(this.#server.port);
    });
    afterEach(() => this.closeClients());
    after(async () => {
      await this.#relay?.stop();
      await this.#server?.dispose();
    });
  }

  get server(): ZooKeeperServer {
    assert.ok(this.#server !== undefined);
    return this.#server;
  }

  get relay(): Relay {
    assert.ok(this.#relay !== undefined);
    return this.#relay;
  }

  /** A client that is connecting; to the server itself unless told otherwise. */
  client(address = this.server.address, options: Partial<ZkClientOptions> = {}): TestClient {
    const opened = testClient(address, options, clientOpener(this.driver));
    this.#opened.push(opened);
    return opened;
  }

  async closeClients(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map(({ client }) => client.close()));
  }

  /** A path below the root that no test has used. */
  path(): string {
    return `/${this.driver}-${this.#paths++}`;
  }

  /** The client is served, and its watches fire: with these two it can be said to have survived. */
  async assertAlive({ client, reports }: TestClient): Promise<void> {
    const path = this.path();
    assert.equal(client.state, 'connected');
    assert.equal(await client.exists(path, true), false);
    const event = reports.next(eventOn(path));
    const { client: writer } = this.client();
    await writer.create(path, EMPTY);
    assert.deepEqual(await event, { kind: 'event', event: { kind: 'created', path } });
  }
}
