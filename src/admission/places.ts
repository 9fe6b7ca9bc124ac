import { join } from "node:path";

/** Every directory of the line. Incoming, scanning, held and rejected are one filesystem, so that a rename moves. */
export interface Places {
  /** Where models are dropped. */
  readonly incoming: string;
  /** One random directory per claim, unlistable for others. */
  readonly scanning: string;
  /** What could not be decided, or passed and could not yet be registered. Bytes are always kept. */
  readonly held: string;
  /** Reports of refusals, and the refused bytes where the policy keeps them. */
  readonly rejected: string;
  /** Promoted models. */
  readonly registry: string;
  /** Pins, evidence, the audit anchor, the lock. */
  readonly state: string;
}

/** The state directory's layout. */
export const lockPath = (state: string): string => join(state, "lock");
export const evidencePath = (state: string): string => join(state, "evidence");
export const pinsPath = (state: string): string => join(state, "pins.json");
export const containedPath = (state: string): string => join(state, "contained-models");
export const anchorPath = (state: string): string => join(state, "audit-anchor.json");

/** The hidden sidecar in which whoever fetched a model wrote its URL. */
export const sidecarName = (name: string): string => `.${name}.source`;

/** Holds and sidecars are hidden, models never are. */
export const isHidden = (name: string): boolean => name.startsWith(".");
