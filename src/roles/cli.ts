import { Command, CommanderError, Option } from "commander";
import { StartupError } from "../model/mod.ts";
import { versionOf } from "./version.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

/** Reads the arguments, runs what they ask for, and says how it ended. The only place where errors become text. */
export async function runCommandLine(world: World, args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.passed;
  const program = grammar(world, (result) => code = result);
  try {
    await program.parseAsync(args.length === 0 ? ["watch"] : [...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.passed : EXIT.usage;
    if (!(error instanceof StartupError)) throw error;
    world.stderr.write(`ai-quarantine: ${error.message}\n`);
    return EXIT.usage;
  }
}

type Ran = ExitCode | Promise<ExitCode>;

function grammar(world: World, done: (code: ExitCode) => void): Command {
  /** Commander hands over arguments, then options, then the command. */
  const run = <A extends unknown[]>(verb: (...args: A) => Ran) => async (...args: A): Promise<void> => {
    done(await verb(...args));
  };
  const program = new Command("ai-quarantine")
    .description("The gate between a model somebody downloaded and the engine that will run it.")
    .version(versionOf(world))
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
    });
  const verb = (name: string, description: string) => program.command(name).description(description);
  const profile = new Option("--profile <name>", "one of the shipped policies").choices([
    "appliance",
    "standalone",
  ]);

  verb("check <path...>", "examine models where they lie; promote nothing")
    .option("--source <url>", "where they were downloaded from")
    .option("--policy <file>", "the policy to judge by")
    .addOption(profile)
    .option("--json", "one JSON object a path, one line each")
    .option("--sarif", "one SARIF 2.1.0 log")
    .action(
      run(async (paths: string[], options) =>
        (await import("./run_check.ts")).runCheck(world, paths, options)
      ),
    );
  verb("admit <path...>", "take models through the whole line into the registry")
    .option("--source <url>", "where they were downloaded from")
    .option("--policy <file>", "the policy to judge by")
    .addOption(profile)
    .action(
      run(async (paths: string[], options) =>
        (await import("./run_admit.ts")).runAdmit(world, paths, options)
      ),
    );
  verb("watch", "the coordinator: take whatever is dropped into the incoming directory through the line")
    .option("--once", "end when nothing is left to settle")
    .option("--embedded-registry", "serve the registry directory too, where no other registry does")
    .option("--policy <file>", "the policy to judge by")
    .addOption(profile)
    .action(run(async (options) => (await import("./run_watch.ts")).runWatch(world, options)));
  verb("judge", "judge replies recorded from a model: one JSON object a line on standard input")
    .requiredOption("--json", "one JSON object a reply, one line each")
    .action(run(async () => (await import("./run_judge.ts")).runJudge(world, Deno.stdin.readable)));
  verb("registry", "serve the embedded registry on 127.0.0.1")
    .option("--make-token", "make the token file of REGISTRY_TOKEN_PATH where there is none")
    .action(run(async (options) => (await import("./run_registry.ts")).runRegistryRole(world, options)));
  verb("health", "say on 127.0.0.1:8472 what the coordinator does")
    .addOption(new Option("--probe <what>", "ask the server that runs, and end").choices(["live", "ready"]))
    .action(
      run(async (options) => {
        const { runHealthProbe, runHealthRole } = await import("./run_health.ts");
        return options.probe === undefined ? runHealthRole(world) : runHealthProbe(world, options.probe);
      }),
    );
  verb("list", "what is registered, held and waiting").option("--json", "as JSON")
    .action(run(async (options) => (await import("./run_inventory.ts")).runList(world, options)));
  verb("verify [name-or-path]", "compare a promoted model with its record")
    .option("--all", "every registered model")
    .action(
      run(async (target: string | undefined, options) =>
        (await import("./run_verify.ts")).runVerify(world, target, options)
      ),
    );
  verb("compare <first> <second>", "what differs between two models, tensor by tensor")
    .action(
      run(async (first: string, second: string) =>
        (await import("./run_compare.ts")).runCompare(world, first, second)
      ),
    );
  verb("export <name> <directory>", "a promoted model and its records as an OCI image layout")
    .action(
      run(async (name: string, directory: string) =>
        (await import("./run_export.ts")).runExport(world, name, directory)
      ),
    );
  verb("explain <report>", "say what a rejection report means and what to do")
    .action(run(async (report: string) => (await import("./run_explain.ts")).runExplain(world, report)));
  verb("doctor", "every program the policy names: found, version, works, or what to do")
    .option("--policy <file>", "the policy to go by")
    .addOption(profile)
    .option("--json", "as JSON")
    .action(run(async (options) => (await import("./run_doctor.ts")).runDoctor(world, options)));
  verb("retry <name>", "take a held artifact through the line again")
    .action(run(async (name: string) => (await import("./run_inventory.ts")).runRetry(world, name)));
  program.command("audit").description("the audit log")
    .command("verify [file...]").description("check the hash chain of an audit log and its archives")
    .option("--head", "this machine's own log only, and no more of it than was written since its anchor")
    .action(
      run(async (files: string[], options) => {
        const { runAuditHead, runAuditVerify } = await import("./run_audit.ts");
        return options.head === true ? runAuditHead(world) : runAuditVerify(world, files);
      }),
    );
  program.command("policy").description("policies")
    .command("lint <file>").description("say everything that is wrong with a policy")
    .option("--installed", "also say what it requires and this machine lacks")
    .action(
      run(async (file: string, options) =>
        (await import("./run_policy.ts")).runPolicyLint(world, file, options)
      ),
    );
  program.command("keys").description("the key that signs records")
    .command("rotate").description("make a new signing key; what the old one signed still verifies")
    .action(run(async () => (await import("./run_keys.ts")).runKeysRotate(world)));
  program.command("trust").description("whom the policy trusts to sign models")
    .command("show <source>").description("who must have signed what comes from a URL, or local")
    .option("--policy <file>", "the policy to read")
    .addOption(profile)
    .action(
      run(async (source: string, options) =>
        (await import("./run_trust.ts")).runTrustShow(world, source, options)
      ),
    );
  const pins = program.command("pins").description("digests recorded at first promotion");
  pins.command("list").description("every recorded digest").action(
    run(async () => (await import("./run_inventory.ts")).runPinsList(world)),
  );
  pins.command("forget <name>").description("let the next model of this name in with another digest")
    .action(run(async (name: string) => (await import("./run_inventory.ts")).runPinsForget(world, name)));
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program;
}
