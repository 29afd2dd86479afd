// The line protocol with the test: a JSON object per line in, one per line out, in any order.
import { createInterface } from 'node:readline';

/** Serves until the input ends, which is also how a peer learns that its test died; then leaves at once. */
export function serve(ready, handle) {
  console.log(`READY ${JSON.stringify(ready)}`);
  createInterface({ input: process.stdin })
    .on('line', (line) => void answer(JSON.parse(line), handle))
    .on('close', () => process.exit(0));
}

async function answer(command, handle) {
  let reply;
  try {
    reply = { ok: (await handle(command)) ?? null };
  } catch (failure) {
    reply = { error: describe(failure) };
  }
  console.log(JSON.stringify({ id: command.id, ...reply }));
}

export function describe(failure) {
  const { message = '', type, account, code } = failure;
  const name = failure.name === undefined || failure.name === 'Error' ? failure.constructor.name : failure.name;
  return {
    class: name,
    message,
    ...(name === 'TApplicationException' ? { type: type ?? null } : {}),
    ...(account === undefined ? {} : { account, code }),
  };
}
