import { CommandLine } from './command-line.ts';
import { startJava } from './java.ts';
import type { Owner } from './owner.ts';

/** What registers and is not called: Polywire speaks neither protocol. */
export type RegisteredModule = 'motan' | 'springcloud';

/** A Java process of another framework, unmodified, that registers in ZooKeeper. */
export class RegisteredPeer {
  readonly #commands: CommandLine;

  private constructor(commands: CommandLine) {
    this.#commands = commands;
  }

  /** `settings`: as the module's Provider.java describes them. */
  static async start(owner: Owner, module: RegisteredModule, settings: object): Promise<RegisteredPeer> {
    const process = await startJava(owner, { name: module, module, mainClass: 'Provider', args: [JSON.stringify(settings)] });
    return new RegisteredPeer(new CommandLine(process));
  }

  /** Of Motan: whether it takes calls. Of Spring Cloud: its `instance_status`. */
  async set(value: boolean | string): Promise<void> {
    await this.#commands.send({ op: typeof value === 'boolean' ? 'available' : 'status', value });
  }

  /** Ends in order. Resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#commands.send({ op: 'stop' });
    await this.#commands.process.exited;
  }

  /** Ends as a crash would. */
  kill(): Promise<void> {
    return this.#commands.process.kill();
  }
}
