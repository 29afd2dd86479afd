import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { fieldsByName, type Http2Answer, type Http2Client, type Http2Request, methodOf } from './http2-clients.ts';

const ANSWER_TIMEOUT_MILLISECONDS = 90_000;

/** node:http2, with a connection for each request. */
export const nodeClient: Http2Client = { name: 'node', sendsTrailers: true, send };

async function send(request: Http2Request): Promise<Http2Answer> {
  const session = connect(request.origin, { rejectUnauthorized: false });
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MILLISECONDS);
  // Reported by the request, which fails with it.
  session.on('error', () => {});
  try {
    const stream = session.request(
      {
        ':method': methodOf(request),
        ':path': request.path,
        ...(request.authority === undefined ? {} : { ':authority': request.authority }),
        ...request.headers,
      },
      { endStream: request.body === undefined && request.trailers === undefined, waitForTrailers: request.trailers !== undefined, signal },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ ...request.trailers }));
    const interim: number[] = [];
    const trailers: Record<string, string> = {};
    stream.on('headers', (headers: IncomingHttpHeaders) => interim.push(Number(headers[':status'])));
    stream.on('trailers', (headers: IncomingHttpHeaders) => Object.assign(trailers, plain(headers)));
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    if (request.body !== undefined || request.trailers !== undefined) stream.end(request.body);
    const ended = once(stream, 'end', { signal });
    const [headers] = (await once(stream, 'response', { signal })) as [IncomingHttpHeaders];
    await ended;
    return { status: Number(headers[':status']), headers: plain(headers), body: Buffer.concat(chunks), trailers, interim };
  } finally {
    session.destroy();
  }
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  const list = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  return fieldsByName(list.map(([name, value]) => [name, String(value)] as const));
}
