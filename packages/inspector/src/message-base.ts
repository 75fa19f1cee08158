/** The version of Stately's message format that messages are in. */
const FORMAT = '0.7.2';

/** What all messages begin with. */
export function messageBase(sessionId: string, time: number) {
  return { sessionId, rootId: sessionId, id: null, createdAt: String(time), _version: FORMAT } as const;
}
