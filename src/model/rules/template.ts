import { type Rule, rules } from "./rule.ts";

const FIXED_TEMPLATE =
  "Do not load the model. Use the publisher's original template, or one you wrote (--chat-template-file).";
const reachesPython: Rule = {
  severity: "critical",
  why:
    "Engines that render templates with Python can be led from any value to the interpreter, and run commands.",
  whatToDo: FIXED_TEMPLATE,
};
const READ_IT = "Read the template at the place named, and compare it with the original publisher's.";

/** Chat templates are programs that the engine runs for every conversation. They are read as syntax, never run. */
export const TEMPLATE_RULES = rules({
  "template/object-walk": reachesPython,
  "template/attr-filter": reachesPython,
  "template/computed-name": reachesPython,
  "template/gadget": reachesPython,
  "template/include": {
    severity: "critical",
    why: "A chat template is complete in itself; one that loads others reads files of the engine's machine.",
    whatToDo: FIXED_TEMPLATE,
  },
  "template/loop-bomb": {
    severity: "critical",
    why: "Rendering it takes so long, or so much memory, that the engine stops answering.",
    whatToDo: FIXED_TEMPLATE,
  },
  "template/too-large": {
    severity: "critical",
    why: "No chat template is this large; what is too large to examine would reach the engine unexamined.",
    whatToDo: FIXED_TEMPLATE,
  },
  "template/too-deep": {
    severity: "critical",
    why: "Nesting this deep exhausts the stack of the engine's template reader.",
    whatToDo: FIXED_TEMPLATE,
  },
  "template/unparsable": {
    severity: "suspicious",
    why: "What cannot be read as a template cannot be examined, and an engine may read it differently.",
    whatToDo: "Ask the publisher for a template in plain Jinja, or give the engine one you wrote.",
  },
  "template/private-name": {
    severity: "suspicious",
    why: "Names that begin with an underscore belong to the insides of a program, not to a conversation.",
    whatToDo: READ_IT,
  },
  "template/format-string": {
    severity: "suspicious",
    why: "Whoever writes the text that is formatted can read the insides of the values put into it.",
    whatToDo: READ_IT,
  },
  "template/gated-content": {
    severity: "suspicious",
    why: "Text that appears only when the user mentions certain words is how a template plants a back door.",
    whatToDo: READ_IT,
  },
  "template/invisible-text": {
    severity: "suspicious",
    why: "The model reads characters that a person who checks the template cannot see.",
    whatToDo: "Read the template with an editor that shows hidden characters, and remove them.",
  },
  "template/url": {
    severity: "suspicious",
    why: "An address in the template is shown to the model in every conversation, and by it to users.",
    whatToDo: READ_IT,
  },
  "template/encoded-blob": {
    severity: "suspicious",
    why: "Text that only a program can read has no place in a prompt; it can carry hidden instructions.",
    whatToDo: READ_IT,
  },
});
