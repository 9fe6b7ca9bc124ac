/** A test build of the examiner: its format gate never comes back, as a parser with an endless loop would not. */
import { examine } from "../../../src/roles/examine.ts";
import { formatGate } from "../../../stages/2_format_gate.ts";

await examine(() => ({
  ...formatGate(),
  examine: (_artifact, { record }) => {
    record({ looping: true });
    for (;;);
  },
}));
