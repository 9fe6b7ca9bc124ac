import { createHash } from "node:crypto";
import { type ArtifactDigest, type Policy, type StageId, type TrustedPeer } from "../../model/mod.ts";
import { openStatementBundle, type SealedStatement } from "./bundle.ts";
import { isSignedBy, readPublicKey } from "./own_key.ts";
import { type AdmissionStatement, statementSchema } from "./statement.ts";
import { strengthOf, weakerIn } from "./strength.ts";

/** The stages a peer's word can stand for; the others are always carried out here. */
const REUSABLE: readonly StageId[] = ["static_scan", "behavioral_test"];

/** What came with an artifact: texts nobody has looked at yet. */
export interface Brought {
  readonly attestation: string;
  /** Merkle root by weight file of the manifest that came along, computed from its own entries. */
  readonly merkleRoots: ReadonlyMap<string, { readonly root: string; readonly fileSha256: string }>;
}

export interface Ours {
  readonly digest: ArtifactDigest;
  readonly policy: Policy;
  /** SHA-256 of the behaviour suite this machine would ask. */
  readonly suiteSha256: string;
  readonly now: Date;
}

export interface Attested {
  /** Key id of the peer. */
  readonly by: string;
  readonly stages: readonly StageId[];
  /** For records: whose word it was, and which. */
  readonly evidence: {
    readonly peer: string;
    readonly key_id: string;
    readonly policy_sha256: string;
    readonly promoted_at: string;
    readonly statement_sha256: string;
  };
}

/** Why an attestation is of no use here: said, and then everything is examined as if there were none. */
export class UnusableAttestation extends Error {
  override readonly name = "UnusableAttestation";
}

/**
 * Takes a pinned peer's word for stages 5 and 6 of exactly these bytes. Everything it says is checked against what
 * we know ourselves: the digest of the frozen bytes, the manifest, our own policy and suite, the date.
 * Throws {@link UnusableAttestation} with the reason.
 */
export function reuse(brought: Brought, ours: Ours): Attested {
  const sealed = attempt(
    "it is not a bundle with one statement",
    () => openStatementBundle(brought.attestation),
  );
  const { peer, keyId } = signerOf(sealed, ours.policy.trustAttestations);
  const text = new TextDecoder().decode(sealed.statement);
  const { predicate, subject } = attempt(
    "it is not a statement about an admission",
    () => statementSchema.parse(JSON.parse(text)),
  );
  requireSameBytes({ predicate, subject }, ours.digest);
  requireSameWeights(predicate, brought, ours.digest);
  requireStrongEnough(predicate, peer, ours);
  const stages = REUSABLE.filter((id) =>
    predicate.stages.some(({ stage, outcome }) => stage === id && outcome === "PASS")
  );
  requireSuite(predicate, stages, ours);
  if (stages.length === 0) {
    throw new UnusableAttestation("neither stage 5 nor stage 6 was carried out for it");
  }
  return {
    by: keyId,
    stages,
    evidence: {
      peer: peer.name,
      key_id: keyId,
      policy_sha256: predicate.policy.sha256,
      promoted_at: predicate.promoted_at,
      statement_sha256: createHash("sha256").update(sealed.statement).digest("hex"),
    },
  };
}

function attempt<T>(otherwise: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new UnusableAttestation(otherwise, { cause });
  }
}

interface Signed {
  readonly peer: TrustedPeer;
  readonly keyId: string;
}

/** The hint only says which key to try. */
function signerOf(sealed: SealedStatement, peers: readonly TrustedPeer[]): Signed {
  for (const peer of peers) {
    const key = readPublicKey(peer.publicKey);
    if (key.keyId !== sealed.hint) continue;
    if (isSignedBy(key, sealed.signed, sealed.signature)) return { peer, keyId: key.keyId };
    throw new UnusableAttestation(`its signature is not one of ${peer.name}`);
  }
  throw new UnusableAttestation(`its key ${sealed.hint} is not one of trust_attestations`);
}

type Statement = Pick<AdmissionStatement, "predicate" | "subject">;

function requireSameBytes(
  { predicate, subject }: Statement,
  { sha256, sizeBytes, files }: ArtifactDigest,
): void {
  const { artifact } = predicate;
  const stated = new Set(subject.map(({ digest }) => digest.sha256));
  const missing = files.length === 0 ? !stated.has(sha256) : files.some((file) => !stated.has(file.sha256));
  if (artifact.sha256 === sha256 && artifact.size_bytes === sizeBytes && !missing) return;
  throw new UnusableAttestation(`it is about sha256=${artifact.sha256}, these bytes are sha256=${sha256}`);
}

/** The manifest that is to stand beside the model must be the attested one, of these very files. */
function requireSameWeights(
  { merkle_roots }: Statement["predicate"],
  brought: Brought,
  digest: ArtifactDigest,
): void {
  const digests = new Map(digest.files.map(({ path, sha256 }) => [path, sha256 as string]));
  const stated = Object.entries(merkle_roots);
  const same = stated.length > 0 && stated.length === brought.merkleRoots.size &&
    stated.every(([path, root]) => {
      const found = brought.merkleRoots.get(path);
      const fileSha256 = path === "" ? digest.sha256 : digests.get(path);
      return found?.root === root && found.fileSha256 === fileSha256;
    });
  if (!same) throw new UnusableAttestation("its Merkle root is not that of the manifest that came with it");
}

function requireStrongEnough(
  { policy, promoted_at }: Statement["predicate"],
  peer: TrustedPeer,
  ours: Ours,
): void {
  if (!peer.policies.some((sha256) => sha256 === policy.sha256)) {
    throw new UnusableAttestation(`its policy ${policy.sha256} is not one accepted of ${peer.name}`);
  }
  const weaker = weakerIn(policy.strength, strengthOf(ours.policy, 0));
  if (weaker !== null) throw new UnusableAttestation(`its policy is weaker than ours: ${weaker}`);
  const age = ours.now.getTime() - Date.parse(promoted_at);
  if (age < -CLOCK_SKEW_MS) throw new UnusableAttestation(`it is dated in the future (${promoted_at})`);
  if (age > peer.maxAgeMs) {
    throw new UnusableAttestation(`it is older than ${peer.maxAgeMs / DAY_MS} days (${promoted_at})`);
  }
}
const DAY_MS = 24 * 3600 * 1000;
const CLOCK_SKEW_MS = 5 * 60 * 1000;

function requireSuite(
  { behaviour_suite_sha256 }: Statement["predicate"],
  stages: readonly StageId[],
  { suiteSha256 }: Ours,
): void {
  if (stages.includes("behavioral_test") && behaviour_suite_sha256 !== suiteSha256) {
    throw new UnusableAttestation("it was made with another behaviour suite than ours");
  }
}
