/** Domains in which everything is tried, and what of it each is meant to be able to do. */
export const PROBED = [
  "examiner",
  "scanner",
  "smoke",
  "coordinator",
  "health",
  "registry",
  "verifier",
] as const;
export type ProbedDomain = typeof PROBED[number];

const ALL = ["read", "append", "write", "create", "rename"];
const TCP = ["socket tcp", "socket tcp6"];

const on = (verbs: readonly string[], types: readonly string[]): string[] =>
  types.flatMap((type) => verbs.map((verb) => `${verb} ${type}`));

const ALLOWED: Readonly<Record<ProbedDomain, readonly string[]>> = {
  examiner: ["read scanning"],
  scanner: ["read scanning", "run program", "write tmp"],
  smoke: ["read scanning", "run program", "write tmp", ...TCP],
  coordinator: [
    "connect sandbox",
    "socket unix dgram",
    "run program",
    ...on(ALL, ["incoming", "scanning", "held", "rejected", "model", "audit", "state"]),
    // The registry's list lies among the models: a new file there is a model's, and this one is not for it to change.
    ...on(["read", "create"], ["manifest"]),
    ...on(["read"], ["registry_state", "secret"]),
  ],
  health: [...TCP, ...on(["read"], ["held", "rejected", "manifest", "audit", "state"])],
  registry: [
    ...TCP,
    // What it creates among the models is its own list; theirs it can read, move away and delete.
    ...on(["read", "create", "rename"], ["model"]),
    ...on(ALL, ["manifest", "registry_state"]),
  ],
  verifier: ["run program", ...on(["read"], ["model", "manifest", "audit", "state", "secret"])],
};

/** What the domain is meant to be able to do, of all that is tried. */
export const allowedIn = (domain: ProbedDomain): readonly string[] => ALLOWED[domain];

/** Denied without a word in the log: the policy we come into says so for every domain. */
export const WITHOUT_DENIAL: ReadonlySet<string> = new Set(["write selinux"]);
