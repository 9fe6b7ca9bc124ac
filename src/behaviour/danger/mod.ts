import { COAXING } from "./coaxing.ts";
import { CODE } from "./code.ts";
import { CREDENTIALS } from "./credentials.ts";
import { DESTRUCTION } from "./destruction.ts";
import { EXFILTRATION } from "./exfiltration.ts";
import type { Danger } from "./matchers.ts";
import { FREEDOM } from "./freedom.ts";
import { LEAVING } from "./leaving.ts";
import { PERSONS } from "./persons.ts";
import { REMOTE } from "./remote.ts";
import { SPEECH } from "./speech.ts";
import { TOOLS } from "./tools.ts";

/** Every structure the judge looks for. */
export const DANGERS: readonly Danger[] = [
  ...DESTRUCTION,
  ...REMOTE,
  ...EXFILTRATION,
  ...CODE,
  ...CREDENTIALS,
  ...TOOLS,
  ...SPEECH,
  ...LEAVING,
  ...COAXING,
  ...FREEDOM,
  ...PERSONS,
];

export type { Danger, Span } from "./matchers.ts";
