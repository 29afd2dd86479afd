import { CommandLine } from './command-line.ts';
import { pythonClient } from './http2-build.ts';
import { fieldsByName, type Http2Answer, type Http2Client, type Http2Request, methodOf } from './http2-clients.ts';
import { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';

/** How the frames of an exchange look. */
export interface PythonWire {
  /** Bytes of padding in every DATA frame. */
  readonly padding?: number;
  /** Says a priority in HEADERS and again in PRIORITY. */
  readonly priority?: boolean;
  /** The client's SETTINGS_INITIAL_WINDOW_SIZE; 65,535. */
  readonly window?: number;
  /** The client's SETTINGS_HEADER_TABLE_SIZE; 4,096. */
  readonly tableBytes?: number;
}

interface PythonAnswer {
  readonly status: number;
  readonly headers: readonly [string, string][];
  readonly body: string;
  readonly trailers: readonly [string, string][];
  readonly interim: readonly number[];
  readonly reset: string | null;
}

const READY_TIMEOUT_MILLISECONDS = 60_000;

/** A client on Python's h2. A failure is a `PeerError`. */
export class PythonHttp2Client implements Http2Client {
  readonly name = 'python';
  readonly sendsTrailers = true;
  readonly #commands: CommandLine;

  private constructor(process: LineProcess) {
    this.#commands = new CommandLine(process);
  }

  static async start(owner: Owner): Promise<PythonHttp2Client> {
    const { process } = await LineProcess.start(owner, {
      name: 'python h2',
      ...(await pythonClient()),
      ready: (line) => line.startsWith('READY '),
      readyTimeout: READY_TIMEOUT_MILLISECONDS,
    });
    return new PythonHttp2Client(process);
  }

  async send(request: Http2Request): Promise<Http2Answer> {
    const [answer] = await this.exchange([request]);
    if (answer === undefined) throw new Error('no answer');
    return answer;
  }

  /** Sends requests of one origin at the same time on one connection. Fails when one of them was reset. */
  async exchange(requests: readonly Http2Request[], wire: PythonWire = {}): Promise<Http2Answer[]> {
    const { protocol, hostname, port } = new URL(requests[0]?.origin ?? '');
    const sent = requests.map((request) => ({
      ...request,
      method: methodOf(request),
      headers: Object.entries(request.headers ?? {}),
      body: request.body?.toString('base64') ?? '',
      ...(request.trailers === undefined ? {} : { trailers: Object.entries(request.trailers) }),
    }));
    const command = { op: 'exchange', host: hostname, port: Number(port), tls: protocol === 'https:', requests: sent, ...wire };
    const { answers } = (await this.#commands.send(command)) as { answers: PythonAnswer[] };
    return answers.map(({ reset, headers, body, trailers, ...rest }) => {
      if (reset !== null) throw new Error(`reset with ${reset}`);
      return { ...rest, headers: fieldsByName(headers), trailers: fieldsByName(trailers), body: Buffer.from(body, 'base64') };
    });
  }
}
