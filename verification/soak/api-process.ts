import { ChildProgram } from '../child-program.ts';
import type { Addresses, Commands } from './messages.ts';

/** The servers, in their own process, so that their memory is not counted. */
export interface ApiProcess extends Addresses {
  readonly program: ChildProgram<Commands>;
}

export async function startApi(seed: number): Promise<ApiProcess> {
  const program = new ChildProgram<Commands>(new URL('api.ts', import.meta.url), { args: [String(seed)] });
  return { program, ...(await program.call('addresses', null)) };
}
