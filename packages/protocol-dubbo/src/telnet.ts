/** Longest piece of what was typed that an answer repeats. */
const ECHO_CHARACTERS = 32;

/**
 * What to say to bytes that are no Dubbo frame. People and health checks type Dubbo's telnet commands at its port; Dubbo ends an answer
 * with its prompt, we end it with a line and close. undefined for what is no text: TLS, a lone ctrl-C.
 */
export function telnetAnswer(head: Buffer): Buffer | undefined {
  const line = head.toString('latin1', 0, 256).split(/[\r\n]/, 1)[0] ?? '';
  if (!/^[\x20-\x7e\t]+$/.test(line)) return undefined;
  const command = line.trim().split(/\s+/, 1)[0] ?? '';
  return Buffer.from(`${answer(command)}\r\n`);
}

function answer(command: string): string {
  switch (command) {
    case 'status':
      return 'OK';
    case 'ls':
      return 'Polywire: this port relays Dubbo calls. Services are listed by its admin listener.';
    default:
      return `Polywire: this port relays Dubbo calls; it does not know the command ${command.slice(0, ECHO_CHARACTERS)}.`;
  }
}
