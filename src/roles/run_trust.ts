import { escapeName } from "../files/mod.ts";
import { type Origin, StartupError, type TrustedSigner, type TrustRootPin } from "../model/mod.ts";
import { readPlainUrl } from "../policy/plain_url.ts";
import { publisherFor } from "../policy/publishers.ts";
import { signatureRequired } from "../policy/sources.ts";
import { keyId, readPublicKey } from "../provenance/keys.ts";
import { type Configuration, configure } from "./configuration.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

export interface TrustOptions {
  readonly policy?: string;
  readonly profile?: string;
}

const WARN_BEFORE_MS = 30 * 24 * 3600 * 1000;

/**
 * `trust show SOURCE`: who must have signed what comes from there (a URL, or `local`), and what that trust rests on.
 * Exit 1 when something it rests on has expired, so that a timer can tell.
 */
export function runTrustShow(world: World, source: string, options: TrustOptions): ExitCode {
  const configuration = configure(world, { file: options.policy, profile: options.profile });
  const { policy, allowlist } = configuration;
  const origin = originOf(source);
  const publisher = publisherFor(origin, policy.publishers);
  const required = publisher?.required === true || signatureRequired(origin, allowlist);
  const say = (text: string) => world.stdout.write(`${text}\n`);
  say(`source     ${escapeName(source)}`);
  say(`policy     ${configuration.policyPath}`);
  say(`entry      ${publisher?.source ?? "none: signatures are named, not trusted"}`);
  say(`signature  ${required ? "required" : "optional: a missing one is recorded as unsigned"}`);
  let expired = required && publisher === null;
  if (expired) {
    say(
      "           the allowlist requires one, and no entry of publishers says whose: everything is refused",
    );
  }
  for (const signer of publisher?.signers ?? []) {
    say(`signer     ${signer.name} (${signer.method})`);
    for (const line of describe(signer)) say(`           ${line}`);
    const until = expiryOf(signer, configuration);
    if (until === null) continue;
    const standing = standingOf(until, world.now());
    expired ||= standing.isOver;
    say(`           ${standing.text}`);
  }
  return expired ? EXIT.refused : EXIT.passed;
}

/** `local`, or a URL as it stands in a sidecar. */
function originOf(source: string): Origin {
  if (source === "local") return { kind: "local" };
  const read = readPlainUrl(source);
  if (read.ok) return { kind: "remote", url: source };
  throw new StartupError(
    "usage",
    `Cannot show trust in ${source}: neither local nor a plain https URL: ${read.fault}`,
  );
}

function describe(signer: TrustedSigner): string[] {
  switch (signer.method) {
    case "key":
      return [`SHA-256 of the key ${keyId(readPublicKey(signer.publicKey))}`];
    case "certificate":
      return [`identity ${signer.identity}`, `${signer.authorities.length} pinned authority certificates`];
    case "keyless":
      return [`identity ${signer.identity}`, `issuer ${signer.issuer}`, `trust root ${signer.trustRoot}`];
    case "gpg":
      return [`fingerprint ${signer.fingerprint}`];
  }
}

/** What ends the trust in a signer, and when; null where nothing but its own certificate does. */
function expiryOf(signer: TrustedSigner, { policy }: Configuration): { what: string; at: Date } | null {
  if (signer.method === "key" && signer.expires !== null) {
    return { what: "the key is trusted", at: new Date(signer.expires) };
  }
  const root = signer.method === "keyless" ? rootOf(signer.trustRoot, policy.trustRoots) : undefined;
  if (root === undefined) return null;
  return { what: `${root.file} sha256=${root.sha256} is trusted`, at: new Date(root.expires) };
}

function rootOf(name: string, roots: readonly TrustRootPin[]): TrustRootPin | undefined {
  return roots.find((one) => one.name === name);
}

function standingOf({ what, at }: { what: string; at: Date }, now: Date): { text: string; isOver: boolean } {
  const left = at.getTime() - now.getTime();
  const text = `${what} until ${at.toISOString()}`;
  if (left <= 0) {
    return { text: `EXPIRED: ${text}; signatures that need it are refused (trust/expired)`, isOver: true };
  }
  return {
    text: left < WARN_BEFORE_MS ? `WARNING: ${text}, less than 30 days from now` : text,
    isOver: false,
  };
}
