import type { Layout, LeafReader, LeafReading } from '../follow/layout.ts';
import type { AnnouncementSink } from '../follow/merged-services.ts';
import { ruleKeyOf } from './config-rule.ts';
import type { Governance } from './governance.ts';

const NOTHING: LeafReading = { announcements: [] };

/** Rules keep what was in force when their node cannot be read. */
function sinkOf(remove: (path: string) => void): AnnouncementSink {
  return { set: () => undefined, remove, hold: () => undefined };
}

/** The rules of 2.6: `/<root>/<interface>/configurators/<URL>` and `/<root>/<interface>/routers/<URL>`. The names are all there is to read. */
export class OldRuleLayout implements Layout {
  readonly leaves = ['*/configurators', '*/routers'];
  readonly skipped = new Set(['config', 'mapping', 'metadata']);
  readonly readsData = false;
  readonly isRequired = false;
  readonly sink: AnnouncementSink;
  readonly root: string;
  readonly #governance: Governance;

  constructor(root: string, governance: Governance) {
    this.root = root;
    this.#governance = governance;
    this.sink = sinkOf((path) => governance.setOld(path.slice(root.length + 1, path.lastIndexOf('/')), path, []));
  }

  reader([directory = '']: readonly string[], path: string): LeafReader {
    return {
      read: (children) => {
        this.#governance.setOld(directory, path, [...children.keys()]);
        return NOTHING;
      },
    };
  }

  read(): void {
    this.#governance.read(this.root);
  }
}

/** The rules of the configuration centre: `/<root>/<key>`, with their data. */
export class ConfigRuleLayout implements Layout {
  readonly leaves = [''];
  readonly skipped: ReadonlySet<string> = new Set();
  readonly readsData = true;
  readonly readsApart = true;
  readonly isRequired = false;
  readonly sink: AnnouncementSink;
  readonly root: string;
  readonly #governance: Governance;

  constructor(root: string, governance: Governance) {
    this.root = root;
    this.#governance = governance;
    this.sink = sinkOf((path) => governance.setConfig(path, new Map()));
  }

  /** Applications keep their properties in the same place. */
  isRead(child: string): boolean {
    return ruleKeyOf(child) !== undefined;
  }

  reader(_: readonly string[], path: string): LeafReader {
    return {
      read: (children) => {
        this.#governance.setConfig(path, children);
        return NOTHING;
      },
    };
  }

  read(): void {
    this.#governance.read(this.root);
  }
}
