import type { InspectorMessage } from '@frameio-auth/inspector';

export function drawn(): Promise<unknown>;
export function pageWidth(): number;
export function nameOfFocused(): string;
export function saysOtherThan(text: string | null): boolean;
export function countFlights(): void;
export function flightsSeen(): number;
export function recordConditions(): void;
export function conditionsSeen(): readonly string[];
export function replay(what: {
  first: InspectorMessage | undefined;
  others: readonly InspectorMessage[];
  rounds: number;
}): void;
export function report(messages: readonly InspectorMessage[]): void;
export function faintTexts(): string[];
