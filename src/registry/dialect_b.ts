import { type PromoteRequest, UndecidedError } from "../model/mod.ts";
import { type Dialect, type PromoteOutcome, settle } from "./dialect.ts";
import type { PolicyEvidence } from "./policy_bundle.ts";
import type { ReplyRow } from "./replies.ts";
import type { Talk } from "./talk.ts";

/** What a registry of dialect B answers to a promotion. Its 403 is about the token in one text only. */
export const REPLIES_B: readonly ReplyRow[] = [
  { status: [200, 201], means: "done", rule: "registry/malformed-reply" },
  { status: 403, says: "forbidden: invalid service token", means: "refused", rule: "registry/forbidden" },
  { status: 403, says: "direct promotion is disabled", means: "refused", rule: "registry/refused" },
  { status: 403, says: "policy evidence rejected", means: "refused", rule: "registry/policy-bundle" },
  { status: 403, says: "cannot copy staged artifact", means: "refused", rule: "registry/refused" },
  { status: 403, says: "artifact validation failed", means: "refused", rule: "registry/refused" },
  { status: 403, says: "directory evidence rejected", means: "refused", rule: "registry/refused" },
  { status: 409, says: "already exists", means: "look", rule: "registry/refused" },
  { status: 409, means: "refused", rule: "registry/refused" },
];

/**
 * The bytes are staged, and the registry copies them itself. It demands evidence of the policy they were judged by,
 * which it compares with the files installed on the machine, and reads with another token than it promotes.
 */
export class DialectB implements Dialect {
  readonly id = "b";
  readonly place = "staging";

  constructor(private readonly talk: Talk, private readonly evidence: () => PolicyEvidence) {}

  async tryPromote(request: PromoteRequest, stagedAs: string | null): Promise<PromoteOutcome> {
    let json: string;
    try {
      json = JSON.stringify(bodyOf(request, stagedAs, this.evidence()));
    } catch (error) {
      if (!(error instanceof UndecidedError)) throw error;
      return { outcome: "unavailable", rule: error.rule, message: error.message };
    }
    const answer = await this.talk.unreachable() ??
      await this.talk.send("POST", "/v1/model/promote", { json });
    return await settle(this.talk, request, answer, REPLIES_B);
  }
}

/** An unknown key is refused, so exactly these are sent. */
function bodyOf(request: PromoteRequest, stagedAs: string | null, { bundle, pinned }: PolicyEvidence) {
  if (stagedAs === null) throw new Error("A registry of dialect B promotes only what was staged");
  const { name, filename, sha256, size_bytes, source, source_revision, scan_results, scanner_versions } =
    request;
  const manifest = request.download_manifest;
  return {
    name,
    filename,
    staged_filename: stagedAs,
    sha256,
    size_bytes,
    source,
    source_revision,
    scan_results,
    scanner_versions,
    policy_version: bundle.sha256,
    policy_bundle: bundle,
    // Said only where it is so: the image's own lock names this very list of files.
    ...(manifest !== undefined && pinned(manifest.manifest_sha256)
      ? { directory_provenance: { trust: "image-owned-manifest-pin", ...manifest } }
      : {}),
  };
}
