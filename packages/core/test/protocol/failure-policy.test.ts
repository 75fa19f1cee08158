import { describe, expect, it } from 'vitest';
import type { FailureKind } from '../../src/kernel/failure.js';
import {
  CONSEQUENCES,
  kindOfNoResponse,
  kindOfResponse,
  NO_RESPONSE_RULES,
  type Purpose,
  RESPONSE_RULES,
  type UnsuccessfulResponse,
} from '../../src/kernel/failure-policy.js';

const KINDS: readonly FailureKind[] = ['terminal', 'transient', 'ambiguous', 'configuration'];
const PURPOSES: readonly Purpose[] = ['client_credentials', 'authorization_code', 'refresh_token', 'revocation'];
const WORDS = [
  undefined,
  '',
  'invalid_grant',
  'invalid_request',
  'invalid_client',
  'invalid_scope',
  'server_error',
  'fictional_word',
];
const OF_PROFILE = [undefined, ...KINDS];
const FLAGS = [false, true];

const everyAnswer: readonly UnsuccessfulResponse[] = Array.from({ length: 600 }, (_, status) => status).flatMap(
  (status) =>
    PURPOSES.flatMap((purpose) =>
      WORDS.flatMap((error) =>
        OF_PROFILE.flatMap((ofProfile) =>
          FLAGS.flatMap((requiresAction) =>
            FLAGS.flatMap((rejectsSecret) =>
              FLAGS.map((unknownIsTerminal) => ({
                purpose,
                status,
                error,
                ofProfile,
                requiresAction,
                rejectsSecret,
                unknownIsTerminal,
              })),
            ),
          ),
        ),
      ),
    ),
);

const ends = (answer: UnsuccessfulResponse) => CONSEQUENCES[kindOfResponse(answer)].endsSession;

/** The responses that a server's profile does not mention. */
const byDefault = everyAnswer.filter(
  ({ ofProfile, requiresAction, unknownIsTerminal }) =>
    ofProfile === undefined && !requiresAction && !unknownIsTerminal,
);

describe('the failure policy', () => {
  it('has a kind for every answer, and for noResponse', () => {
    const kinds = new Set(everyAnswer.map(kindOfResponse));
    expect([...kinds].filter((kind) => !KINDS.includes(kind))).toEqual([]);
    expect([kindOfNoResponse({ delivery: 'not_sent' }), kindOfNoResponse({ delivery: 'unknown' })]).toEqual([
      'transient',
      'ambiguous',
    ]);
  });

  it('has no row that another one makes idle', () => {
    const deciding = new Set(everyAnswer.map((answer) => RESPONSE_RULES.find((rule) => rule.fits(answer))));
    expect(RESPONSE_RULES.filter((rule) => !deciding.has(rule))).toEqual([]);
    expect(NO_RESPONSE_RULES.map(({ kind }) => kind)).toEqual(['transient', 'ambiguous']);
  });

  it('lets no status alone end a session, whatever it is (RFC 6749 §5.2)', () => {
    const wordless = byDefault.filter(({ error }) => error === undefined);
    expect(wordless.filter(ends)).toEqual([]);
    expect(everyAnswer.filter((answer) => answer.error === undefined && answer.ofProfile === undefined && ends(answer)))
      // Only a demand that the user act, which always has an `error`.
      .toSatisfy((answers: readonly UnsuccessfulResponse[]) => answers.every(({ requiresAction }) => requiresAction));
  });

  it('lets no word end a session but those that speak of the grant, unless the profile says so', () => {
    expect(new Set(byDefault.filter(ends).map(({ error }) => error))).toEqual(
      new Set(['invalid_grant', 'invalid_request']),
    );
  });

  it('believes no word about the grant of a server that fails', () => {
    const failing = byDefault.filter(({ status }) => status >= 500 || status === 408 || status === 429);
    expect(failing.filter(ends)).toEqual([]);
  });

  it('takes a word about the client for what it says, whatever the status', () => {
    const words = everyAnswer.filter(
      ({ error, status, ofProfile, requiresAction }) =>
        error === 'invalid_client' && status !== 429 && ofProfile === undefined && !requiresAction,
    );
    expect(new Set(words.map(kindOfResponse))).toEqual(new Set(['configuration']));
  });

  it('lets nothing end a session that the profile lists as a wrong secret', () => {
    expect(everyAnswer.filter((answer) => answer.rejectsSecret && ends(answer))).toEqual([]);
  });

  it('lets nothing that a service is told end anything, but that the user must act', () => {
    const received = everyAnswer.filter(
      ({ purpose, requiresAction, ofProfile }) =>
        purpose === 'client_credentials' && !requiresAction && ofProfile === undefined,
    );
    expect(received.filter(ends)).toEqual([]);
  });
});
