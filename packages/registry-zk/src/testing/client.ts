import type { ZkClient, ZkClientOptions, ZkEvent } from '../client/client.ts';
import { clientOpener } from '../client/open.ts';
import { Recorder } from './recorder.ts';

/** What a client told its listener. */
export type ClientReport =
  | { readonly kind: 'connected'; readonly newSession: boolean }
  | { readonly kind: 'disconnected'; readonly cause: Error }
  | { readonly kind: 'event'; readonly event: ZkEvent };

export interface TestClient {
  readonly client: ZkClient;
  readonly reports: Recorder<ClientReport>;
}

/** A client that is connecting. Its session outlasts what a busy machine holds up; whoever waits for its end asks for a shorter one. */
export function testClient(address: string, options: Partial<ZkClientOptions> = {}, open = clientOpener('builtin')): TestClient {
  const reports = new Recorder<ClientReport>();
  const client = open(
    { address, sessionTimeoutMs: 15_000, connectTimeoutMs: 5_000, maxPacketBytes: 16 * 1024 * 1024, ...options },
    {
      connected: (newSession) => reports.add({ kind: 'connected', newSession }),
      disconnected: (cause) => reports.add({ kind: 'disconnected', cause }),
      event: (event) => reports.add({ kind: 'event', event }),
    },
  );
  client.connect();
  return { client, reports };
}

export const connected = (report: ClientReport): boolean => report.kind === 'connected';
export const disconnected = (report: ClientReport): boolean => report.kind === 'disconnected';
export const eventOn =
  (path: string) =>
  (report: ClientReport): boolean =>
    report.kind === 'event' && report.event.path === path;
