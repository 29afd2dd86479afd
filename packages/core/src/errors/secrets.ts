/** Stands for what is not shown. */
export const MASK = '******';
const SECRET_NAME = /passw(or)?d|secret|token|credential|private.?key|api.?key|^(digest|auth(orization)?)$/i;
// A scheme begins where no other of its characters is: whoever tried each letter of a long word would take the square of its length.
const USER_INFO = /(?<![a-z0-9+.-])([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]+@/gi;
/** Also where a URL is percent-encoded inside of another, as in the names of a registry's nodes. */
const SECRET_PARAMETER = /((?:[?&;]|%3f|%26|%3b)(?:passw(?:or)?d|secret|token|api_?key)(?:=|%3d))(?:(?!%26|%3b|%23)[^&;#\s])+/gi;

/** Whether what has this name is not to be shown or written down. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The value as it may be shown beside this name. */
export function shownValue(name: string, value: string): string {
  return isSecretName(name) ? MASK : value;
}

/** The text with the user part of URLs, and of their parameters those that are secrets, masked. */
export function maskSecrets(text: string): string {
  return text.replace(USER_INFO, `$1${MASK}@`).replace(SECRET_PARAMETER, `$1${MASK}`);
}
