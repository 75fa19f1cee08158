/** The version of Stately's message format used here. */
const FORMAT = '0.7.2';

/** Returns the common part of all messages. */
export function messageBase(sessionId: string, time: number) {
  return { sessionId, rootId: sessionId, id: null, createdAt: String(time), _version: FORMAT } as const;
}
