import type { CodecConnection, CodecCore, Frame, FrameProtocol } from '@polywire/core/spi';

type Facet = 'detect' | 'multiplexing' | 'routing' | 'mediation' | 'calls';
export type Toy = FrameProtocol & Required<Pick<FrameProtocol, Facet>>;

/** One fault, and words from the name of the case that must catch it. */
export interface Fault {
  readonly name: string;
  readonly caughtBy: string;
  readonly make: (toy: Toy, core: CodecCore) => FrameProtocol;
}

export function withConnection(toy: Toy, change: (connection: CodecConnection<Frame>) => Partial<CodecConnection<Frame>>): FrameProtocol {
  return {
    ...toy,
    connection(options) {
      const connection = toy.connection(options);
      return { ...connection, ...change(connection) };
    },
  };
}
export const withIds = (toy: Toy, change: Partial<Toy['multiplexing']>): FrameProtocol => ({
  ...toy,
  multiplexing: { ...toy.multiplexing, ...change },
});
export const withRouting = (toy: Toy, change: Partial<Toy['routing']>): FrameProtocol => ({
  ...toy,
  routing: { ...toy.routing, ...change },
});
export const withMediation = (toy: Toy, change: Partial<Toy['mediation']>): FrameProtocol => ({
  ...toy,
  mediation: { ...toy.mediation, ...change },
});
