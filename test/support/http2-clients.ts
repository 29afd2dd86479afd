/** What a client is asked to send. */
export interface Http2Request {
  /** `http://127.0.0.1:<port>`, or `https://…`, of which no certificate is checked. */
  readonly origin: string;
  readonly path: string;
  /** GET, or POST where there is a body. */
  readonly method?: string;
  /** When not the origin's own. */
  readonly authority?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Only clients that say `sendsTrailers` send them. */
  readonly trailers?: Readonly<Record<string, string>>;
}

export interface Http2Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, string>>;
  /** Statuses of the 1xx answers before. */
  readonly interim: readonly number[];
}

/** An HTTP/2 client that other people wrote. */
export interface Http2Client {
  readonly name: string;
  readonly sendsTrailers: boolean;
  /** Fails with what the client said when there is no whole answer. */
  send(request: Http2Request): Promise<Http2Answer>;
}

/** Fields by name; values of the same name are joined as RFC 9110 allows. */
export function fieldsByName(list: Iterable<readonly [string, string]>): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of list) fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
  return fields;
}

export function methodOf(request: Http2Request): string {
  return request.method ?? (request.body === undefined ? 'GET' : 'POST');
}
