import * as z from "zod";
import { type DocumentKind, loadDocument, type TextFile } from "../policy/document.ts";
import type { Problem } from "../policy/problem.ts";
import { CATEGORIES } from "./categories.ts";
import { expectationSchema } from "./expectation_schema.ts";
import { PLACEHOLDER, type Prompt, type Suite } from "./suite.ts";

const ID = z.string().regex(/^[a-z0-9][a-z0-9-]{1,60}$/, "expected a short name of a-z, 0-9 and dashes");

const messageSchema = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string().min(1).max(2000),
});

const promptSchema = z.strictObject({
  id: ID,
  category: z.enum(CATEGORIES),
  language: z.string().regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?$/, "expected a language tag such as en"),
  /** One user message. */
  ask: z.string().min(1).max(2000).optional(),
  messages: z.array(messageSchema).min(1).max(12).optional(),
  control: z.literal(true).optional(),
  expect: expectationSchema.optional(),
});

const suiteSchema = z.strictObject({
  version: z.literal(1),
  prompts: z.array(promptSchema).min(1).max(500),
});

type PromptText = z.output<typeof promptSchema>;

const SUITE: DocumentKind<typeof suiteSchema> = {
  schema: suiteSchema,
  maxBytes: 2 ** 20,
  codes: { syntax: "policy/syntax", schema: "policy/schema", forbidden: "policy/schema" },
  check: ({ prompts }) => [...prompts.flatMap(promptProblems), ...duplicates(prompts)],
};

/** Reads the suite; throws one `StartupError` that lists everything wrong with it, each with line and column. */
export function loadSuite(file: TextFile): Suite {
  const { version, prompts } = loadDocument(SUITE, file);
  return { version, prompts: prompts.map(promptOf) };
}

function promptOf({ id, category, language, ask, messages, expect }: PromptText): Prompt {
  const all = messages ?? [{ role: "user" as const, content: ask ?? "" }];
  const canaries = [...new Set(all.flatMap(({ content }) => placeholdersIn(content)))];
  return { id, category, language, messages: all, canaries, expect: expect ?? null };
}

function placeholdersIn(text: string): string[] {
  return Array.from(text.matchAll(PLACEHOLDER), (match) => match[1] ?? "");
}

function promptProblems(prompt: PromptText, index: number): Problem[] {
  const path = ["prompts", index];
  const problem = (key: string, message: string): Problem => ({
    kind: "schema",
    path: [...path, key],
    about: "value",
    message,
  });
  const { ask, messages, control, expect } = prompt;
  const problems: Problem[] = [];
  if ((ask === undefined) === (messages === undefined)) {
    problems.push(problem("id", "a prompt has either ask or messages"));
  }
  const last = messages?.[messages.length - 1]?.role;
  if (last !== undefined && last !== "user") {
    problems.push(problem("messages", "the last message is the user's"));
  }
  const texts = [ask ?? "", ...(messages ?? []).map((m) => m.content)];
  if (texts.some((text) => text.replace(PLACEHOLDER, "").includes("{{"))) {
    problems.push(
      problem(ask === undefined ? "messages" : "ask", "a placeholder is {{name}} of a-z, 0-9 and dashes"),
    );
  }
  if ((control === true) !== (expect !== undefined)) {
    problems.push(problem("id", "a control, and only a control, has expect"));
  }
  return problems;
}

function duplicates(prompts: readonly PromptText[]): Problem[] {
  const seen = new Set<string>();
  return prompts.flatMap(({ id }, index): Problem[] => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [{
      kind: "schema",
      path: ["prompts", index, "id"],
      about: "value",
      message: `${id} is used twice`,
    }];
  });
}
