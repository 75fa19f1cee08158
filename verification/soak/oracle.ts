import type { Arrival, RequestRecord } from './messages.ts';
import type { Plan } from './plan.ts';

/** How a request ended for its caller. */
export type Outcome =
  /** With a response that equals what the API sent, to the last byte. */
  | { readonly kind: 'answered'; readonly status: number }
  /** By one that was not. */
  | { readonly kind: 'garbled'; readonly status: number }
  /** In the middle of the response. */
  | { readonly kind: 'cut off'; readonly status: number }
  | {
      readonly kind:
        | 'unanswered'
        /** With the caller's abort reason, or because the caller discarded the response. */
        | 'aborted'
        | 'without a token'
        /** With an error that nothing of what was planned explains. */
        | 'failed'
        | 'never ended';
      readonly status: 0;
    };

/** Which rules a request broke, in words. */
export function brokenRules(plan: Plan, { arrivals, elsewhere }: RequestRecord, outcome: Outcome): string[] {
  const rules: Readonly<Record<string, boolean>> = {
    'ends as its fault allows': mayEnd(plan, arrivals, elsewhere, outcome),
    'is made twice at most': arrivals.length <= 2,
    'is made again after a 401 and with another token alone':
      arrivals.length < 2 || (arrivals[0]?.status === 401 && arrivals[0].token !== arrivals[1]?.token),
    'is made once if its body can be read once': plan.repeatable || arrivals.length <= 1,
    'is made again after a 401 if it can be':
      !(plan.repeatable && arrivals.length === 1 && arrivals[0]?.status === 401) || outcome.kind === 'aborted',
    'has a token': arrivals.every(({ token }) => token > 0),
    'brings its body': arrivals.every(
      ({ body, end }) =>
        body === 'whole' || (body === 'incomplete' && (plan.early || end === 'reset' || plan.abort !== undefined)),
    ),
    'shows no token to another origin': elsewhere.every(({ token }) => token === 0),
    'goes to another origin once, by a redirect': elsewhere.length <= (plan.fault === 'redirect' ? 1 : 0),
  };
  return Object.keys(rules).filter((rule) => !rules[rule]);
}

function mayEnd(
  { abort }: Plan,
  arrivals: readonly Arrival[],
  elsewhere: readonly Arrival[],
  { kind, status }: Outcome,
): boolean {
  const last = elsewhere[0] ?? arrivals.at(-1);
  switch (kind) {
    case 'answered':
      return last?.end === 'whole' && last.status === status;
    case 'cut off':
      return last?.end === 'cut' && last.status === status;
    case 'unanswered':
      return last?.end === 'reset' || (last?.end === 'cut' && last.status === 200);
    case 'aborted':
      return abort !== undefined;
    case 'garbled':
    case 'without a token':
    case 'failed':
    case 'never ended':
      return false;
  }
}
