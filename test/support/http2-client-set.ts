import type { Http2Client } from './http2-clients.ts';
import { curl, nghttp } from './http2-command-clients.ts';
import { nodeClient } from './http2-node-client.ts';
import { PythonHttp2Client } from './http2-python-client.ts';
import type { Owner } from './owner.ts';

export const CLIENTS = ['curl', 'nghttp', 'node', 'python'] as const;
export type ClientName = (typeof CLIENTS)[number];

/** All clients, of which Python's is a process. */
export class Http2Clients {
  readonly python: PythonHttp2Client;

  private constructor(python: PythonHttp2Client) {
    this.python = python;
  }

  static async start(owner: Owner): Promise<Http2Clients> {
    return new Http2Clients(await PythonHttp2Client.start(owner));
  }

  get(name: ClientName): Http2Client {
    return { curl, nghttp, node: nodeClient, python: this.python }[name];
  }
}
