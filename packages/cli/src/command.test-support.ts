import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli } from './program.ts';

const GRAY_RELEASE = fileURLToPath(new URL('../../../examples/gray-release', import.meta.url));
const FORMER_FOLDER = process.cwd();
export const BINARY: string = fileURLToPath(new URL('../bin/polywire.js', import.meta.url));

export const BOOTSTRAP = 'listeners:\n  - name: in\n    address: 127.0.0.1:0\n    protocols: [dubbo]\n';
export const SERVICE = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: users }
spec:
  hosts: [com.acme.Users]
  http:
    - route:
        - destination: { host: com.acme.Users }
`;

/** What became of a command. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for the tests of one file, with a valid configuration in `good` and the gray release in `gray`. */
export class CommandFolder {
  path = '';

  constructor() {
    before(async () => {
      this.path = await realpath(await mkdtemp(join(tmpdir(), 'polywire-cli-')));
      await this.write('good/polywire.yaml', `${BOOTSTRAP}resources: [mesh/*.yaml]\n`);
      await this.write('good/mesh/users.yaml', SERVICE);
      await cp(GRAY_RELEASE, join(this.path, 'gray'), { recursive: true });
      process.chdir(this.path);
    });
    after(async () => {
      process.chdir(FORMER_FOLDER);
      await rm(this.path, { recursive: true });
    });
  }

  async write(name: string, text: string): Promise<void> {
    const file = join(this.path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }

  /** Runs the command in this process, in this folder, away from a terminal. Starting it as a process takes most of its time. */
  async polywire(...args: string[]): Promise<Ended> {
    let stdout = '';
    let stderr = '';
    const code = await runCli(args, {
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      environment: process.env,
      workingDirectory: this.path,
    });
    return { code, stdout, stderr };
  }

  /** Runs the command as a user does. For plugins, too: what a process has once loaded it does not load again. */
  polywireProcess(...args: string[]): Promise<Ended> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [BINARY, ...args], { cwd: this.path, stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (text) => {
        stdout += text;
      });
      child.stderr.on('data', (text) => {
        stderr += text;
      });
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
  }
}
