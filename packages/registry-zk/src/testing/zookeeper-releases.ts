import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A release of the server, and what it needs that its own pom does not bring along. */
export interface Release {
  readonly version: string;
  readonly needs: readonly (readonly [group: string, artifact: string, version: string])[];
}

/** What the tests run against unless they say otherwise. Its pom marks the two as provided. */
export const CURRENT: Release = {
  version: '3.8.4',
  needs: [
    ['io.dropwizard.metrics', 'metrics-core', '4.1.12.1'],
    ['org.xerial.snappy', 'snappy-java', '1.1.10.5'],
  ],
};

/** The last of the releases that know neither recursive watches nor container nodes. */
export const OLD: Release = { version: '3.4.14', needs: [] };

/**
 * Resolved once, by Maven's own client, and remembered in the repository's `.cache/`. `POLYWIRE_ZK_CLASSPATH` puts another server in the
 * place of the current one.
 */
export function classpath(release: Release): string {
  const given = process.env['POLYWIRE_ZK_CLASSPATH'];
  if (given !== undefined && release === CURRENT) return given;
  const { version } = release;
  const dir = fileURLToPath(new URL(`../../../../.cache/zookeeper/${version}/`, import.meta.url));
  const remembered = `${dir}classpath.txt`;
  if (!existsSync(remembered)) {
    mkdirSync(dir, { recursive: true });
    // Each test its own, and the result is put in place when it is whole: another test may be looking.
    const project = `${dir}pom-${process.pid}.xml`;
    writeFileSync(project, pom(release));
    const goal = ['-q', '-B', '-f', project, 'dependency:build-classpath', `-Dmdep.outputFile=${remembered}.${process.pid}`];
    execFileSync('mvn', goal, { stdio: ['ignore', 'inherit', 'inherit'] });
    renameSync(`${remembered}.${process.pid}`, remembered);
    rmSync(project);
  }
  return readFileSync(remembered, 'utf8').trim();
}

function pom({ version, needs }: Release): string {
  const dependencies = [['org.apache.zookeeper', 'zookeeper', version] as const, ...needs].map(
    ([group, artifact, version]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>polywire.test</groupId>
  <artifactId>zookeeper</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`;
}
