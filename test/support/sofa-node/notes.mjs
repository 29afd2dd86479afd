import { fileURLToPath } from 'node:url';
import antpb from 'antpb';

/** The messages of the Java peers' protobuf service. */
export const notes = antpb.loadAll(fileURLToPath(new URL('../../peers/sofarpc/src/main/proto', import.meta.url)));
