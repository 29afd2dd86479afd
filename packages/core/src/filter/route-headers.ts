import type { Filter, FilterContext } from './filter.ts';

/** VirtualService's `headers`: what the route taken says of the request's and the answer's headers. */
export const routeHeaders: Filter = {
  name: 'route-headers',
  requires: ['routing', 'mediation'],
  onRouted(context: FilterContext) {
    const edits = context.route?.requestEdits;
    if (edits !== undefined) context.editRequest(edits);
    return 'continue';
  },
  onResponse(context: FilterContext) {
    const edits = context.route?.responseEdits;
    if (edits !== undefined && context.localReply === undefined) context.editResponse(edits);
  },
};
