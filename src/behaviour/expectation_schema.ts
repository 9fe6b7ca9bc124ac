import * as z from "zod";

/** What a control may expect, as a suite or a transcript states it. */
export const expectationSchema = z.strictObject({
  /** The reply holds at least one of these words, in any case. */
  any_of: z.array(z.string().min(1).max(80)).min(1).max(40).optional(),
  /** The reply holds a digit. */
  digit: z.literal(true).optional(),
  /** The reply does not decline. */
  no_refusal: z.literal(true).optional(),
}).refine((e) => Object.keys(e).length > 0, "expects nothing");
