/**
 * Fictional keys by name; the current one contains every character that distinguishes base64 from base64url: `+/v7…=`.
 */
export const KEYS = {
  '2029-07': new Uint8Array(32).fill(0x29),
  '2030-01': new Uint8Array(32).fill(0xfb),
};
