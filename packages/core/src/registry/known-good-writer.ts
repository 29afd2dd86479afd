import { type FileHandle, open, rename } from 'node:fs/promises';
import { formatEntry, formatHeader } from './known-good-format.ts';
import { loopShare } from './loop-share.ts';
import type { ServiceEntry } from './registry.ts';

/** What is written down, and where. */
export interface KnownGoodWriterOptions {
  readonly file: string;
  readonly registry: string;
  /** Everything that is in force. */
  readonly entries: () => Iterable<ServiceEntry>;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Milliseconds from a change to its being written, with all that came meanwhile. Default: 5 s. */
  readonly interval?: number;
}

const INTERVAL_MS = 5000;
/** Of a registry that changes all the time, writing takes at most one part in so many: 10,000 services of 5 endpoints take a second. */
const REST = 20;
/** What is written at a time. */
const PART_CHARACTERS = 128 * 1024;

/** Keeps a file of what a registry announced last, readable by nobody else. The file is replaced whole, never changed. */
export class KnownGoodWriter {
  readonly #options: KnownGoodWriterOptions;
  #timer: NodeJS.Timeout | undefined = undefined;
  #writing = Promise.resolve();
  /** A registry that was not read yet leaves the file of before as it is. */
  #isComplete = false;
  #isDirty = false;
  #isFailing = false;
  #isClosed = false;
  /** Milliseconds that the last writing took. */
  #took = 0;
  /** Until when it is known to be so; undefined: until now. */
  #knownUntil: number | undefined = undefined;

  constructor(options: KnownGoodWriterOptions) {
    this.#options = options;
  }

  changed(): void {
    this.#isDirty = true;
    if (!this.#isComplete || this.#isClosed || this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#writing = this.#writing.then(() => this.#write());
      },
      Math.max(this.#options.interval ?? INTERVAL_MS, this.#took * REST),
    );
  }

  /** All of it is current. */
  synced(): void {
    this.#isComplete = true;
    this.#knownUntil = undefined;
    this.changed();
  }

  /** Nothing more can be known for now. */
  stale(): void {
    this.#knownUntil ??= Date.now();
  }

  /** Writes what has changed; resolves when it is on the disk. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.written();
    if (this.#isDirty && this.#isComplete) await this.#write();
  }

  /** Resolves when nothing is being written. */
  async written(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { file, warn } = this.#options;
    this.#isDirty = false;
    const began = performance.now();
    try {
      await this.#replace();
      this.#took = performance.now() - began;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) warn(`cannot write the last known services to ${file}; it is tried again`, { error });
      this.#isFailing = true;
      this.changed();
    }
  }

  async #replace(): Promise<void> {
    const { file } = this.#options;
    const fresh = `${file}.new`;
    const handle = await open(fresh, 'w', 0o600);
    try {
      // One that was left behind may have had another mode.
      await handle.chmod(0o600);
      await this.#writeTo(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
  }

  async #writeTo(handle: FileHandle): Promise<void> {
    const { registry, entries } = this.#options;
    const all = [...entries()];
    // Unlike write(), writeFile() writes all of it, from where the last one ended, or fails: of a full disk, a short file would tell nobody.
    let part = formatHeader({ registry, time: this.#knownUntil ?? Date.now(), services: all.length });
    for (const entry of all) {
      while (loopShare.isSpent) await loopShare.next();
      part += formatEntry(entry);
      if (part.length < PART_CHARACTERS) continue;
      await handle.writeFile(part);
      part = '';
    }
    await handle.writeFile(part);
  }
}
