import { type Admission, containedPath, type JournalLine, UNSIGNED, warning } from "../admission/mod.ts";
import { StartupError } from "../model/mod.ts";
import { configure } from "./configuration.ts";
import { coordinator } from "./coordinator.ts";
import { startEmbeddedRegistry } from "./embedded_registry.ts";
import { containedDirectory } from "./containments.ts";
import { auditLogPath, watchedPlaces } from "./environment.ts";
import { scannersNotAsked } from "./installed_scanners.ts";
import { openLine } from "./line.ts";
import { DEFAULT_REGISTRY_URL, registryClient } from "./registry_access.ts";
import { exitCodeOf } from "./run_check.ts";
import { serviceManager } from "./service_manager.ts";
import { stopSignal } from "./signals.ts";
import { StatusPublisher } from "./status_publisher.ts";
import { versionOf } from "./version.ts";
import { watch, type WatchOptions } from "./watch.ts";
import { EXIT, type ExitCode, type World, worst } from "./world.ts";

export interface WatchArguments {
  readonly once?: boolean;
  readonly embeddedRegistry?: boolean;
  readonly policy?: string;
  readonly profile?: string;
}

/** Where only the host's administrator or its image can have put a policy. */
const SYSTEM_POLICY = /^\/(etc|usr)\//;

/** `watch`: the coordinator. Under systemd it ends when it has been idle; elsewhere it stays until it is told. */
export async function runWatch(world: World, options: WatchArguments): Promise<ExitCode> {
  const hasUnits = world.env("AI_QUARANTINE_SOCKETS") !== undefined;
  const configuration = configure(world, { file: options.policy, profile: options.profile });
  if (configuration.policy.profile === "appliance" && !hasUnits) {
    throw new StartupError(
      "sandbox/missing",
      "Cannot watch under the appliance profile without systemd: each artifact needs a sandbox unit of its own",
    );
  }
  using stop = stopSignal();
  await using manager = serviceManager(world);
  const tools = await coordinator(world, configuration, { signal: stop.signal, progress: () => {} });
  const say = (line: JournalLine) => {
    world.stdout.write(`<${line.priority}>${line.text}\n`);
    manager.status(line.text);
  };
  const places = watchedPlaces(world.env);
  await using embedded = options.embeddedRegistry === true
    ? await startEmbeddedRegistry(world, places, world.env("REGISTRY_URL") ?? DEFAULT_REGISTRY_URL)
    : null;
  const registry = registryClient(world, configuration, embedded);
  const open = await openLine(world, tools, {
    places,
    auditLog: auditLogPath(world.env, false),
    registry,
    say,
  });
  const until: WatchOptions["until"] = options.once === true ? "once" : hasUnits ? "until-idle" : "forever";
  const contained = embedded === null
    ? containedDirectory(world.env, places.state)
    : containedPath(places.state);
  const codes: ExitCode[] = [];
  try {
    manager.ready();
    if (!SYSTEM_POLICY.test(configuration.policyPath)) {
      say(warning(`the policy is ${configuration.policyPath}`));
    }
    if (open.line.signer === null) say(UNSIGNED);
    const missing = scannersNotAsked(world, configuration.policy);
    if (missing !== null) say(warning(missing));
    using status = new StatusPublisher(open.line, versionOf(world));
    for await (const ended of watch(status.line, { until, contained, signal: stop.signal })) {
      status.ended();
      codes.push(codeOf(ended));
    }
    status.finished();
  } finally {
    await open.close();
  }
  return options.once === true ? worst(codes) : EXIT.passed;
}

function codeOf(ended: Admission): ExitCode {
  if (ended.kind === "parked") return EXIT.undecided;
  return exitCodeOf({ decision: { word: ended.word, refusal: ended.refusal } });
}
