// A provider in a process of its own, for tests that kill and freeze it: node service-main.js <name> <port>
import { echo, WireService } from './service.ts';

const [name = 'service', port = '0'] = process.argv.slice(2);
const service = await WireService.start({ after: () => undefined }, echo(name), Number(port));
process.stdout.write(`listening ${service.port}\n`);
