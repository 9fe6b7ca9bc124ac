/** Stage 6 without the model: the suite of prompts, the judge of replies, the score. All of it is pure. */
export { CATEGORIES, type Category, categoryNamed, isCritical } from "./categories.ts";
export { flaggedExtract } from "./extract.ts";
export { judgeReplies, type Reply, type ReplyJudgement } from "./judge.ts";
export { type Counts, type Score, scoreBatch, type Thresholds } from "./score.ts";
export {
  instantiate,
  type Message,
  type PlantedPrompt,
  type Prompt,
  promptText,
  type Suite,
} from "./suite.ts";
export { loadSuite } from "./suite_file.ts";
export { formatJudgements, parseTranscript } from "./transcript.ts";
