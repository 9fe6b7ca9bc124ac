import { type Rule, rules } from "./rule.ts";

const DELETE_IT =
  "Delete it from the directory: a model needs only safetensors or GGUF weights and text files.";
const FETCH_ALL =
  "Fetch the whole directory again from one revision, for example with `hf download`, and drop that.";
const ASK_PUBLISHER = "Ask the publisher to repair the repository; until then do not load the model.";
const PLAIN_LIBRARY =
  "Ask the publisher for an edition that plain transformers or diffusers can load. Where your release has the model built in, you can delete the named entry from the file instead.";

const brokenSet: Rule = {
  severity: "critical",
  why: "The weight files do not fit each other, so part of the model is missing or was exchanged.",
  whatToDo: FETCH_ALL,
};
const misleadingIndex: Rule = {
  severity: "critical",
  why:
    "The program that loads the model opens whatever file the index names, wherever it lies; only weight files beside the index may be named.",
  whatToDo: ASK_PUBLISHER,
};

/** What a configuration asks the engine to do beyond loading weights. */
export const CONFIGURATION_RULES = rules({
  "config/custom-code": {
    severity: "critical",
    why:
      "The configuration asks the program that loads the model to run Python code that comes with it, which can do anything.",
    whatToDo: PLAIN_LIBRARY,
  },
  "config/remote-code": {
    severity: "critical",
    why:
      "The configuration asks the program that loads the model to fetch code from another repository and run it.",
    whatToDo: PLAIN_LIBRARY,
  },
  "config/trust-remote-code": {
    severity: "critical",
    why: "The model switches off the engine's own protection against running code from repositories.",
    whatToDo: "Remove the key: whether code is trusted is the operator's decision, never the model's.",
  },
  "config/target": {
    severity: "critical",
    why:
      "The value names a Python object to build, and a loader that follows it can be made to call anything.",
    whatToDo: PLAIN_LIBRARY,
  },
  "config/foreign-module": {
    severity: "critical",
    why: "The loader imports the module named here; only modules of known model libraries are harmless.",
    whatToDo: "If the module belongs to the model's library, ask the publisher to name it by its full path.",
  },
  "config/remote-address": {
    severity: "suspicious",
    why: "An address stands where the loader expects a model's name, and some loaders would fetch it.",
    whatToDo: "Replace it by the base model's name, or by the directory where you keep the base model.",
  },
  "config/path-escape": {
    severity: "critical",
    why:
      "A name that leads out of the directory makes the loader read or write files that are not the model's.",
    whatToDo: ASK_PUBLISHER,
  },
  "config/hidden-text": {
    severity: "suspicious",
    why: "Text that a person cannot see is written for programs, such as assistants that read model cards.",
    whatToDo: "Read the file with an editor that shows hidden characters before showing it to any assistant.",
  },
});

/** A diffusion pipeline: what its index declares and what is there. */
const DIFFUSION_RULES = rules({
  "diffusion/index-form": {
    severity: "critical",
    why: "What model_index.json says cannot be understood in exactly one way, so neither can the pipeline.",
    whatToDo: ASK_PUBLISHER,
  },
  "diffusion/custom-pipeline": {
    severity: "critical",
    why: "The pipeline is Python code from the repository or another one, not a class of the library.",
    whatToDo: PLAIN_LIBRARY,
  },
  "diffusion/pipeline-class": {
    severity: "critical",
    why: "Only pipelines of the diffusers library are known to load components and nothing else.",
    whatToDo: "If your diffusers release has this pipeline, add it to policy/diffusion_classes.json.",
  },
  "diffusion/library": {
    severity: "critical",
    why:
      "The program that loads the pipeline calls whatever library and class the index names, so only known ones may stand there.",
    whatToDo:
      "Do not load the model unless you know why this library is named. One you trust can be added, with its classes, to policy/diffusion_classes.json.",
  },
  "diffusion/class": {
    severity: "critical",
    why:
      "The program that loads the pipeline calls the class named here; only classes known to load weights or settings may be named.",
    whatToDo: "If your release of the library has this class, add it to policy/diffusion_classes.json.",
  },
  "diffusion/component-name": {
    severity: "critical",
    why: "A component's name is the folder it is loaded from; another form of name leads elsewhere.",
    whatToDo: ASK_PUBLISHER,
  },
  "diffusion/component-missing": {
    severity: "critical",
    why:
      "The index declares a component that is not there, so the loader would look for it elsewhere or fail.",
    whatToDo: FETCH_ALL,
  },
  "diffusion/component-incomplete": {
    severity: "critical",
    why: "A component without its configuration or weights cannot be loaded as it was examined.",
    whatToDo: FETCH_ALL,
  },
  "diffusion/undeclared": {
    severity: "critical",
    why: "A folder with weights or settings that the index does not declare is no part of this pipeline.",
    whatToDo: "Delete the folder if the pipeline works without it, or drop it as a model of its own.",
  },
  "diffusion/class-differs": {
    severity: "info",
    why: "The index and the component's own configuration name different classes; the index decides.",
    whatToDo: "Nothing, unless pictures look wrong: then compare with the publisher's repository.",
  },
  "diffusion/scheduler-value": {
    severity: "critical",
    why: "A number this far from any scheduler exhausts memory or produces nothing but noise.",
    whatToDo: FETCH_ALL,
  },
  "diffusion/scheduler-unknown": {
    severity: "suspicious",
    why: "The scheduler is set to something no known release of the library offers.",
    whatToDo: "Compare the scheduler configuration with the publisher's before using the model.",
  },
});

/** A model that comes as a directory: which files it may have, and how they must fit each other. */
export const DIRECTORY_RULES = rules({
  ...CONFIGURATION_RULES,
  ...DIFFUSION_RULES,
  "directory/not-allowed": {
    severity: "critical",
    why: "The policy does not take in directories of this kind.",
    whatToDo:
      "Drop the weights as a single file, or set models.allow_model_directories or allow_diffusion_directories.",
  },
  "directory/no-weights": {
    severity: "critical",
    why: "A directory without weights is no model, so there is nothing to examine or to run.",
    whatToDo: "Fetch the weights too (safetensors or GGUF), or drop the folder that holds them.",
  },
  "directory/unclaimed-file": {
    severity: "critical",
    why: "No part of a model is kept under such a name, so nothing says what its content must be.",
    whatToDo: DELETE_IT,
  },
  "directory/pickle-weights": {
    severity: "critical",
    why: "Checkpoints of this sort are programs: loading one runs whatever it says.",
    whatToDo: "Delete it when safetensors weights lie beside it; else ask the publisher for safetensors.",
  },
  "directory/other-framework": {
    severity: "critical",
    why: "Weights for another framework cannot be examined here and are not needed by the engine.",
    whatToDo: DELETE_IT,
  },
  "directory/source-code": {
    severity: "critical",
    why: "Code that comes with a model runs with all the rights of the program that loads it.",
    whatToDo: "Delete the file. A model that cannot be loaded without its own code is not taken in.",
  },
  "directory/program": {
    severity: "critical",
    why: "A program or library has no place in a model, and loaders can be made to load it.",
    whatToDo: "Delete it, and look at where the directory came from: the source may be compromised.",
  },
  "directory/archive": {
    severity: "critical",
    why: "What is packed inside would be promoted without having been examined.",
    whatToDo: "Unpack it on a machine made for that if the model needs it, and delete the archive.",
  },
  "directory/yaml": {
    severity: "critical",
    why: "YAML can name Python objects to build, and many loaders build them.",
    whatToDo: "Delete it: transformers, diffusers and llama.cpp read JSON only.",
  },
  "directory/foreign-index": {
    severity: "critical",
    why: "It is the index of PyTorch or TensorFlow shards and leads the loader to files that are refused.",
    whatToDo: "Delete it: model.safetensors.index.json is the index of the safetensors shards.",
  },
  "directory/repository-folder": {
    severity: "critical",
    why: "A .git folder holds programs that git runs by itself, and every older state of the files.",
    whatToDo: "Delete the .git folder (rm -rf NAME/.git); the model itself does not need it.",
  },
  "directory/hidden-entry": {
    severity: "critical",
    why: "Hidden files are not shown to whoever looks into the directory, and no part of a model is hidden.",
    whatToDo: "Delete it (list hidden files with ls -A).",
  },
  "directory/unfinished-download": {
    severity: "critical",
    why: "A download was stopped before it was complete, so the model is not what was published.",
    whatToDo: "Run the same download again until it ends without an error, then drop the directory.",
  },
  "directory/name-form": {
    severity: "critical",
    why: "Other systems read such a name as a path or cut part of it off, and open another file.",
    whatToDo: "Rename the file to plain letters, digits, dots and dashes, or delete it.",
  },
  "directory/name-collision": {
    severity: "critical",
    why: "Some file systems take the two names for one, so which file is loaded depends on the machine.",
    whatToDo: "Keep the file the model needs and delete the other.",
  },
  "directory/nested-pipeline": {
    severity: "critical",
    why: "A pipeline inside another directory would be loaded without its components having been checked.",
    whatToDo: "Drop the folder that holds model_index.json as a directory of its own.",
  },
  "directory/side-file-size": {
    severity: "critical",
    why: "A side file far larger than any model needs hides something or exhausts whatever reads it.",
    whatToDo: "Delete it if the model works without it; else compare it with the publisher's.",
  },
  "directory/text-form": {
    severity: "critical",
    why: "Bytes that are no text lie in a text file, where a payload can travel unseen.",
    whatToDo: "Delete the file if it is only documentation, or save it as plain UTF-8 text.",
  },
  "directory/text-encoding": {
    severity: "info",
    why: "The text is not UTF-8, as older editors write it; nothing but people reads it.",
    whatToDo: "Nothing.",
  },
  "directory/yaml-tag": {
    severity: "critical",
    why: "A tag makes the YAML reader build an object of the program, which can run code.",
    whatToDo: "Delete the file: it only records how the model was made.",
  },
  "directory/tokenizer-form": {
    severity: "critical",
    why:
      "The tokenizer is not what every loader expects under this name, and some unpickle what they cannot read.",
    whatToDo: FETCH_ALL,
  },
  "directory/media-form": {
    severity: "critical",
    why: "The file is not the picture, sound or film its name claims, and files that lie carry payloads.",
    whatToDo: "Delete it: the model does not need it.",
  },
  "directory/active-picture": {
    severity: "suspicious",
    why: "A picture with a script in it runs that script in the browser of whoever opens it.",
    whatToDo: "Delete it: the model does not need it.",
  },
  "directory/download-note": {
    severity: "critical",
    why: "The downloader keeps three short lines in such a file; anything else is hidden there.",
    whatToDo: "Delete the .cache folder (rm -rf NAME/.cache); the model itself does not need it.",
  },
  "directory/index-form": misleadingIndex,
  "directory/index-limit": {
    severity: "critical",
    why:
      "An index with more tensors, shards or copies of itself than any model has exhausts whatever reads it.",
    whatToDo: "Compare the index with the publisher's before trusting the model.",
  },
  "directory/index-shard-name": misleadingIndex,
  "directory/index-shard-missing": {
    severity: "critical",
    why:
      "The index names a weight file that is not there, so the model is incomplete or the index is another's.",
    whatToDo: "Fetch the missing file, or delete the index if all weights are in one file.",
  },
  "directory/shard-undeclared": brokenSet,
  "directory/shard-missing": brokenSet,
  "directory/shard-number": brokenSet,
  "directory/tensor-missing": brokenSet,
  "directory/tensor-undeclared": brokenSet,
  "directory/tensor-misplaced": brokenSet,
  "directory/tensor-duplicate": brokenSet,
  "directory/no-index": {
    severity: "info",
    why: "Shards without an index are loaded only by engines that do not need one.",
    whatToDo: "Nothing, unless your engine asks for model.safetensors.index.json.",
  },
});
