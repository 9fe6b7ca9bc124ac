import { rules } from "./rule.ts";

export const DIRECTORY_RULES = rules({
  "directory/not-examined": {
    severity: "critical",
    why: "A directory that was not looked into could hold anything.",
    whatToDo:
      "Take in the model as a single GGUF or safetensors file, or use a version that examines directories.",
  },
});
