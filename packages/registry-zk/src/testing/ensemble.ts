import { freePorts } from './ports.ts';
import { ZooKeeperServer } from './zookeeper-server.ts';

const SIZE = 3;

/** Three servers that keep one tree between them. */
export class Ensemble {
  readonly servers: readonly ZooKeeperServer[];

  private constructor(servers: readonly ZooKeeperServer[]) {
    this.servers = servers;
  }

  static async start(): Promise<Ensemble> {
    const ids = Array.from({ length: SIZE }, (_, i) => i + 1);
    const ports = await freePorts(2 * SIZE);
    const members = ids.map((id) => `server.${id}=127.0.0.1:${ports[2 * id - 2]}:${ports[2 * id - 1]}`);
    const config = ['initLimit=20', 'syncLimit=10', ...members];
    return new Ensemble(await Promise.all(ids.map((id) => ZooKeeperServer.start({ id, config }))));
  }

  /** Connect string of all. */
  get address(): string {
    return this.servers.map((server) => server.address).join(',');
  }

  /** Resolves when one leads: they may be about to elect one. */
  async leader(): Promise<ZooKeeperServer> {
    for (;;) for (const server of this.servers) if ((await server.mode()) === 'leader') return server;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.dispose()));
  }
}
