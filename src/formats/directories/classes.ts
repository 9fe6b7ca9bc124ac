/** What a class is loaded from: it decides which files its component must have. */
export const COMPONENT_ROLES = [
  "pipeline",
  "model",
  "scheduler",
  "tokenizer",
  "processor",
  "guider",
] as const;
export type ComponentRole = typeof COMPONENT_ROLES[number];

/** The libraries a pipeline may name, and of each the classes that load weights or settings and nothing else. */
export class ClassAllowlist {
  readonly #roles: ReadonlyMap<string, ReadonlyMap<string, ComponentRole>>;

  private constructor(roles: ReadonlyMap<string, ReadonlyMap<string, ComponentRole>>) {
    this.#roles = roles;
  }

  /** Reads the parsed text of `policy/diffusion_classes.json`; throws `TypeError` for any other shape. */
  static from(value: unknown): ClassAllowlist {
    const file = record(value, "the file");
    if (file["schema"] !== 1) throw new TypeError("Cannot read the class allowlist: schema is not 1");
    const roles = new Map<string, ReadonlyMap<string, ComponentRole>>();
    for (const [library, classes] of Object.entries(record(file["libraries"], "libraries"))) {
      roles.set(library, classesOf(library, record(classes, library)));
    }
    return new ClassAllowlist(roles);
  }

  hasLibrary(library: string): boolean {
    return this.#roles.has(library);
  }

  roleOf(library: string, name: string): ComponentRole | null {
    return this.#roles.get(library)?.get(name) ?? null;
  }
}

function classesOf(
  library: string,
  byRole: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, ComponentRole> {
  const classes = new Map<string, ComponentRole>();
  for (const [key, names] of Object.entries(byRole)) {
    const role = COMPONENT_ROLES.find((known) => known === key);
    if (role === undefined || !Array.isArray(names)) {
      throw new TypeError(`Cannot read the class allowlist: ${library}.${key} is no list for a known role`);
    }
    for (const name of names) {
      if (typeof name !== "string") throw new TypeError(`Cannot read the class allowlist: ${library}.${key}`);
      classes.set(name, role);
    }
  }
  return classes;
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError(`Cannot read the class allowlist: ${what} is not a mapping`);
}
