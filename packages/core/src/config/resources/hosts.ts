import { parseServiceKey } from '../../identity/service-key.ts';

const DNS_LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Whether a text could be the name of a host: labels of letters, digits and inner hyphens. */
export function isDnsName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => DNS_LABEL.test(label));
}

/** What keeps a text from being a host of a VirtualService or DestinationRule; undefined when nothing does. */
export function hostFault(text: string): string | undefined {
  if (text === '*') return undefined;
  if (text.startsWith('*.')) return isDnsName(text.slice(2)) ? undefined : `"${text}" is not a host: after "*." comes a DNS name`;
  if (text.includes('*')) {
    return `"${text}" is refused: Istio allows only leading wildcards. Name each service, or write *.${dnsTail(text)} or *`;
  }
  if (isDnsName(text) || parseServiceKey(text) !== undefined) return undefined;
  return `"${text}" is not a host: write a DNS name, or a service key like group/com.acme.UserService:1.0.0`;
}

/** As `hostFault`, for a host that requests are sent to. */
export function destinationFault(text: string): string | undefined {
  return text.includes('*') ? `"${text}" is refused: a destination is one service, without wildcards` : hostFault(text);
}

function dnsTail(text: string): string {
  const labels = text.split('.').filter((label) => DNS_LABEL.test(label));
  return labels.at(-1) ?? 'example';
}
