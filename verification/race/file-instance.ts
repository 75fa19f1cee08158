import type { InstanceContext, RaceInstance } from '@frameio-auth/conformance';
import { fileStorage } from '@frameio-auth/storage-file';
import { instanceOver } from './instance.ts';

/** Creates an instance with a session in a directory that all instances share. */
export function createInstance(context: InstanceContext<{ readonly directory: string }>): RaceInstance {
  return instanceOver(fileStorage({ directory: context.parameters.directory }), context);
}
