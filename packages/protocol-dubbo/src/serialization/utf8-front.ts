import { readInt32 } from '../frame.ts';
import { isAscii } from './char-units.ts';
import { FrontReader } from './front-reader.ts';
import type { Serialization } from './serialization.ts';

/** Strings of UTF-8 behind their length in bytes. */
abstract class Utf8FrontReader extends FrontReader {
  /** Moves behind the length; undefined when it is not there, or no length. */
  protected abstract readLength(): number | undefined;

  skipText(): boolean {
    const bytes = this.readLength();
    if (bytes === undefined || !this.has(bytes)) return false;
    this.from = this.at;
    this.to = this.at += bytes;
    this.plain = isAscii(this.chunk, this.from, this.to);
    return true;
  }

  text(): string {
    return this.chunk.toString('utf8', this.from, this.to);
  }
}

/** ProtostuffObjectOutput: lengths are int32; an object is the lengths of its class's name and of its fields, then both. */
class ProtostuffReader extends Utf8FrontReader {
  protected override readLength(): number | undefined {
    if (!this.has(4)) return undefined;
    const bytes = readInt32(this.chunk, this.at);
    this.at += 4;
    return bytes >= 0 || this.bad() ? bytes : undefined;
  }

  /** A string is written as the fields of the writer's java.lang.String, which differ between versions of Java. */
  protected override skipString(): boolean {
    return this.bad();
  }
}

/** AvroObjectOutput: lengths are zigzag varints. */
class AvroReader extends Utf8FrontReader {
  protected override readLength(): number | undefined {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.readByte();
      if (byte < 0) return undefined;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value % 2 === 0 || this.bad() ? value / 2 : undefined;
    }
    this.malformed = true;
    return undefined;
  }

  /** A null argument is no byte at all, so that what follows the descriptor may be the next argument. */
  protected override skipString(): boolean {
    return this.bad();
  }
}

/** protostuff: id 12. */
export function protostuff(): Serialization {
  return { name: 'protostuff', reader: new ProtostuffReader() };
}

/** avro: id 11. */
export function avro(): Serialization {
  return { name: 'avro', reader: new AvroReader() };
}
