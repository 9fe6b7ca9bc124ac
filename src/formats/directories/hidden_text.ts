import { type Finding, finding } from "../../model/finding.ts";

/** Tag characters spell out text that nothing displays. Flags of regions use up to seven behind a black flag. */
const TAGS = /(?<!\u{1f3f4}[\u{e0020}-\u{e007f}]{0,7})[\u{e0020}-\u{e007f}]/u;
/** Overrides show text in another order than programs read it. */
const OVERRIDE = /[\u202d\u202e]/;
const INSTRUCTION =
  /\b(?:ignore|disregard|forget)\s(?:all\s|any\s)?(?:the\s|your\s)?(?:previous|prior|above|earlier)\s(?:instructions|prompts?|rules)\b|\b(?:AI|assistants?|language models?|LLMs?)\s?[:,]?\s(?:must|should|you are)\b/i;
/** One finding of each sort is enough to make a person look. */
const MAX_FOUND = 3;

/** Text in a document that a person reading it does not see and a program does. Linear in the text. */
export function hiddenText(text: string): readonly Finding[] {
  const found: Finding[] = [];
  const tags = TAGS.exec(text);
  if (tags !== null) {
    found.push(finding("config/hidden-text", "text in invisible tag characters", { offset: tags.index }));
  }
  const override = OVERRIDE.exec(text);
  if (override !== null) {
    const message = "a direction override, which shows text in another order than it is read";
    found.push(finding("config/hidden-text", message, { offset: override.index }));
  }
  for (const comment of commentsIn(text)) {
    const instruction = INSTRUCTION.exec(comment.text);
    if (instruction === null) continue;
    const message = `a hidden comment addresses assistants: ${JSON.stringify(instruction[0])}`;
    found.push(finding("config/hidden-text", message, { offset: comment.offset }));
    if (found.length >= MAX_FOUND) break;
  }
  return found;
}

function* commentsIn(text: string): Generator<{ readonly text: string; readonly offset: number }> {
  for (let begin = text.indexOf("<!--"); begin >= 0;) {
    const end = text.indexOf("-->", begin + 4);
    if (end < 0) return;
    yield { text: text.slice(begin + 4, end), offset: begin };
    begin = text.indexOf("<!--", end + 3);
  }
}
