import { type ThriftLanguage, type ThriftRole, thriftProgram } from './build-thrift.ts';
import { CommandLine } from './command-line.ts';
import { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';
import type { LoadReport } from './peers.ts';

export type ThriftTransport = 'unframed' | 'framed' | 'header';
/** `binary` is the strict form, `binary-old` the one without a version. */
export type ThriftEncoding = 'binary' | 'binary-old' | 'compact' | 'json';

/** What both sides must agree on. */
export interface ThriftWire {
  readonly transport: ThriftTransport;
  readonly protocol: ThriftEncoding;
  readonly multiplexed?: boolean;
  /** What a side does to the payloads that it writes in THeader frames. */
  readonly transforms?: readonly 'zlib'[];
}

/** The services on a port of their own: `Calls`, and `Others` when multiplexed. */
export interface ThriftExport extends ThriftWire {
  /** What `who` answers. */
  readonly name: string;
  /** A free one when absent. */
  readonly port?: number;
  /** Java only. The pool gives a connection a thread; the selectors need frames. */
  readonly kind?: 'pool' | 'selector' | 'half-sync';
  /** Java's pool only. Milliseconds of silence after which it closes a connection; never when absent. */
  readonly idle?: number;
}

export interface ThriftOpen extends ThriftWire {
  /** The name under which further commands use it. */
  readonly on: string;
  readonly port: number;
  readonly service?: 'Calls' | 'Others';
  /** What a multiplexed call names the service, when not by its own name. */
  readonly serviceName?: string;
  /** Milliseconds until an unanswered call fails; 10,000 when absent. */
  readonly timeout?: number;
}

export interface ThriftCall {
  readonly on: string;
  readonly method: string;
  readonly args?: readonly unknown[];
  /** THeader headers of the call. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ThriftLoad {
  /** Whose settings the connections of the load have: one for each thread. */
  readonly on: string;
  /** To stop it by. */
  readonly name?: string;
  /** How many; as many as fit in `milliseconds` when absent. */
  readonly calls?: number;
  readonly threads?: number;
  readonly milliseconds?: number;
  /** Milliseconds that each call takes at the provider. */
  readonly slow?: number;
  /** Milliseconds between two calls of a thread. */
  readonly pause?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back: the value, and the THeader headers that came with it. */
export interface ThriftReply {
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a provider answers to `who`, `slow` and `pick`. */
export interface ThriftAnswer {
  readonly provider: string;
  readonly token: string;
  /** The THeader headers that it read with the call; empty where its library does not show them. */
  readonly headers: Readonly<Record<string, string>>;
}

const READY = 'READY ';
const READY_TIMEOUT_MILLISECONDS = 60_000;

/** A process with an unmodified Thrift library, serving on one or more ports. */
export class ThriftProvider {
  readonly ports: Readonly<Record<string, number>>;
  readonly #commands: CommandLine;

  private constructor(process: LineProcess, ports: Readonly<Record<string, number>>) {
    this.#commands = new CommandLine(process);
    this.ports = ports;
  }

  static async start(owner: Owner, language: ThriftLanguage, exports: readonly ThriftExport[]): Promise<ThriftProvider> {
    const { process, ready } = await start(owner, language, 'server', { exports });
    return new ThriftProvider(process, (ready as { ports: Readonly<Record<string, number>> }).ports);
  }

  port(name: string): number {
    const port = this.ports[name];
    if (port === undefined) throw new Error(`nothing is exported as ${name}`);
    return port;
  }

  /** Calls that arrived, by the export's name. */
  async served(): Promise<Readonly<Record<string, number>>> {
    return (await this.#commands.send({ op: 'served' })) as Readonly<Record<string, number>>;
  }

  /** Ends as a crash would. */
  kill(): Promise<void> {
    return this.#commands.process.kill();
  }

  /** Freezes (`SIGSTOP`) or wakes it (`SIGCONT`). */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#commands.process.signal(signal);
  }

  get errorOutput(): string {
    return this.#commands.process.errorOutput;
  }
}

/** A process with an unmodified Thrift library that calls what a test tells it to call. A failure is a `PeerError`. */
export class ThriftConsumer {
  readonly #commands: CommandLine;

  private constructor(process: LineProcess) {
    this.#commands = new CommandLine(process);
  }

  static async start(owner: Owner, language: ThriftLanguage): Promise<ThriftConsumer> {
    return new ThriftConsumer((await start(owner, language, 'client', {})).process);
  }

  /** Connects. Calls on one connection wait for each other, but for Node's, which pipelines them. */
  async open(open: ThriftOpen): Promise<void> {
    await this.#commands.send({ op: 'open', ...open });
  }

  async close(on: string): Promise<void> {
    await this.#commands.send({ op: 'close', on });
  }

  async reply(call: ThriftCall): Promise<ThriftReply> {
    return (await this.#commands.send({ op: 'call', ...call })) as ThriftReply;
  }

  async call(call: ThriftCall): Promise<unknown> {
    return (await this.reply(call)).value;
  }

  /** Calls `who` with a token; fails when the answer carries another one. */
  async who(on: string, headers: Readonly<Record<string, string>> = {}, token = 'token'): Promise<ThriftAnswer> {
    const answer = (await this.call({ on, method: 'who', args: [token], headers })) as ThriftAnswer;
    if (answer.token !== token) throw new Error(`asked with ${token}, was answered ${answer.token}`);
    return answer;
  }

  /** Each argument shape by name: `equal`, or what was wrong with what came back. `only`: the shapes with these names. */
  async suite(on: string, only?: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return (await this.#commands.send({ op: 'suite', on, ...(only === undefined ? {} : { only }) })) as Readonly<Record<string, string>>;
  }

  /** Sends a text, or bytes, of this length, and compares what comes back. */
  async large(on: string, bytes: number, type: 'text' | 'binary' = 'text'): Promise<{ length: number; equal: boolean }> {
    return (await this.#commands.send({ op: 'large', on, bytes, type })) as { length: number; equal: boolean };
  }

  /** Resolves when the load ended and every call is accounted for. */
  async load(load: ThriftLoad): Promise<LoadReport> {
    return (await this.#commands.send({ op: 'load', ...load })) as LoadReport;
  }

  async stopLoad(name = 'load'): Promise<void> {
    await this.#commands.send({ op: 'stop', name });
  }

  kill(): Promise<void> {
    return this.#commands.process.kill();
  }

  get errorOutput(): string {
    return this.#commands.process.errorOutput;
  }
}

async function start(
  owner: Owner,
  language: ThriftLanguage,
  role: ThriftRole,
  settings: object,
): Promise<{ process: LineProcess; ready: unknown }> {
  const { command, args, env } = await thriftProgram(language, role);
  const { process, readyLine } = await LineProcess.start(owner, {
    name: `${language} thrift ${role}`,
    command,
    args: [...args, JSON.stringify(settings)],
    env,
    ready: (line) => line.startsWith(READY),
    readyTimeout: READY_TIMEOUT_MILLISECONDS,
  });
  return { process, ready: JSON.parse(readyLine.slice(READY.length)) };
}
