import { setTimeout as wait } from 'node:timers/promises';
import type { Owner } from '../owner.ts';
import { RECORDED_APPLICATION } from '../registry-kit.ts';
import { Tree } from './tree.ts';

const PAUSE_MILLISECONDS = 150;
/** Servers that lost their data have lost the beacon, too. */
const AGAIN_MILLISECONDS = 1000;
const KEPT = 200;
const PORTS = [1, 2] as const;

/** Interfaces of beacons, which are no part of what is compared: they never rest. */
export const BEACONS = /Beacon/;
export const BEACON_APPLICATION = 'app-beacon';

/** A place where a beacon can stand. */
export interface BeaconPlace {
  /** Of its service, as `/registry` shows it. */
  readonly host: string;
  /** What it needs beside its nodes, by path. */
  readonly needs: ReadonlyMap<string, Buffer>;
  /** The node of its provider at a port, and its data. */
  node(port: number): readonly [path: string, data: Buffer | undefined];
}

/** Among the interfaces. */
export const INTERFACE_BEACON: BeaconPlace = {
  host: 'com.acme.api.beacon.dubbo',
  needs: new Map(),
  node: (port) => {
    const url = `dubbo://127.0.0.1:${port}/com.acme.api.Beacon?application=beacon&interface=com.acme.api.Beacon`;
    return [`/dubbo/com.acme.api.Beacon/providers/${encodeURIComponent(url)}`, undefined];
  },
};

/** Among the applications. */
export const APPLICATION_BEACON: BeaconPlace = {
  host: 'com.acme.api.beacon-apps.dubbo',
  needs: new Map([[`/dubbo/metadata/${BEACON_APPLICATION}/1`, Buffer.from(JSON.stringify(beaconMetadata()))]]),
  node: (port) => [`/services/${BEACON_APPLICATION}/127.0.0.1:${port}`, instanceData(BEACON_APPLICATION, port, '1')],
};

/** Data of an application's instance, as Dubbo writes it. */
export function instanceData(application: string, port: number, revision: string): Buffer {
  const { instance, revision: recorded } = RECORDED_APPLICATION;
  return Buffer.from(instance.replaceAll('12100', String(port)).replaceAll('app-one', application).replace(recorded, revision));
}

interface Sighting {
  readonly began: number;
  readonly seen: number;
}

/**
 * A service whose second provider comes and goes, each time only after the proxy showed the last change. So it is known, however slow the
 * machine is, that the proxy was told of what happened before: servers tell changes, and answer, in order.
 */
export class Beacon {
  readonly host: string;
  readonly #place: BeaconPlace;
  readonly #tree: Tree;
  /** The latest, the oldest first. */
  readonly #sightings: Sighting[] = [];
  #shown = 0;
  #looked: () => void = () => undefined;
  #stopped = false;
  readonly #running: Promise<void>;

  private constructor(place: BeaconPlace, address: string) {
    this.host = place.host;
    this.#place = place;
    this.#tree = Tree.open(address, 15_000);
    this.#running = this.#run();
  }

  static light(owner: Owner, place: BeaconPlace, address: string): Beacon {
    const beacon = new Beacon(place, address);
    owner.after(() => beacon.#stop());
    return beacon;
  }

  /** How many of its providers the proxy has. */
  look(shown: number): void {
    this.#shown = shown;
    this.#looked();
  }

  /** Whether the proxy showed so many changes, all of them made after one time and before another. */
  wasSeen(times: number, after: number, before: number): boolean {
    const last = this.#sightings.filter(({ began }) => began > after)[times - 1];
    return last !== undefined && last.seen < before;
  }

  /** Servers lost their data. */
  restart(): void {
    this.#tree.restart();
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#looked();
    await this.#tree.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const count = (turn % PORTS.length) + 1;
      const began = performance.now();
      while (!this.#stopped && !(await this.#shows(count)));
      this.#sightings.push({ began, seen: performance.now() });
      if (this.#sightings.length > KEPT) this.#sightings.splice(0, KEPT / 2);
      await wait(PAUSE_MILLISECONDS);
    }
  }

  /** Makes it so, and resolves with whether the proxy saw it soon. */
  async #shows(count: number): Promise<boolean> {
    try {
      for (const [path, data] of this.#place.needs) await this.#tree.put(path, data);
      for (const port of PORTS) {
        const [path, data] = this.#place.node(port);
        await (port <= count ? this.#tree.put(path, data) : this.#tree.remove(path));
      }
    } catch {
      // No server for longer than anybody waits: again.
      return false;
    }
    for (const end = performance.now() + AGAIN_MILLISECONDS; performance.now() < end && !this.#stopped; ) {
      if (this.#shown === count) return true;
      await this.#nextLook();
    }
    return false;
  }

  #nextLook(): Promise<void> {
    return new Promise((resolve) => {
      this.#looked = resolve;
    });
  }
}

function beaconMetadata(): object {
  const name = 'com.acme.api.BeaconApps';
  const params = { interface: name, application: BEACON_APPLICATION, side: 'provider', release: '3.3.6', dubbo: '2.0.2' };
  return { app: BEACON_APPLICATION, revision: '1', services: { [`${name}:dubbo`]: { name, path: name, protocol: 'dubbo', params } } };
}
