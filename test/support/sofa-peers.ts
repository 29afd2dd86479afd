import { fileURLToPath } from 'node:url';
import type { BoltVersion } from './bolt-wire.ts';
import { CommandLine } from './command-line.ts';
import { startJava } from './java.ts';
import { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';
import type { Answer, Load, LoadReport } from './peers.ts';

// This file runs as test/dist/support/sofa-peers.js.
const NODE_PEERS = fileURLToPath(new URL('../../support/sofa-node/', import.meta.url));
const NODE_READY_TIMEOUT_MILLISECONDS = 20_000;

export type SofaServiceName = 'EchoService' | 'CallService' | 'NoteService';
export type SofaSerialization = 'hessian2' | 'protobuf';

/** One set of the three services on a port of its own. */
export interface SofaExport {
  /** What `who` answers. */
  readonly name: string;
  readonly port: number;
  readonly version?: string;
  readonly uniqueId?: string;
  readonly weight?: number;
  /** False: registered, and not to be called. */
  readonly dynamic?: boolean;
  /** Of its registration. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Threads of its pool, and how many calls may wait for one (0); SOFARPC's defaults when absent. */
  readonly threads?: number;
  readonly queue?: number;
  /** Milliseconds that it waits for calls in flight when it ends; 1000. */
  readonly shutdownWait?: number;
}

/** Which library a peer is: SOFARPC on Java, or the npm packages sofa-rpc-node and sofa-bolt-node. */
export type SofaLanguage = 'java' | 'node';

export interface SofaRefer {
  /** The name under which further commands call it. */
  readonly on: string;
  readonly service: SofaServiceName;
  /** Where to connect: `bolt://127.0.0.1:12200`. */
  readonly url: string;
  readonly version?: string;
  readonly uniqueId?: string;
  /** `NoteService` needs `protobuf`, the others `hessian2`, which is the default. */
  readonly serialization?: SofaSerialization;
  /** `1` when absent, as SOFARPC itself. */
  readonly bolt?: BoltVersion;
  /** Whether requests set the switch that asks for a checksum; sofa-bolt's own default, `true`, when absent. */
  readonly crc?: boolean;
  /** Milliseconds; 10,000 when absent. */
  readonly timeout?: number;
  /** Attempts after the first; none when absent. */
  readonly retries?: number;
  readonly connections?: number;
  /** Milliseconds between attempts to connect again; 1000. */
  readonly reconnectPeriod?: number;
}

export interface SofaCall {
  readonly on: string;
  readonly method: string;
  readonly args?: readonly unknown[];
  /** Entries of the header; with the prefix `baggage.`, SOFARPC's baggage. */
  readonly attachments?: Readonly<Record<string, string>>;
  readonly how?: 'sync' | 'future' | 'callback' | 'oneway';
  /** Milliseconds, for this call only. */
  readonly timeout?: number;
}

/**
 * A process with unmodified SOFARPC, serving on one or more ports. The one on Node has no `EchoService`. `registry`: `host:port` of a
 * ZooKeeper that a Java provider registers in; `session`: milliseconds that it asks of it, SOFARPC's own when absent.
 */
export class SofaProvider {
  readonly #commands: CommandLine;

  private constructor(process: LineProcess) {
    this.#commands = new CommandLine(process);
  }

  static async start(
    owner: Owner,
    settings: { application?: string; registry?: string; session?: number; exports: readonly SofaExport[] },
    language: SofaLanguage = 'java',
  ): Promise<SofaProvider> {
    const name = `SOFARPC ${language} provider ${settings.exports.map((each) => each.name).join(', ')}`;
    return new SofaProvider(await startPeer(owner, { name, language, role: 'Provider', args: [JSON.stringify(settings)] }));
  }

  /** Calls that arrived, by the export's name, whatever became of their answers. */
  async served(): Promise<Readonly<Record<string, number>>> {
    return (await this.#commands.send({ op: 'served' })) as Readonly<Record<string, number>>;
  }

  async export(added: SofaExport): Promise<void> {
    await this.#commands.send({ op: 'export', export: added });
  }

  async unexport(name: string): Promise<void> {
    await this.#commands.send({ op: 'unexport', name });
  }

  /** Ends as an operator would end it, finishing what is in flight. Resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#commands.send({ op: 'stop' });
    await this.#commands.process.exited;
  }

  /** Ends as a crash would. */
  kill(): Promise<void> {
    return this.#commands.process.kill();
  }

  /** Freezes (`SIGSTOP`) or wakes it (`SIGCONT`). */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#commands.process.signal(signal);
  }

  /** The last lines that it logged at `warn` and above. */
  get errorOutput(): string {
    return this.#commands.process.errorOutput;
  }
}

/**
 * A process with unmodified SOFARPC that calls what a test tells it to call. The one on Node calls in one way only and has no
 * suite; its attachments are request properties, of which it puts only those of protobuf calls in the header.
 */
export class SofaConsumer {
  readonly #commands: CommandLine;

  private constructor(process: LineProcess) {
    this.#commands = new CommandLine(process);
  }

  /** `heartbeat`: milliseconds of silence after which a Java consumer sends one; sofa-bolt's 15,000 when absent. */
  static async start(
    owner: Owner,
    settings: { application?: string; heartbeat?: number } = {},
    language: SofaLanguage = 'java',
  ): Promise<SofaConsumer> {
    const flags = settings.heartbeat === undefined ? [] : [`-Dbolt.tcp.heartbeat.interval=${settings.heartbeat}`];
    const name = `SOFARPC ${language} consumer`;
    return new SofaConsumer(await startPeer(owner, { name, language, role: 'Consumer', args: [JSON.stringify(settings)], flags }));
  }

  async refer(refer: SofaRefer): Promise<void> {
    await this.#commands.send({ op: 'refer', ...refer });
  }

  async close(on: string): Promise<void> {
    await this.#commands.send({ op: 'close', on });
  }

  call(call: SofaCall): Promise<unknown> {
    return this.#commands.send({ op: 'call', ...call });
  }

  /** As `call`, with the baggage that came back. */
  async callForBaggage(call: SofaCall): Promise<{ value: unknown; baggage: Readonly<Record<string, string>> }> {
    return (await this.#commands.send({ op: 'call', ...call, detail: true })) as {
      value: unknown;
      baggage: Readonly<Record<string, string>>;
    };
  }

  /** Calls `who` with a token; fails when the answer carries another one. */
  async who(on: string, attachments: Readonly<Record<string, string>> = {}, token = 'token'): Promise<Answer> {
    const answer = (await this.call({ on, method: 'who', args: [token], attachments })) as Answer;
    if (answer.token !== token) throw new Error(`asked with ${token}, was answered ${answer.token}`);
    return answer;
  }

  /** As `who`, of the protobuf service. */
  async note(on: string, attachments: Readonly<Record<string, string>> = {}, token = 'token'): Promise<Answer> {
    const answer = (await this.call({ on, method: 'pass', args: [{ token }], attachments })) as Answer;
    if (answer.token !== token) throw new Error(`asked with ${token}, was answered ${answer.token}`);
    return answer;
  }

  /** Each argument shape by name: `equal`, or what was wrong with what came back. `only`: the shapes with these names. */
  async suite(on: string, only?: readonly string[]): Promise<Readonly<Record<string, string>>> {
    return (await this.#commands.send({ op: 'suite', on, ...(only === undefined ? {} : { only }) })) as Readonly<Record<string, string>>;
  }

  /** Resolves when the load ended and every call is accounted for. */
  async load(load: Load): Promise<LoadReport> {
    return (await this.#commands.send({ op: 'load', ...load })) as LoadReport;
  }

  async stopLoad(name = 'load'): Promise<void> {
    await this.#commands.send({ op: 'stop', name });
  }

  /** The last lines that it logged at `warn` and above. */
  get errorOutput(): string {
    return this.#commands.process.errorOutput;
  }

  kill(): Promise<void> {
    return this.#commands.process.kill();
  }
}

async function startPeer(
  owner: Owner,
  options: { name: string; language: SofaLanguage; role: 'Provider' | 'Consumer'; args: string[]; flags?: string[] },
): Promise<LineProcess> {
  const { name, role, args } = options;
  if (options.language === 'java') return startJava(owner, { ...options, module: 'sofarpc', mainClass: role });
  const { process: peer } = await LineProcess.start(owner, {
    name,
    command: process.execPath,
    args: [`${NODE_PEERS}${role.toLowerCase()}.mjs`, ...args],
    ready: (line) => line.startsWith('READY '),
    readyTimeout: NODE_READY_TIMEOUT_MILLISECONDS,
  });
  return peer;
}
