import { CommandLine } from './command-line.ts';
import { startJava } from './java.ts';
import type { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';
import type { Serialization } from './wires.ts';

export { PeerError } from './command-line.ts';

/** A generation of Dubbo: 2.7.23 or 3.3.6. */
export type DubboModule = 'dubbo27' | 'dubbo3';
/** And 2.6.12, whose peers have `CallService` only, and know `refer` and `call`, `served`, `unexport` and `stop`. */
type AnyDubbo = DubboModule | 'dubbo26';
/** Callbacks (`ListenService`) are the dubbo protocol's, streams (`StreamService`) are tri's. */
export type ServiceName = 'EchoService' | 'CallService' | 'ListenService' | 'StreamService';

/** One set of the three services on a port of its own. */
export interface Export {
  /** What `who` answers. */
  readonly name: string;
  readonly port: number;
  readonly protocol?: 'dubbo' | 'tri';
  readonly version?: string;
  readonly group?: string;
  readonly tag?: string;
  readonly weight?: number;
  readonly serialization?: Serialization;
  /** `warmup` is `1`, a millisecond, when absent: Dubbo's own lets weights grow for ten minutes. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface ProviderSettings {
  readonly application?: string;
  /** For example `zookeeper://127.0.0.1:2181`; absent: registered nowhere. */
  readonly registry?: string;
  readonly registerMode?: 'interface' | 'instance' | 'all';
  /** Milliseconds that it waits for calls in flight when it ends, and between unregistering and unexporting; 1000. */
  readonly shutdownWait?: number;
  readonly exports: readonly Export[];
}

export interface Refer {
  /** The name under which further commands call it. */
  readonly on: string;
  readonly service: ServiceName;
  /** Where to connect, without a registry: `dubbo://127.0.0.1:20880`, parameters allowed. */
  readonly url?: string;
  /** Absent, without `url`: the application's, which is the property `dubbo.registry.address`. */
  readonly registry?: string;
  readonly version?: string;
  readonly group?: string;
  /** Milliseconds; 10,000 when absent; 0: as the provider says. */
  readonly timeout?: number;
  /** Attempts after the first; none when absent. */
  readonly retries?: number;
  /** Fail at once when nobody can be reached. */
  readonly check?: boolean;
  readonly connections?: number;
  readonly generic?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface Call {
  readonly on: string;
  readonly method: string;
  readonly args?: readonly unknown[];
  /** Parameter types, for a generic call. */
  readonly types?: readonly string[];
  readonly attachments?: Readonly<Record<string, string>>;
  readonly how?: 'sync' | 'async' | 'oneWay';
}

export interface Load {
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
  readonly attachments?: Readonly<Record<string, string>>;
}

export interface LoadReport {
  readonly calls: number;
  /** Calls that never ended. */
  readonly lost: number;
  /** Calls that got another call's answer. */
  readonly mixed: number;
  readonly byProvider: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  /** A few messages of failures. */
  readonly samples: readonly string[];
  readonly milliseconds: number;
}

/** What a provider answers to `who`. */
export interface Answer {
  readonly provider: string;
  readonly token: string;
  readonly attachments: Readonly<Record<string, string>>;
}

function warmed({ parameters, ...rest }: Export): Export {
  return { ...rest, parameters: { warmup: '1', ...parameters } };
}

type Properties = Readonly<Record<string, string>>;

function flagsOf(properties: Properties): string[] {
  return Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
}

/** A Java process with unmodified Dubbo, serving on one or more ports. */
export class Provider {
  readonly #commands: CommandLine;

  private constructor(process: LineProcess) {
    this.#commands = new CommandLine(process);
  }

  /** @param properties of Java, which Dubbo reads its own from */
  static async start(owner: Owner, module: AnyDubbo, settings: ProviderSettings, properties: Properties = {}): Promise<Provider> {
    const name = `${module} provider ${settings.exports.map((each) => each.name).join(', ')}`;
    const warm = { ...settings, exports: settings.exports.map(warmed) };
    // Dubbo's own default of 10 s would make each orderly stop that long.
    const flags = [`-Ddubbo.service.shutdown.wait=${settings.shutdownWait ?? 1000}`, ...flagsOf(properties)];
    const process = await startJava(owner, { name, module, mainClass: 'Provider', args: [JSON.stringify(warm)], flags });
    return new Provider(process);
  }

  /** One of 2.7 that registers by application; it exports `CallService` of the first export, and knows `stop` only. */
  static async startApplication27(owner: Owner, settings: ProviderSettings): Promise<Provider> {
    const options = { name: 'dubbo27 application', module: 'dubbo27', mainClass: 'ApplicationProvider' } as const;
    const process = await startJava(owner, { ...options, args: [JSON.stringify(settings)] });
    return new Provider(process);
  }

  /** Calls that arrived, by the export's name, whatever became of their answers. */
  async served(): Promise<Readonly<Record<string, number>>> {
    return (await this.#commands.send({ op: 'served' })) as Readonly<Record<string, number>>;
  }

  async export(added: Export): Promise<void> {
    await this.#commands.send({ op: 'export', export: warmed(added) });
  }

  async unexport(name: string): Promise<void> {
    await this.#commands.send({ op: 'unexport', name });
  }

  /** Ends as an operator would end it: unregister, say READONLY, finish what is in flight. Resolves when it is gone. */
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
}

/** A Java process with unmodified Dubbo that calls what a test tells it to call. */
export class Consumer {
  readonly #commands: CommandLine;

  private constructor(process: LineProcess) {
    this.#commands = new CommandLine(process);
  }

  /** @param properties as of Provider.start */
  static async start(
    owner: Owner,
    module: AnyDubbo,
    settings: { application?: string } = {},
    properties: Properties = {},
  ): Promise<Consumer> {
    const name = `${module} consumer`;
    const flags = flagsOf(properties);
    const process = await startJava(owner, { name, module, mainClass: 'Consumer', args: [JSON.stringify(settings)], flags });
    return new Consumer(process);
  }

  async refer(refer: Refer): Promise<void> {
    await this.#commands.send({ op: 'refer', ...refer });
  }

  async close(on: string): Promise<void> {
    await this.#commands.send({ op: 'close', on });
  }

  call(call: Call): Promise<unknown> {
    return this.#commands.send({ op: 'call', ...call });
  }

  /** Calls `who` with a token; fails when the answer carries another one. */
  async who(on: string, attachments: Readonly<Record<string, string>> = {}, token = 'token'): Promise<Answer> {
    const answer = (await this.call({ on, method: 'who', args: [token], attachments })) as Answer;
    if (answer.token !== token) throw new Error(`asked with ${token}, was answered ${answer.token}`);
    return answer;
  }

  /** What a call of `StreamService` answered until its end: `count` takes a number, `talk` the messages to send. */
  async stream(on: string, method: 'count' | 'talk', args: readonly unknown[]): Promise<readonly string[]> {
    return (await this.#commands.send({ op: 'stream', on, method, args })) as readonly string[];
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

  /** What this consumer's listeners were told, in order. */
  async heard(on: string): Promise<readonly string[]> {
    return (await this.#commands.send({ op: 'heard', on })) as readonly string[];
  }

  /** The last lines that Dubbo logged at `warn` and above. */
  get errorOutput(): string {
    return this.#commands.process.errorOutput;
  }

  kill(): Promise<void> {
    return this.#commands.process.kill();
  }
}
