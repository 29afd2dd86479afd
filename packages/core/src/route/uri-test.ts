import type { StringMatch } from '../config/model.ts';
import { compileStringMatch } from './string-test.ts';

/** A condition on `/<service>/<method>`, decided without building that string where possible. */
export interface UriTest {
  holds(service: string, method: string): boolean;
}

/**
 * @param methodIsPath the method is the whole uri
 * @throws Error when a regular expression is not RE2
 */
export function compileUriMatch(match: StringMatch, ignoreCase: boolean, methodIsPath: boolean): UriTest {
  if (match.kind === 'present') return { holds: () => true };
  if (methodIsPath) {
    const test = compileStringMatch(match, ignoreCase);
    return { holds: (_service, method) => test.holds(method) };
  }
  if (match.kind !== 'regex' && !ignoreCase) {
    if (!match.value.startsWith('/')) return { holds: () => match.kind === 'prefix' && match.value === '' };
    return match.kind === 'exact' ? exactUri(match.value) : prefixUri(match.value);
  }
  const test = compileStringMatch(match, ignoreCase);
  return { holds: (service, method) => test.holds(`/${service}/${method}`) };
}

/** Methods have no slash, so the last one parts them from the service. */
function exactUri(uri: string): UriTest {
  const slash = uri.lastIndexOf('/');
  const service = uri.slice(1, slash);
  const method = uri.slice(slash + 1);
  if (slash === 0) return { holds: () => false };
  return { holds: (actualService, actualMethod) => actualMethod === method && actualService === service };
}

function prefixUri(prefix: string): UriTest {
  const slash = prefix.lastIndexOf('/');
  if (slash === 0) return { holds: (service) => service.startsWith(prefix.slice(1)) };
  const service = prefix.slice(1, slash);
  const method = prefix.slice(slash + 1);
  return { holds: (actualService, actualMethod) => actualService === service && actualMethod.startsWith(method) };
}
