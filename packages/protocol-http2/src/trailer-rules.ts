import type { HeaderField } from '@polywire/core/spi';
import { badName, badValue, connectionSpecific, quote } from './faults.ts';
import { ALT_SVC, CONNECTION_SPECIFIC, CONTENT_LENGTH, HOST, ILLEGAL, isFieldValue, isTrailers, kindOf, TE } from './field-rules.ts';
import { Malformed } from './head.ts';
import type { HeaderBlock } from './header-block.ts';

/**
 * The fields of a trailer section that may be passed on, either way. Found out once for each distinct block.
 * @param block not over the decoder's limit
 */
export function readTrailers(block: HeaderBlock): readonly HeaderField[] | Malformed {
  block.trailers ??= judge(block.fields);
  return block.trailers;
}

function judge(fields: readonly HeaderField[]): readonly HeaderField[] | Malformed {
  let dropped = false;
  for (const { name, value } of fields) {
    // RFC 9113, section 8.1
    if (name.charCodeAt(0) === 0x3a) return new Malformed(`trailers have no pseudo-header ${quote(name)}`);
    const kind = kindOf(name);
    if (kind === ILLEGAL) return new Malformed(badName(name));
    if (kind === CONNECTION_SPECIFIC) return new Malformed(connectionSpecific(name));
    if (!isFieldValue(value) || (kind === TE && !isTrailers(value))) return new Malformed(badValue(name, value));
    dropped ||= isDropped(kind);
  }
  return dropped ? fields.filter(({ name }) => !isDropped(kindOf(name))) : fields;
}

/** RFC 9110, section 6.5: framing and routing come too late here, and whoever joined them to the headers would be misled. */
function isDropped(kind: number): boolean {
  return kind === CONTENT_LENGTH || kind === HOST || kind === ALT_SVC;
}
