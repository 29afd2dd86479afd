import type { CallOptions, RegistryContext } from '@polywire/core/spi';
import { portOf } from '../discovery-instance.ts';
import type { JsonObject } from '../json.ts';
import type { ApplicationInstance } from './instance.ts';
import { type MetadataAnswer, type MetadataSource, servicesOf } from './metadata.ts';
import { plainObject } from './plain-object.ts';

/** Dubbo's own service, which a provider with `metadata-type=local` exports in the group that is its application's name. */
const SERVICE = 'org.apache.dubbo.metadata.MetadataService';

type Call = NonNullable<RegistryContext['call']>;
type Address = Omit<CallOptions, 'protocol'>;

/** Whose metadata are wanted. */
interface Question {
  readonly application: string;
  readonly revision: string;
  readonly instance: ApplicationInstance;
}

/** The instances themselves, which know what they serve. Their MetadataService is called as Dubbo's consumers call it. */
export class InstanceMetadata implements MetadataSource {
  readonly #call: Call;
  readonly #timeoutMs: number;

  /** @param timeoutMs for one answer of one instance, its connection included */
  constructor(call: Call, timeoutMs: number) {
    this.#call = call;
    this.#timeoutMs = timeoutMs;
  }

  async get(application: string, revision: string, instance: ApplicationInstance): Promise<MetadataAnswer> {
    const { address: host, metadataService } = instance;
    const protocol = metadataService.get('protocol') ?? '';
    const port = portOf(metadataService.get('port'));
    if (port === 0) return { kind: 'absent', reason: 'it does not say where its MetadataService is' };
    const ask = QUESTIONS.get(protocol);
    if (ask === undefined) return { kind: 'absent', reason: `its MetadataService speaks ${protocol}, which Polywire does not` };
    try {
      const metadata = await ask(this.#call, { application, revision, instance }, { host, port, timeoutMs: this.#timeoutMs });
      return { kind: 'known', services: checked(metadata, revision) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: 'silent', reason: `its MetadataService does not tell them over ${protocol}: ${reason}` };
    }
  }
}

/** By protocol of the MetadataService, with what answers in the shape of Dubbo's MetadataInfo. */
const QUESTIONS: ReadonlyMap<string, (call: Call, question: Question, to: Address) => Promise<JsonObject | undefined>> = new Map([
  ['dubbo', overDubbo],
]);

async function overDubbo(call: Call, { application, revision, instance }: Question, to: Address): Promise<JsonObject | undefined> {
  const version = instance.metadataService.get('version');
  const asked = { service: SERVICE, group: application, version, method: 'getMetadataInfo', arguments: [revision] };
  return plainObject(await call(asked, { ...to, protocol: 'dubbo' }));
}

/** @throws Error saying what is wrong with it */
function checked(metadata: JsonObject | undefined, revision: string): ReturnType<typeof servicesOf> & object {
  // null: the instance has another revision by now.
  if (metadata === undefined) throw new Error(`it knows nothing of revision ${revision}`);
  const services = servicesOf(metadata);
  if (services === undefined) throw new Error("its answer is not Dubbo's MetadataInfo");
  const told = metadata['revision'];
  if (typeof told === 'string' && told !== revision) throw new Error(`it tells of revision ${told}, and not of ${revision}`);
  return services;
}
